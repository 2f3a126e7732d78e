/*
 * meter.c
 *		The taximeter: what its legs amount to, and what it has charged of that.
 */
#include "billing/fare/fare.h"
#include "billing/tariff/names.h"

/* An amount for each millimetre or microsecond. */
static Rational
tariff_of(const MeterRate *rate)
{
	return rate->given ? rational_divide(rate->price, rate->unit) : whole(0);
}

static Rational
amount_of(int64_t quantity, const MeterRate *rate)
{
	return rate->given ? rational_multiply(rate->price, rational_divide(whole(quantity), rate->unit)) : whole(0);
}

/* What the base covers, as an amount. */
static Rational
covered(const Meter *m)
{
	return rational_multiply(m->covers, tariff_of(m->covers_time ? &m->time : &m->distance));
}

/* What the meter has charged at a value: increments, or the amount if it is continuous. */
static Rational
charged_at(const Meter *m, Rational value)
{
	Rational	beyond = rational_subtract(value, covered(m));

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
add_meter_line(FareRun *run, Rational charged, uint32_t multipliers, int cell, int64_t from, int64_t to)
{
	const Meter *m = &run->tariff->meter;
	Rational	rate = m->has_increment ? m->increment : whole(1);
	Rational	factor = factor_of(run->tariff, multipliers);

	add_line(run, &(BillLine) {
		.kind = LINE_METER, .rule = tariff_line_kind_names[LINE_METER],
			.timed = true, .from = from, .to = to,
			.unit = m->has_increment ? "increment" : run->tariff->currency,
			.quantity = charged, .billed = charged, .rate = rate, .factor = factor,
			.exact = rational_multiply(rational_multiply(charged, rate), factor),
			.cell = cell,
	});
}

/* The line before, if this piece goes on with it. */
static BillLine *
meter_line_before(FareRun *run, uint32_t multipliers, int cell)
{
	BillLine   *last = run->line_count > 0 ? &run->lines[run->line_count - 1] : NULL;

	if (last == NULL || last->kind != LINE_METER || last->cell != cell ||
		rational_compare(last->factor, factor_of(run->tariff, multipliers)) != 0)
		return NULL;
	return last;
}

static void
charge_piece(FareRun *run, const Piece *piece, Rational charged, uint32_t multipliers)
{
	BillLine   *before = meter_line_before(run, multipliers, piece->cell);
	int64_t		from = piece->from;

	if (before != NULL)
	{
		charged = rational_add(charged, before->billed);
		from = before->from;
		run->line_count--;
	}
	add_meter_line(run, charged, multipliers, piece->cell, from, piece->to);
}

/* How much the meter priced by distance or by time, or the base covered, at what price. */
static void
note_metered(FareRun *run, const char *rule, Rational quantity, const MeterRate *rate)
{
	if (quantity.num == 0 || !rate->given)
		return;
	add_line(run, &(BillLine) {
		.kind = LINE_METER, .rule = rule, .unit = rate->unit_name, .note = true, .cell = NO_CELL,
			.quantity = rational_divide(quantity, rate->unit), .billed = whole(0),
			.rate = rate->price, .factor = whole(1), .exact = whole(0),
	});
}

/* What a customer may ask of the meter; it charges for all of it together. */
static void
explain_meter(FareRun *run)
{
	const Meter *m = &run->tariff->meter;
	const MeterRate *covering = m->covers_time ? &m->time : &m->distance;
	int64_t		mm = 0;
	int64_t		us = 0;
	Rational	value;

	for (int p = run->first_driven; p < run->piece_count; p++)
	{
		mm += run->pieces[p].meter_mm;
		us += run->pieces[p].meter_us;
	}
	value = rational_add(amount_of(mm, &m->distance), amount_of(us, &m->time));
	note_metered(run, tariff_dimension_names[DISTANCE], whole(mm), &m->distance);
	note_metered(run, tariff_dimension_names[TIME], whole(us), &m->time);
	if (m->covers.num != 0 && covering->price.num > 0)
		note_metered(run, "covered", rational_min(m->covers, rational_divide(value, tariff_of(covering))), covering);
}

static void
price_known_legs(FareRun *run)
{
	const Meter *m = &run->tariff->meter;
	uint32_t	applicable = multipliers_of(run->tariff, MULTIPLIES_METER);
	Rational	value = whole(0);
	Rational	charged = whole(0);

	for (int p = run->first_driven; p < run->piece_count; p++)
	{
		const Piece *piece = &run->pieces[p];
		Rational	now;

		value = rational_add(value, rational_add(amount_of(piece->meter_mm, &m->distance),
												 amount_of(piece->meter_us, &m->time)));
		now = charged_at(m, value);
		if (!in_range(now))
		{
			run->fits = false;
			return;
		}
		if (rational_compare(now, charged) > 0)
			charge_piece(run, piece, rational_subtract(now, charged), piece->multipliers & applicable);
		charged = now;
	}
}

/*
 * The least or the most that legs of this distance and time amount to.  An amount is
 * linear in the distance and time that are driven below the cross-over speed c, so its
 * bounds are at the corners: all at one speed, some at rest and the rest at c, and,
 * where the cross-over is given, just below it.
 */
static Rational
meter_bound(const FareRun *run, int64_t mm, int64_t us, bool low)
{
	const Meter *m = &run->tariff->meter;
	Rational	distance = amount_of(mm, &m->distance);
	Rational	time = amount_of(us, &m->time);
	Rational	corners[3];
	Rational	crossover;		/* mm a us */
	Rational	bound;

	corners[0] = rational_add(distance, time);
	if (m->mode == METER_D)
		return corners[0];
	if ((Int128) mm * run->judge_mm >= (Int128) us * run->judge_us)
	{
		/* all at c, or some at rest and the rest faster */
		crossover = (Rational) {run->judge_us, run->judge_mm};
		corners[1] = distance;
		corners[2] = distance;
		if (m->mode == METER_S)
			corners[2] = rational_subtract(corners[0],
										   rational_multiply(tariff_of(&m->distance), rational_multiply(whole(us), crossover)));
	}
	else
	{
		/* some at rest, and the rest at c */
		crossover = (Rational) {run->judge_mm, run->judge_us};
		corners[1] = rational_subtract(corners[0],
									   rational_multiply(tariff_of(&m->time), rational_multiply(whole(mm), crossover)));
		corners[2] = m->mode == METER_S ? time : corners[0];
	}
	bound = corners[0];
	for (int i = 1; i < 3; i++)
		if (in_range(bound) && in_range(corners[i]))
			bound = low ? rational_min(bound, corners[i]) : rational_max(bound, corners[i]);
		else
			bound = RATIONAL_OUT_OF_RANGE;
	return bound;
}

/* The bound where the multipliers are least, or most; a high one is under no cap. */
static void
price_unknown_legs(FareRun *run, bool low)
{
	const Meter *m = &run->tariff->meter;
	uint32_t	applicable = multipliers_of(run->tariff, MULTIPLIES_METER);
	uint32_t	best = run->pieces[run->first_driven].multipliers & applicable;
	int64_t		mm = 0;
	int64_t		us = 0;
	Rational	charged;

	for (int p = run->first_driven; p < run->piece_count; p++)
	{
		uint32_t	multipliers = run->pieces[p].multipliers & applicable;
		Rational	factor = factor_of(run->tariff, multipliers);
		int			order = rational_compare(factor, factor_of(run->tariff, best));

		if (!in_range(factor))
			run->fits = false;
		if (low ? order < 0 : order > 0)
			best = multipliers;
		mm += run->pieces[p].quantities[DISTANCE];
		us += run->pieces[p].quantities[TIME];
	}
	charged = charged_at(m, meter_bound(run, mm, us, low));
	if (!in_range(charged))
		run->fits = false;
	else if (charged.num > 0)
		add_meter_line(run, charged, best, low ? 0 : NO_CELL, run->trip.start, run->trip.end);
}

/* The meter's lines. */
void
price_meter(FareRun *run)
{
	if (run->meter_knowledge == METER_KNOWN)
	{
		price_known_legs(run);
		explain_meter(run);
	}
	else
		price_unknown_legs(run, run->meter_knowledge == METER_LOW);
}
