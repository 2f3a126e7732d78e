/*
 * limits.c
 *		Step 10: the minimum, the maximum, and caps by windows of time.
 *
 * A cap must know what is charged in each of its windows, after whatever other limits
 * took.  Windows of several caps overlap, so amounts are kept by cells, in which no window
 * ends.  A line belongs to one cell.
 */
#include "billing/fare/limits.h"

/* What the functions here work on. */
typedef struct Limiting
{
	const FarePieces *pieces;
	FareBill   *bill;
	CellCharge *cells;
	int			count;			/* of cells; 0: the tariff has no caps */
} Limiting;

static void
make_cell_room(FareLimits *limits, const FarePieces *pieces)
{
	const Provider *provider = pieces->terms.provider;
	int			count = pieces->cell_count;

	if (limits->capacity >= count)
		return;
	limits->cells = provider->resize(provider->context, limits->cells,
									 (size_t) count * sizeof(CellCharge));
	limits->capacity = count;
}

/* Add what has been charged so far up by cells. */
static void
fill_cells(Limiting *l)
{
	for (int c = 0; c < l->count; c++)
		l->cells[c].amount = whole(0);
	for (int i = 0; l->count > 0 && i < l->bill->line_count; i++)
	{
		const BillLine *line = &l->bill->lines[i];

		if (line->cell != NO_CELL)
			l->cells[line->cell].amount = rational_add(l->cells[line->cell].amount, line->exact);
	}
}

static BillLine *
add_limit_line(FareBill *bill, LineKind kind, Rational amount)
{
	BillLine   *line = fare_bill_add_amount(bill, kind, tariff_line_kind_names[kind], amount);

	line->note = line->exact.num == 0;
	return line;
}

/* Take an excess from some cells, the latest first. */
static void
take_from_cells(Limiting *l, Rational excess, int first, int last)
{
	for (int c = last; c >= first && excess.num > 0 && in_range(excess); c--)
	{
		Rational	part = l->cells[c].amount;

		if (!in_range(part) || part.num <= 0)
			continue;
		part = rational_min(part, excess);
		l->cells[c].amount = rational_subtract(l->cells[c].amount, part);
		excess = rational_subtract(excess, part);
		if (!in_range(excess))
			l->bill->fits = false;
	}
}

static void
apply_minimum(Limiting *l)
{
	const Tariff *t = l->bill->tariff;
	Rational	missing = whole(0);
	BillLine   *line;

	if (!t->has_minimum)
		return;
	if (rational_compare(t->minimum, l->bill->total) > 0)
		missing = rational_subtract(t->minimum, l->bill->total);
	line = add_limit_line(l->bill, LINE_MINIMUM, missing);
	if (l->count > 0)
		l->cells[0].amount = rational_add(l->cells[0].amount, line->exact);
}

/* Return what is charged in the window of a cap that begins with a cell; finds its last cell. */
static Rational
sum_window(const Limiting *l, int cap, int first, int *last)
{
	const CapCell *cells = l->pieces->cells;
	Rational	sum = l->cells[first].amount;

	for (*last = first; *last + 1 < l->count &&
		 cells[*last + 1].windows[cap] == cells[first].windows[cap]; (*last)++)
		sum = rational_add(sum, l->cells[*last + 1].amount);
	return sum;
}

/* Find what the caps would leave in each cell, for `kept`.  Returns what they would take. */
static Rational
foresee_caps(Limiting *l)
{
	const Tariff *t = l->bill->tariff;
	Rational	taken = whole(0);
	int			last;

	for (int c = 0; c < l->count; c++)
		l->cells[c].kept = l->cells[c].amount;
	for (int cap = 0; cap < t->cap_count; cap++)
		for (int first = 0; first < l->count; first = last + 1)
		{
			Rational	sum = sum_window(l, cap, first, &last);

			take_from_cells(l, rational_subtract(sum, t->caps[cap].amount), first, last);
		}
	/* the caps took from `amount`, which is to stay as it was */
	for (int c = 0; c < l->count; c++)
	{
		Rational	left = l->cells[c].amount;

		l->cells[c].amount = l->cells[c].kept;
		l->cells[c].kept = left;
		taken = rational_add(taken, rational_subtract(l->cells[c].amount, left));
	}
	return taken;
}

/*
 * Take an excess of the whole trip out of the cells.  It takes first what the caps would
 * take in any case, or else a dearer window would make a trip cheaper.
 */
static void
take_from_trip(Limiting *l, Rational excess)
{
	Rational	taken = foresee_caps(l);

	if (!in_range(taken) || !in_range(excess))
	{
		l->bill->fits = false;
		return;
	}
	if (rational_compare(excess, taken) >= 0)
	{
		for (int c = 0; c < l->count; c++)
			l->cells[c].amount = l->cells[c].kept;
		take_from_cells(l, rational_subtract(excess, taken), 0, l->count - 1);
		return;
	}
	for (int c = l->count - 1; c >= 0; c--)
	{
		CellCharge *cell = &l->cells[c];
		Rational	part = rational_min(rational_subtract(cell->amount, cell->kept), excess);

		cell->amount = rational_subtract(cell->amount, part);
		excess = rational_subtract(excess, part);
	}
}

static void
apply_maximum(Limiting *l)
{
	const Tariff *t = l->bill->tariff;
	Rational	excess = whole(0);
	BillLine   *line;

	if (!t->has_maximum)
		return;
	if (rational_compare(l->bill->total, t->maximum) > 0)
		excess = rational_subtract(l->bill->total, t->maximum);
	line = add_limit_line(l->bill, LINE_MAXIMUM, rational_negate(excess));
	if (l->count > 0 && line->exact.num < 0)
		take_from_trip(l, rational_negate(line->exact));
}

/* Add a line for each window that exceeds the cap, or one note if none does. */
static void
apply_cap(Limiting *l, int cap)
{
	Rational	most = l->bill->tariff->caps[cap].amount;
	bool		any = false;
	int			last;

	for (int first = 0; first < l->count; first = last + 1)
	{
		Rational	sum = sum_window(l, cap, first, &last);

		if (!in_range(sum))
		{
			l->bill->fits = false;
			return;
		}
		if (rational_compare(sum, most) > 0)
		{
			BillLine   *line = add_limit_line(l->bill, LINE_CAP, rational_subtract(most, sum));

			any = true;
			take_from_cells(l, rational_negate(line->exact), first, last);
		}
	}
	if (!any)
		add_limit_line(l->bill, LINE_CAP, whole(0));
}

/* Apply all limits to what has been charged, and the caps one after the other. */
void
fare_apply_limits(FareLimits *limits, const FarePieces *pieces, FareBill *bill)
{
	Limiting	l;

	make_cell_room(limits, pieces);
	l = (Limiting) {pieces, bill, limits->cells, pieces->cell_count};
	fill_cells(&l);
	apply_minimum(&l);
	apply_maximum(&l);
	for (int k = 0; k < bill->tariff->cap_count && bill->fits; k++)
		apply_cap(&l, k);
}
