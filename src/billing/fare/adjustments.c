/*
 * adjustments.c
 *		Steps 8 to 14: what becomes of the charges, from flat fares to rounding.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/fare/fare.h"
#include "billing/tariff/names.h"

static Rational
sum_of(const FareRun *run, int first)
{
	Rational	sum = whole(0);

	for (int i = first; i < run->line_count; i++)
		sum = rational_add(sum, run->lines[i].exact);
	return sum;
}

/* A line without a quantity; its amount goes into the total. */
static BillLine *
add_plain_line(FareRun *run, LineKind kind, const char *rule, Rational amount)
{
	BillLine   *line = add_line(run, &(BillLine) {.kind = kind, .rule = rule, .exact = amount});

	run->total = rational_add(run->total, line->exact);
	if (!in_range(run->total))
		run->fits = false;
	return line;
}

static BillLine *
add_adjustment(FareRun *run, LineKind kind, Rational amount)
{
	BillLine   *line = add_plain_line(run, kind, tariff_line_kind_names[kind], amount);

	line->note = line->exact.num == 0;
	return line;
}

/* Time that nothing charges, so that a customer can be answered. */
static void
note_time(FareRun *run, LineKind kind, int64_t microseconds)
{
	BillLine   *line;

	if (microseconds == 0)
		return;
	line = add_line(run, &(BillLine) {
		.kind = kind, .rule = tariff_line_kind_names[kind], .unit = "min", .note = true,
			.quantity = rational(microseconds, 60000000), .billed = whole(0),
			.rate = whole(0), .factor = whole(1), .exact = whole(0),
	});
	line->timed = false;
}

static bool
charges(const Tariff *t, Dimension dimension)
{
	for (int i = 0; i < t->rate_count; i++)
		if (t->rates[i].dimension == dimension)
			return true;
	return false;
}

/*
 * Does nothing charge the time of gaps?  Where only distance is charged it need not be:
 * the way that bridges them is.
 */
static bool
leaves_gaps_out(const Tariff *t)
{
	if (t->has_meter)
		return t->meter.gap == GAP_AS_NOTHING;
	return !charges(t, TIME) && (charges(t, MOVING) || charges(t, STOPPED));
}

static void
note_unbilled_time(FareRun *run)
{
	const Tariff *t = run->tariff;
	int64_t		gaps = 0;
	int64_t		stopped = 0;

	for (int p = run->first_driven; p < run->piece_count; p++)
	{
		gaps += run->pieces[p].gap_us;
		stopped += run->pieces[p].quantities[STOPPED];
	}
	if (leaves_gaps_out(t))
		note_time(run, LINE_GAP, gaps);
	if (!charges(t, TIME) && !charges(t, STOPPED) && !(t->has_meter && t->meter.time.given))
		note_time(run, LINE_WAITING, stopped);
}

/* Step 8 */
static void
apply_flat_fare(FareRun *run)
{
	const Tariff *t = run->tariff;

	for (int i = 0; i < t->flat_fare_count; i++)
	{
		if (!rule_holds(run, t->flat_fares[i].when))
			continue;
		for (int l = 0; l < run->line_count; l++)
			run->lines[l].factor = run->lines[l].exact = whole(0);
		run->total = whole(0);
		add_plain_line(run, LINE_FLAT, t->flat_fares[i].name, t->flat_fares[i].amount);
		return;
	}
}

/* Step 9 */
static void
add_surcharges(FareRun *run)
{
	const Tariff *t = run->tariff;

	for (int i = 0; i < t->surcharge_count; i++)
	{
		const Charge *c = &t->surcharges[i];

		if (rule_holds(run, c->when))
			add_plain_line(run, LINE_SURCHARGE, c->name,
						   c->attribute >= 0 ? run->trip.attribute_amounts[c->attribute] : c->amount);
	}
}

/* Put what each cell has cost so far into it. */
static void
fill_cells(FareRun *run)
{
	for (int c = 0; c < run->cell_count; c++)
		run->cells[c].amount = whole(0);
	for (int i = 0; run->cell_count > 0 && i < run->line_count; i++)
		if (run->lines[i].cell != NO_CELL)
		{
			Cell	   *cell = &run->cells[run->lines[i].cell];

			cell->amount = rational_add(cell->amount, run->lines[i].exact);
		}
}

/* Take an excess from the latest of some cells. */
static void
take_from_cells(FareRun *run, Rational excess, int first, int last)
{
	for (int c = last; c >= first && excess.num > 0 && in_range(excess); c--)
	{
		Rational	part = run->cells[c].amount;

		if (!in_range(part) || part.num <= 0)
			continue;
		part = rational_min(part, excess);
		run->cells[c].amount = rational_subtract(run->cells[c].amount, part);
		excess = rational_subtract(excess, part);
		if (!in_range(excess))
			run->fits = false;
	}
}

/* Step 10 */
static void
apply_minimum(FareRun *run)
{
	Rational	missing = whole(0);
	BillLine   *line;

	if (!run->tariff->has_minimum)
		return;
	if (rational_compare(run->tariff->minimum, run->total) > 0)
		missing = rational_subtract(run->tariff->minimum, run->total);
	line = add_adjustment(run, LINE_MINIMUM, missing);
	if (run->cell_count > 0)
		run->cells[0].amount = rational_add(run->cells[0].amount, line->exact);
}

/* What the cells from `first` on amount to that are in one window of a cap; the last of them. */
static Rational
sum_window(const FareRun *run, int cap, int first, int *last)
{
	Rational	sum = run->cells[first].amount;

	for (*last = first; *last + 1 < run->cell_count &&
		 run->cells[*last + 1].windows[cap] == run->cells[first].windows[cap]; (*last)++)
		sum = rational_add(sum, run->cells[*last + 1].amount);
	return sum;
}

/* What the caps would leave in each cell goes into its `kept`; returns what they would take. */
static Rational
foresee_caps(FareRun *run)
{
	Rational	taken = whole(0);
	int			last;

	for (int c = 0; c < run->cell_count; c++)
		run->cells[c].kept = run->cells[c].amount;
	for (int cap = 0; cap < run->tariff->cap_count; cap++)
		for (int first = 0; first < run->cell_count; first = last + 1)
		{
			Rational	over = rational_subtract(sum_window(run, cap, first, &last), run->tariff->caps[cap].amount);

			take_from_cells(run, over, first, last);
		}
	for (int c = 0; c < run->cell_count; c++)
	{
		Rational	left = run->cells[c].amount;

		run->cells[c].amount = run->cells[c].kept;
		run->cells[c].kept = left;
		taken = rational_add(taken, rational_subtract(run->cells[c].amount, left));
	}
	return taken;
}

/*
 * Take an excess of the whole trip out of the cells: first what the caps would take in
 * any case, else a dearer window would make a trip cheaper.
 */
static void
take_from_trip(FareRun *run, Rational excess)
{
	Rational	taken = foresee_caps(run);

	if (!in_range(taken) || !in_range(excess))
	{
		run->fits = false;
		return;
	}
	if (rational_compare(excess, taken) >= 0)
	{
		for (int c = 0; c < run->cell_count; c++)
			run->cells[c].amount = run->cells[c].kept;
		take_from_cells(run, rational_subtract(excess, taken), 0, run->cell_count - 1);
		return;
	}
	for (int c = run->cell_count - 1; c >= 0; c--)
	{
		Cell	   *cell = &run->cells[c];
		Rational	part = rational_min(rational_subtract(cell->amount, cell->kept), excess);

		cell->amount = rational_subtract(cell->amount, part);
		excess = rational_subtract(excess, part);
	}
}

static void
apply_maximum(FareRun *run)
{
	Rational	excess = whole(0);
	BillLine   *line;

	if (!run->tariff->has_maximum)
		return;
	if (rational_compare(run->total, run->tariff->maximum) > 0)
		excess = rational_subtract(run->total, run->tariff->maximum);
	line = add_adjustment(run, LINE_MAXIMUM, rational_negate(excess));
	if (run->cell_count > 0 && line->exact.num < 0)
		take_from_trip(run, rational_negate(line->exact));
}

static void
apply_cap(FareRun *run, int cap)
{
	Rational	most = run->tariff->caps[cap].amount;
	bool		any = false;
	int			last;

	for (int first = 0; first < run->cell_count; first = last + 1)
	{
		Rational	sum = sum_window(run, cap, first, &last);

		if (!in_range(sum))
		{
			run->fits = false;
			return;
		}
		if (rational_compare(sum, most) > 0)
		{
			BillLine   *line = add_adjustment(run, LINE_CAP, rational_subtract(most, sum));

			any = true;
			take_from_cells(run, rational_negate(line->exact), first, last);
		}
	}
	if (!any)
		add_adjustment(run, LINE_CAP, whole(0));
}

static void
apply_limits(FareRun *run)
{
	fill_cells(run);
	apply_minimum(run);
	apply_maximum(run);
	for (int k = 0; k < run->tariff->cap_count && run->fits; k++)
		apply_cap(run, k);
}

/* Step 11 */
static void
apply_discounts(FareRun *run)
{
	const Tariff *t = run->tariff;

	for (int i = 0; i < t->discount_count && run->fits; i++)
	{
		const Charge *c = &t->discounts[i];
		Rational	amount;

		if (!rule_holds(run, c->when))
			continue;
		if (c->is_percent)
			amount = rational_multiply(run->total, rational_divide(c->amount, whole(100)));
		else
			amount = rational_max(rational_min(c->amount, run->total), whole(0));
		add_plain_line(run, LINE_DISCOUNT, c->name, rational_negate(amount));
	}
}

/* Step 12: a name goes before a kind. */
static Rational
tax_percent(const Tax *tax, const BillLine *line)
{
	Rational	percent = tax->percent;

	for (int i = 0; i < tax->rule_count; i++)
		if (!tax->rules[i].by_kind && strcmp(tax->rules[i].name, line->rule) == 0)
			return tax->rules[i].percent;
	for (int i = 0; i < tax->rule_count; i++)
		if (tax->rules[i].by_kind && tax->rules[i].kind == line->kind)
			return tax->rules[i].percent;
	return percent;
}

static void
add_tax_line(FareRun *run, Rational percent, Rational taxable)
{
	bool		included = run->tariff->tax.included;
	BillLine   *line;

	line = add_plain_line(run, LINE_TAX, tariff_line_kind_names[LINE_TAX], included ? whole(0) :
						  rational_multiply(taxable, rational_divide(percent, whole(100))));
	line->unit = run->tariff->currency;
	line->rate = percent;
	line->factor = whole(1);
	line->quantity = taxable;
	line->billed = included ?
		rational_multiply(taxable, rational_divide(percent, rational_add(whole(100), percent))) : line->exact;
}

/* A line for each percent of the lines before, in their order. */
static void
apply_tax(FareRun *run)
{
	const Tax  *tax = &run->tariff->tax;
	int			count = run->line_count;

	for (int i = 0; i < count; i++)
	{
		Rational	percent = tax_percent(tax, &run->lines[i]);
		Rational	taxable = whole(0);
		bool		seen = run->lines[i].note || percent.num == 0;

		for (int j = 0; j < i && !seen; j++)
			seen = !run->lines[j].note && rational_compare(tax_percent(tax, &run->lines[j]), percent) == 0;
		if (seen)
			continue;
		for (int j = i; j < count; j++)
			if (!run->lines[j].note && rational_compare(tax_percent(tax, &run->lines[j]), percent) == 0)
				taxable = rational_add(taxable, run->lines[j].exact);
		add_tax_line(run, percent, taxable);
	}
}

/* The number of units in an amount that is a whole number of them. */
static int64_t
units_of(FareRun *run, Rational amount)
{
	Rational	units = rational_reduce(rational_divide(amount, run->unit));

	if (!in_range(units) || units.num > INT64_MAX / 4 || units.num < -(INT64_MAX / 4))
	{
		run->fits = false;
		return 0;
	}
	return (int64_t) units.num;
}

static Rational
smallest_unit(const Tariff *t)
{
	int64_t		units = 1;

	for (int i = 0; i < t->currency_digits; i++)
		units *= 10;
	return rational_min(rational(1, units), t->fare_rounding.step);
}

/* Steps 13 and 14 for the fare as a whole. */
static void
round_fare(FareRun *run)
{
	const Tariff *t = run->tariff;
	Rational	rounded = rational_round(run->total, t->fare_rounding.step, t->fare_rounding.mode);

	if (t->cash_rounding.given && rule_holds(run, t->cash_when))
		rounded = rational_round(rounded, t->cash_rounding.step, t->cash_rounding.mode);
	run->unit = smallest_unit(t);
	run->fare = units_of(run, rounded);
}

/* Steps 8 to 14; the lines' amounts are left to fare_allocate(). */
void
adjust_bill(FareRun *run)
{
	const Tariff *t = run->tariff;

	note_unbilled_time(run);
	if (!in_range(run->total = sum_of(run, 0)))
		run->fits = false;
	apply_flat_fare(run);
	add_surcharges(run);
	if (!run->fits)
		return;
	apply_limits(run);
	apply_discounts(run);
	if (t->has_tax && run->fits)
		apply_tax(run);
	if (run->fits)
		round_fare(run);
}

static int
compare_remainders(const void *a, const void *b)
{
	const BillLine *x = *(BillLine *const *) a;
	const BillLine *y = *(BillLine *const *) b;
	int			order = rational_compare(y->remainder, x->remainder);

	return order != 0 ? order : (x > y) - (x < y);
}

/* Round the lines down, and give what is missing to the largest remainders. */
static void
allocate_lines(FareRun *run, Int128 units)
{
	BillLine  **by_remainder = run->provider->resize(run->provider->context, NULL,
													 (size_t) (run->line_count + 1) * sizeof(BillLine *));

	for (int i = 0; i < run->line_count; i++)
	{
		BillLine   *line = &run->lines[i];
		Rational	down = rational_floor(line->exact, run->unit);

		line->amount = units_of(run, down);
		line->remainder = rational_subtract(line->exact, down);
		if (!in_range(line->remainder))
			run->fits = false;
		by_remainder[i] = line;
		units -= line->amount;
	}
	if (run->fits)
		qsort(by_remainder, run->line_count, sizeof(BillLine *), compare_remainders);
	for (int i = 0; i < run->line_count && i < units; i++)
		by_remainder[i]->amount++;
	run->provider->resize(run->provider->context, by_remainder, 0);
}

static void
add_rounding_line(FareRun *run, LineKind kind, Rational difference)
{
	int64_t		units = units_of(run, difference);
	BillLine   *line;

	if (units == 0)
		return;
	line = add_line(run, &(BillLine) {.kind = kind, .rule = tariff_line_kind_names[kind]});
	line->exact = difference;
	line->amount = units;
}

/* Give each line its amount, so that they add up to the fare. */
void
fare_allocate(FareRun *run)
{
	const Tariff *t = run->tariff;
	Rational	by_unit = rational_round(run->total, run->unit, t->fare_rounding.mode);
	Rational	by_step = rational_round(run->total, t->fare_rounding.step, t->fare_rounding.mode);
	Rational	paid = rational_multiply(whole(run->fare), run->unit);

	allocate_lines(run, units_of(run, by_unit));
	add_rounding_line(run, LINE_ROUNDING, rational_subtract(by_step, by_unit));
	add_rounding_line(run, LINE_CASH, rational_subtract(paid, by_step));
}
