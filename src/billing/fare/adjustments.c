/*
 * adjustments.c
 *		Steps 8, 9 and 11: flat fares, surcharges and discounts; and notes.
 */
#include "billing/fare/adjustments.h"

/* Add a line of time that is not charged, so that a customer's question can be answered. */
static void
note_time(FareBill *bill, LineKind kind, int64_t microseconds)
{
	if (microseconds == 0)
		return;
	fare_bill_add(bill, &(BillLine) {
		.kind = kind, .rule = tariff_line_kind_names[kind], .unit = "min", .note = true,
			.quantity = rational(microseconds, 60000000), .billed = whole(0),
			.rate = whole(0), .factor = whole(1), .exact = whole(0),
	});
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
 * Does nothing charge the time of gaps?  A tariff of distance alone does charge gaps: by
 * the distance that bridges them.
 */
static bool
leaves_gaps_out(const Tariff *t)
{
	if (t->has_meter)
		return t->meter.gap == GAP_AS_NOTHING;
	return !charges(t, TIME) && (charges(t, MOVING) || charges(t, STOPPED));
}

static bool
leaves_stops_out(const Tariff *t)
{
	return !charges(t, TIME) && !charges(t, STOPPED) && !(t->has_meter && t->meter.time.given);
}

/* Note the time of gaps and of stops that is not charged. */
void
fare_note_unbilled_time(const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;
	int64_t		gaps = 0;
	int64_t		stopped = 0;

	for (int p = pieces->first_driven; p < pieces->count; p++)
	{
		gaps += pieces->items[p].gap_us;
		stopped += pieces->items[p].quantities[STOPPED];
	}
	if (leaves_gaps_out(t))
		note_time(bill, LINE_GAP, gaps);
	if (leaves_stops_out(t))
		note_time(bill, LINE_WAITING, stopped);
}

/* Step 8: the first flat fare that holds replaces all that was charged. */
void
fare_apply_flat_fare(const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;

	for (int i = 0; i < t->flat_fare_count; i++)
	{
		const Charge *flat = &t->flat_fares[i];

		if (!fare_rule_holds(pieces, flat->when))
			continue;
		for (int l = 0; l < bill->line_count; l++)
			bill->lines[l].factor = bill->lines[l].exact = whole(0);
		bill->total = whole(0);
		fare_bill_add_amount(bill, LINE_FLAT, flat->name, flat->amount);
		return;
	}
}

/* Step 9 */
void
fare_add_surcharges(const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;

	for (int i = 0; i < t->surcharge_count; i++)
	{
		const Charge *c = &t->surcharges[i];
		Rational	amount = c->amount;

		if (!fare_rule_holds(pieces, c->when))
			continue;
		if (c->attribute >= 0)
			amount = pieces->trip.attribute_amounts[c->attribute];
		fare_bill_add_amount(bill, LINE_SURCHARGE, c->name, amount);
	}
}

/* Step 11: each discount is of what those before it left.  A fixed amount takes no more. */
void
fare_apply_discounts(const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;

	for (int i = 0; i < t->discount_count && bill->fits; i++)
	{
		const Charge *c = &t->discounts[i];
		Rational	amount;

		if (!fare_rule_holds(pieces, c->when))
			continue;
		if (c->is_percent)
			amount = rational_multiply(bill->total, rational_divide(c->amount, whole(100)));
		else
			amount = rational_max(rational_min(c->amount, bill->total), whole(0));
		fare_bill_add_amount(bill, LINE_DISCOUNT, c->name, rational_negate(amount));
	}
}
