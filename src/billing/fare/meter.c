/*
 * meter.c
 *		The taximeter: what its legs amount to, and what it charges of that.
 */
#include "billing/fare/factor.h"
#include "billing/fare/meter.h"

/* Return the amount for each millimetre or microsecond. */
static Rational
price_of_one(const MeterRate *rate)
{
	return rate->given ? rational_divide(rate->price, rate->unit) : whole(0);
}

static Rational
amount_of(int64_t quantity, const MeterRate *rate)
{
	if (!rate->given)
		return whole(0);
	return rational_multiply(rate->price, rational_divide(whole(quantity), rate->unit));
}

/* Return the rate of the quantity that the base covers. */
static const MeterRate *
covered_rate(const Meter *m)
{
	return m->covers_time ? &m->time : &m->distance;
}

/* Return what the meter has charged at a value: increments, or the amount if it is continuous. */
static Rational
charged_at(const Meter *m, Rational value)
{
	Rational	covered = rational_multiply(m->covers, price_of_one(covered_rate(m)));
	Rational	beyond = rational_subtract(value, covered);

	if (!in_range(beyond))
		return beyond;
	if (beyond.num < 0)
		return whole(0);
	if (!m->has_increment)
		return beyond;
	beyond = rational_floor(rational_divide(beyond, m->increment), whole(1));
	return m->in_advance ? rational_add(beyond, whole(1)) : beyond;
}

static void
add_meter_line(FareBill *bill, Rational charged, uint32_t multipliers, int cell,
			   int64_t from, int64_t to)
{
	const Meter *m = &bill->tariff->meter;
	Rational	rate = m->has_increment ? m->increment : whole(1);
	Rational	factor = fare_factor_of(bill->tariff, multipliers);

	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_METER, .rule = tariff_line_kind_names[LINE_METER],
			.timed = true, .from = from, .to = to,
			.unit = m->has_increment ? "increment" : bill->tariff->currency,
			.quantity = charged, .billed = charged, .rate = rate, .factor = factor,
			.exact = rational_multiply(rational_multiply(charged, rate), factor),
			.cell = cell,
	});
}

/* Return the last line, if it is one of the meter with this factor and cell; or NULL. */
static BillLine *
meter_line_before(FareBill *bill, uint32_t multipliers, int cell)
{
	BillLine   *last = bill->line_count > 0 ? &bill->lines[bill->line_count - 1] : NULL;

	if (last == NULL || last->kind != LINE_METER || last->cell != cell ||
		rational_compare(last->factor, fare_factor_of(bill->tariff, multipliers)) != 0)
		return NULL;
	return last;
}

/* Add what the meter charged in a piece, to the line before if that goes on. */
static void
charge_piece(FareBill *bill, const Piece *piece, Rational charged, uint32_t multipliers)
{
	BillLine   *before = meter_line_before(bill, multipliers, piece->cell);
	int64_t		from = piece->from;

	if (before != NULL)
	{
		charged = rational_add(charged, before->billed);
		from = before->from;
		bill->line_count--;
	}
	add_meter_line(bill, charged, multipliers, piece->cell, from, piece->to);
}

/* Note how much the meter took by distance or by time, or the base covered, at what price. */
static void
note_metered(FareBill *bill, const char *rule, Rational quantity, const MeterRate *rate)
{
	if (quantity.num == 0 || !rate->given)
		return;
	fare_bill_add(bill, &(BillLine) {
		.kind = LINE_METER, .rule = rule, .unit = rate->unit_name, .note = true, .cell = NO_CELL,
			.quantity = rational_divide(quantity, rate->unit), .billed = whole(0),
			.rate = rate->price, .factor = whole(1), .exact = whole(0),
	});
}

/* Add notes of what the meter counted, because it charges for all of it together. */
static void
explain_meter(const FarePieces *pieces, FareBill *bill)
{
	const Meter *m = &bill->tariff->meter;
	const MeterRate *covered = covered_rate(m);
	int64_t		mm = 0;
	int64_t		us = 0;
	Rational	value;

	for (int p = pieces->first_driven; p < pieces->count; p++)
	{
		mm += pieces->items[p].meter_mm;
		us += pieces->items[p].meter_us;
	}
	value = rational_add(amount_of(mm, &m->distance), amount_of(us, &m->time));
	note_metered(bill, tariff_dimension_names[DISTANCE], whole(mm), &m->distance);
	note_metered(bill, tariff_dimension_names[TIME], whole(us), &m->time);
	if (m->covers.num != 0 && covered->price.num > 0)
		note_metered(bill, "covered",
					 rational_min(m->covers, rational_divide(value, price_of_one(covered))),
					 covered);
}

/*
 * Charge what the legs amount to, piece by piece.  The meter runs through all pieces:
 * each is charged what the meter showed at its end, less what it showed before.
 */
static void
price_known_legs(const FarePieces *pieces, FareBill *bill)
{
	const Meter *m = &bill->tariff->meter;
	uint32_t	applicable = fare_multipliers_of(bill->tariff, MULTIPLIES_METER);
	Rational	value = whole(0);
	Rational	charged = whole(0);

	for (int p = pieces->first_driven; p < pieces->count; p++)
	{
		const Piece *piece = &pieces->items[p];
		Rational	now;

		value = rational_add(value, rational_add(amount_of(piece->meter_mm, &m->distance),
												 amount_of(piece->meter_us, &m->time)));
		now = charged_at(m, value);
		if (!in_range(now))
		{
			bill->fits = false;
			return;
		}
		if (rational_compare(now, charged) > 0)
			charge_piece(bill, piece, rational_subtract(now, charged),
						 piece->multipliers & applicable);
		charged = now;
	}
}

/* A trip of which distance and time alone are known. */
typedef struct Totals
{
	int64_t		mm;
	int64_t		us;
	Rational	distance;		/* amount of all of it by distance */
	Rational	time;			/* and by time */
} Totals;

/*
 * Find what the corners amount to, for a trip that is on the whole at or above the
 * cross-over speed: all driven at that speed, or some at rest and the rest faster.
 */
static void
fast_corners(const Meter *m, const MeterJudge *judge, const Totals *totals, Rational corners[3])
{
	Rational	crossover = {judge->us, judge->mm}; /* mm a us */
	Rational	at_crossover = rational_multiply(whole(totals->us), crossover);

	corners[1] = totals->distance;
	corners[2] = totals->distance;
	if (m->mode == METER_S)
		corners[2] = rational_subtract(corners[0],
									   rational_multiply(price_of_one(&m->distance), at_crossover));
}

/* Do the same for a slower trip: some of it at rest, and the rest at the cross-over speed. */
static void
slow_corners(const Meter *m, const MeterJudge *judge, const Totals *totals, Rational corners[3])
{
	Rational	crossover = {judge->mm, judge->us}; /* us a mm */
	Rational	at_crossover = rational_multiply(whole(totals->mm), crossover);

	corners[1] = rational_subtract(corners[0],
								   rational_multiply(price_of_one(&m->time), at_crossover));
	corners[2] = m->mode == METER_S ? totals->time : corners[0];
}

/*
 * Return the least or the most that legs of this distance and time amount to.  An amount
 * is linear in the distance and time that are driven below the cross-over speed c.  So
 * its bounds are at the corners: all at one speed, some at rest and the rest at c, and,
 * where the tariff gives c, just below it.
 */
static Rational
meter_bound(const Meter *m, const MeterJudge *judge, int64_t mm, int64_t us, bool low)
{
	Totals		totals = {mm, us, amount_of(mm, &m->distance), amount_of(us, &m->time)};
	Rational	corners[3] = {rational_add(totals.distance, totals.time)};
	Rational	bound = corners[0];

	if (m->mode == METER_D)
		return bound;
	if (fare_judge_is_fast(judge, mm, us))
		fast_corners(m, judge, &totals, corners);
	else
		slow_corners(m, judge, &totals, corners);
	for (int i = 1; i < 3; i++)
		if (in_range(bound) && in_range(corners[i]))
			bound = low ? rational_min(bound, corners[i]) : rational_max(bound, corners[i]);
		else
			bound = RATIONAL_OUT_OF_RANGE;
	return bound;
}

/*
 * Charge the bound, with the multipliers of the piece where their factor is least or
 * most.  A high bound is under no cap.
 */
static void
price_unknown_legs(const MeterJudge *judge, const FarePieces *pieces, FareBill *bill, bool low)
{
	const Tariff *t = bill->tariff;
	uint32_t	applicable = fare_multipliers_of(t, MULTIPLIES_METER);
	uint32_t	best = pieces->items[pieces->first_driven].multipliers & applicable;
	int64_t		mm = 0;
	int64_t		us = 0;
	Rational	charged;

	for (int p = pieces->first_driven; p < pieces->count; p++)
	{
		uint32_t	multipliers = pieces->items[p].multipliers & applicable;
		Rational	factor = fare_factor_of(t, multipliers);
		int			order = rational_compare(factor, fare_factor_of(t, best));

		if (!in_range(factor))
			bill->fits = false;
		if (low ? order < 0 : order > 0)
			best = multipliers;
		mm += pieces->items[p].quantities[DISTANCE];
		us += pieces->items[p].quantities[TIME];
	}
	charged = charged_at(&t->meter, meter_bound(&t->meter, judge, mm, us, low));
	if (!in_range(charged))
		bill->fits = false;
	else if (charged.num > 0)
		add_meter_line(bill, charged, best, low ? 0 : NO_CELL,
					   pieces->trip.start, pieces->trip.end);
}

/* Add the meter's lines. */
void
fare_price_meter(const FareMeter *meter, const FarePieces *pieces, FareBill *bill)
{
	if (meter->knowledge == METER_KNOWN)
	{
		price_known_legs(pieces, bill);
		explain_meter(pieces, bill);
	}
	else
		price_unknown_legs(&meter->judge, pieces, bill, meter->knowledge == METER_LOW);
}
