/*
 * fare.c
 *		What a trip costs: the order of evaluation.
 *
 * The place to start reading.  fare_finish() shows the steps.
 */
#include <string.h>

#include "billing/fare/adjustments.h"
#include "billing/fare/factor.h"
#include "billing/fare/fare.h"
#include "billing/fare/rounding.h"
#include "billing/fare/tax.h"

/* Begin a trip: cut its time into pieces (step 3).  The run keeps its memory. */
void
fare_begin(FareRun *run, const FareTerms *terms, const Trip *trip)
{
	const Tariff *t = terms->tariff;

	run->meter.knowledge = METER_KNOWN;
	run->judged = !t->has_meter || fare_judge_init(&run->meter.judge, &t->meter);
	fare_find_edges(&run->edges, terms, trip);
	fare_cut_pieces(&run->pieces, terms, trip, &run->edges);
}

/* Add a leg, or the part of it that lies before the trip's end, to the pieces. */
void
fare_add_leg(FareRun *run, const TripLeg *leg)
{
	fare_fill_pieces(&run->pieces, &run->meter.judge, leg);
}

static void
begin_bill(FareRun *run)
{
	fare_bill_begin(&run->bill, run->pieces.terms.tariff, run->pieces.terms.provider,
					run->judged && !run->edges.too_many);
}

/* Return the multipliers of the base, which are asked at the trip's start. */
static uint32_t
base_multipliers(const FarePieces *pieces)
{
	const Tariff *t = pieces->terms.tariff;
	uint32_t	multipliers = fare_multipliers_of(t, MULTIPLIES_BASE);

	return multipliers & pieces->items[pieces->first_driven].multipliers;
}

static void
add_base(const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;
	Rational	factor;

	if (t->base.num == 0)
		return;
	factor = fare_factor_of(t, base_multipliers(pieces));
	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_BASE, .rule = tariff_line_kind_names[LINE_BASE],
			.quantity = whole(1), .billed = whole(1), .unit = "once",
			.rate = t->base, .factor = factor, .exact = rational_multiply(t->base, factor),
	});
}

/* Steps 8 to 14 adjust what was charged.  fare_allocate() gives the lines their amounts. */
static bool
finish_bill(FareRun *run)
{
	const FarePieces *pieces = &run->pieces;
	FareBill   *bill = &run->bill;
	const Tariff *t = bill->tariff;

	fare_note_unbilled_time(pieces, bill);
	fare_bill_sum(bill);
	fare_apply_flat_fare(pieces, bill);
	fare_add_surcharges(pieces, bill);
	if (bill->fits)
		fare_apply_limits(&run->limits, pieces, bill);
	fare_apply_discounts(pieces, bill);
	if (bill->fits && t->has_tax)
		fare_apply_tax(bill);
	if (bill->fits)
		fare_round_bill(bill, fare_rule_holds(pieces, t->cash_when));
	return bill->fits;
}

/*
 * Make the bill: the base, the rates (steps 4 to 7), the meter, and what adjusts them.
 * False if an amount is out of range or the trip is cut too often; there is no fare then.
 */
bool
fare_finish(FareRun *run)
{
	const FarePieces *pieces = &run->pieces;
	FareBill   *bill = &run->bill;

	begin_bill(run);
	if (run->edges.too_many)
		return false;
	add_base(pieces, bill);
	fare_price_rates(&run->rates, pieces, bill);
	if (bill->tariff->has_meter)
		fare_price_meter(&run->meter, pieces, bill);
	return finish_bill(run);
}

/*
 * Make the bill of the trip up to an instant.  The run must have all legs that begin
 * before it, and nothing later in the last piece.
 */
bool
fare_finish_until(FareRun *run, int64_t instant)
{
	FarePieces *pieces = &run->pieces;
	int			count = pieces->count;
	Piece	   *last = &pieces->items[fare_piece_until(pieces, instant)];
	int64_t		to = last->to;
	bool		fits;

	/* the pieces end here, for as long as this takes */
	pieces->count = (int) (last - pieces->items) + 1;
	last->to = instant;
	fits = fare_finish(run);
	last->to = to;
	pieces->count = count;
	return fits;
}

/* Give each line of a bill that fits its amount. */
void
fare_allocate(FareRun *run)
{
	fare_allocate_lines(&run->bill);
}

/* Begin a bill of quantities.  The caller may put lines of its own on the bill next. */
void
fare_begin_quantities(FareRun *run, const FareTerms *terms, const bool *attribute_results)
{
	fare_begin(run, terms, &(Trip) {.attribute_results = attribute_results});
	begin_bill(run);
}

/*
 * Finish a bill of quantities, in mm or us by dimension: of rates and what comes after
 * them.  They have no time, so the tariff must have no caps, and no conditions but on
 * attributes.
 */
bool
fare_price_quantities(FareRun *run, const int64_t *quantities)
{
	Piece	   *piece = &run->pieces.items[run->pieces.first_driven];
	FareBill   *bill = &run->bill;

	memcpy(piece->quantities, quantities, sizeof(piece->quantities));
	fare_price_rates(&run->rates, &run->pieces, bill);
	for (int i = 0; i < bill->line_count; i++)
	{
		bill->lines[i].timed = false;
		bill->lines[i].cell = NO_CELL;
	}
	return bill->fits && finish_bill(run);
}
