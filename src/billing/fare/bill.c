/*
 * bill.c
 *		A bill: its lines and their total, all exact.
 */
#include "billing/fare/bill.h"

/* Begin an empty bill. */
void
fare_bill_begin(FareBill *bill, const Tariff *tariff, const Provider *provider, bool fits)
{
	bill->tariff = tariff;
	bill->provider = provider;
	bill->line_count = 0;
	bill->total = whole(0);
	bill->fits = fits;
}

/* Return room for a line at the end of the bill, not yet on it. */
BillLine *
fare_bill_next(FareBill *bill)
{
	bill->lines = make_room(bill->provider, bill->lines, bill->line_count,
							&bill->line_capacity, sizeof(BillLine));
	return &bill->lines[bill->line_count];
}

/* Put the line that was written there on the bill.  Rounds it where the tariff rounds lines. */
BillLine *
fare_bill_finish(FareBill *bill)
{
	const Rounding *rounding = &bill->tariff->line_rounding;
	BillLine   *line = &bill->lines[bill->line_count++];

	if (rounding->given)
		line->exact = rational_round(line->exact, rounding->step, rounding->mode);
	return line;
}

/* Put a line on the bill. */
BillLine *
fare_bill_add(FareBill *bill, const BillLine *line)
{
	*fare_bill_next(bill) = *line;
	return fare_bill_finish(bill);
}

/* Put an amount without a quantity on the bill, and add it to the total. */
BillLine *
fare_bill_add_amount(FareBill *bill, LineKind kind, const char *rule, Rational amount)
{
	BillLine   *line = fare_bill_add(bill, &(BillLine) {
		.kind = kind, .rule = rule, .exact = amount
	});

	bill->total = rational_add(bill->total, line->exact);
	if (!in_range(bill->total))
		bill->fits = false;
	return line;
}

/* Add up the lines. */
void
fare_bill_sum(FareBill *bill)
{
	Rational	sum = whole(0);

	for (int i = 0; i < bill->line_count; i++)
		sum = rational_add(sum, bill->lines[i].exact);
	bill->total = sum;
	if (!in_range(sum))
		bill->fits = false;
}
