/*
 * rounding.c
 *		Steps 13 and 14: the fare is rounded, and shared out to the lines.
 */
#include <stdlib.h>

#include "billing/fare/rounding.h"

/* Return the number of units in an amount that is a whole number of them. */
static int64_t
units_of(FareBill *bill, Rational amount)
{
	Rational	units = rational_reduce(rational_divide(amount, bill->unit));

	/* a quarter of the range, so that a few of them can be added */
	if (!in_range(units) || units.num > INT64_MAX / 4 || units.num < -(INT64_MAX / 4))
	{
		bill->fits = false;
		return 0;
	}
	return (int64_t) units.num;
}

/* Round the total to the fare, by the fare's step and then by that of cash. */
void
fare_round_bill(FareBill *bill, bool in_cash)
{
	const Tariff *t = bill->tariff;
	Rational	rounded = rational_round(bill->total, t->fare_rounding.step, t->fare_rounding.mode);

	if (in_cash && t->cash_rounding.given)
		rounded = rational_round(rounded, t->cash_rounding.step, t->cash_rounding.mode);
	bill->unit = rational_min(rational_decimal_unit(t->currency_digits), t->fare_rounding.step);
	bill->fare = units_of(bill, rounded);
}

/* Order lines by their remainders, the largest first, and equal ones by their place. */
static int
compare_remainders(const void *a, const void *b)
{
	const BillLine *x = *(BillLine *const *) a;
	const BillLine *y = *(BillLine *const *) b;
	int			order = rational_compare(y->remainder, x->remainder);

	return order != 0 ? order : (x > y) - (x < y);
}

/* Round the lines down, and give the units that are left to the largest remainders. */
static void
share_units(FareBill *bill, Int128 units)
{
	const Provider *provider = bill->provider;
	size_t		size = (size_t) (bill->line_count + 1) * sizeof(BillLine *);
	BillLine  **by_remainder = provider->resize(provider->context, NULL, size);

	for (int i = 0; i < bill->line_count; i++)
	{
		BillLine   *line = &bill->lines[i];
		Rational	down = rational_floor(line->exact, bill->unit);

		line->amount = units_of(bill, down);
		line->remainder = rational_subtract(line->exact, down);
		if (!in_range(line->remainder))
			bill->fits = false;
		by_remainder[i] = line;
		units -= line->amount;
	}
	if (bill->fits)
		qsort(by_remainder, bill->line_count, sizeof(BillLine *), compare_remainders);
	for (int i = 0; i < bill->line_count && i < units; i++)
		by_remainder[i]->amount++;
	provider->resize(provider->context, by_remainder, 0);
}

static void
add_rounding_line(FareBill *bill, LineKind kind, Rational difference)
{
	int64_t		units = units_of(bill, difference);
	BillLine   *line;

	if (units == 0)
		return;
	line = fare_bill_add(bill, &(BillLine) {.kind = kind, .rule = tariff_line_kind_names[kind]});
	line->exact = difference;
	line->amount = units;
}

/*
 * Give each line its amount, so that the lines add up to the fare.  The total is rounded
 * in up to three steps: to a unit, to the fare's step, and to what is paid.  The first is
 * shared out to the lines, and each of the others is a line of its own.
 */
void
fare_allocate_lines(FareBill *bill)
{
	const Rounding *rounding = &bill->tariff->fare_rounding;
	Rational	by_unit = rational_round(bill->total, bill->unit, rounding->mode);
	Rational	by_step = rational_round(bill->total, rounding->step, rounding->mode);
	Rational	paid = rational_multiply(whole(bill->fare), bill->unit);

	share_units(bill, units_of(bill, by_unit));
	add_rounding_line(bill, LINE_ROUNDING, rational_subtract(by_step, by_unit));
	add_rounding_line(bill, LINE_CASH, rational_subtract(paid, by_step));
}
