/*
 * fare.c
 *		What a trip costs: the trip is cut into pieces, and filled with its legs.
 *
 * The place to start reading.  fare_finish() shows the order of evaluation.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/fare/fare.h"
#include "billing/tariff/names.h"

/* Read the timeline from the first moment to the end; false where it is not known. */
static bool
read_timeline(FareRun *run)
{
	int64_t		at = run->trip.start - run->trip.reserved;
	int64_t		until;

	run->answer_count = 0;
	if (run->timeline == NULL || run->timeline->test_count == 0 || run->trip.end - at > MAX_TIMELINE_TRIP)
		return false;
	do
	{
		const Answers *answers = timeline_find(run->timeline, at, &until);

		if (answers == NULL)
			return false;
		run->answers = make_room(run->provider, run->answers, run->answer_count,
								 &run->answer_capacity, sizeof(Answers));
		run->answers[run->answer_count++] = (Answers) {at, answers->tests};
		at = until;
	} while (at < run->trip.end || run->answer_count == 0);
	return true;
}

/* The timeline's tests that cut a trip, and those that cut the time before its start. */
typedef struct CuttingTests
{
	uint32_t	trip;
	uint32_t	reserved;
} CuttingTests;

/* Does a condition that holds for a stretch change its answer in between? */
static void
add_rule_edges(FareRun *run, const Condition *when, int64_t from, CuttingTests *cutting)
{
	uint32_t	tests = 0;

	if (when == NULL || when->evaluate == EVALUATE_START || run->edges.count > MAX_EDGES)
		return;
	condition_edges(when, &run->circumstances, from, run->trip.end, &run->edges,
					run->answers_known ? &tests : NULL);
	cutting->trip |= tests;
	if (from < run->trip.start)
		cutting->reserved |= tests;
}

static void
add_charge_edges(FareRun *run, const Charge *charges, int count, CuttingTests *cutting)
{
	for (int i = 0; i < count; i++)
		add_rule_edges(run, charges[i].when, run->trip.start, cutting);
}

static int32_t
next_cap_date(const FareRun *run, const Cap *cap, int32_t date)
{
	switch (cap->window)
	{
		case CAP_DAY:
			return date + 1;
		case CAP_WEEK:
			/* 2000-01-03 was a Monday */
			return date + 7 - (int32_t) (((date - 2) % 7 + 7) % 7);
		default:
			return run->clock->zone.next_month(date);
	}
}

/* The instants within the trip at which a window of a cap ends. */
static void
cap_edges(const FareRun *run, const Cap *cap, InstantList *edges)
{
	int64_t		duration = run->trip.end - run->trip.start;
	int32_t		last;
	int32_t		date;

	if (cap->window == CAP_ROLLING)
	{
		for (int64_t elapsed = cap->length; elapsed < duration && edges->count <= MAX_EDGES; elapsed += cap->length)
			instant_list_add(edges, run->trip.start + elapsed);
		return;
	}
	/* one more, should the clock be set back over midnight; those beyond may not be instants */
	last = clock_date(clock_local(run->clock, run->trip.end)) + 1;
	date = next_cap_date(run, cap, clock_date(clock_local(run->clock, run->trip.start)));
	for (; date <= last; date = next_cap_date(run, cap, date))
	{
		int64_t		edge = clock_instant(run->clock, date * MICROSECONDS_PER_DAY);

		if (edge > run->trip.start && edge < run->trip.end)
			instant_list_add(edges, edge);
	}
}

/* Where conditions change their answers, but for those that the timeline tells. */
static void
collect_rule_edges(FareRun *run, CuttingTests *cutting)
{
	const Tariff *t = run->tariff;
	int64_t		first = run->trip.start - run->trip.reserved;

	for (int i = 0; i < t->rate_count; i++)
		add_rule_edges(run, t->rates[i].when, t->rates[i].dimension == RESERVED ? first : run->trip.start, cutting);
	for (int i = 0; i < t->multiplier_count; i++)
		add_rule_edges(run, t->multipliers[i].when, first, cutting);
	add_charge_edges(run, t->flat_fares, t->flat_fare_count, cutting);
	add_charge_edges(run, t->surcharges, t->surcharge_count, cutting);
	add_charge_edges(run, t->discounts, t->discount_count, cutting);
}

static void
collect_edges(FareRun *run)
{
	const Tariff *t = run->tariff;
	CuttingTests cutting = {0, 0};

	run->edges.count = 0;
	if (!run->answers_known || run->timeline->others_cut)
		collect_rule_edges(run, &cutting);
	if (run->answers_known)
	{
		cutting.trip |= run->timeline->cutting;
		cutting.reserved |= run->timeline->cutting_reserved;
	}
	for (int i = 1; i < run->answer_count; i++)
	{
		uint32_t	tests = run->answers[i].from < run->trip.start ? cutting.reserved : cutting.trip;

		if ((run->answers[i].tests ^ run->answers[i - 1].tests) & tests)
			instant_list_add(&run->edges, run->answers[i].from);
	}
	for (int i = 0; i < t->cap_count && run->edges.count <= MAX_EDGES; i++)
		cap_edges(run, &t->caps[i], &run->edges);
	run->too_many_edges = run->edges.count > MAX_EDGES;
	if (run->too_many_edges)
	{
		run->fits = false;
		run->edges.count = 0;
	}
	instant_list_sort(&run->edges);
}

static void
add_piece(FareRun *run, int64_t from, int64_t to)
{
	run->pieces = make_room(run->provider, run->pieces, run->piece_count,
							&run->piece_capacity, sizeof(Piece));
	run->pieces[run->piece_count] = (Piece) {.from = from, .to = to};
	if (from < run->trip.start)
		run->pieces[run->piece_count].quantities[RESERVED] = to - from;
	run->piece_count++;
}

/* Pieces between the edges; the trip has one at least, even if it takes no time. */
static void
make_pieces(FareRun *run)
{
	int64_t		from = run->trip.start - run->trip.reserved;
	int			next = 0;

	run->piece_count = 0;
	for (int stage = 0; stage < 2; stage++)
	{
		int64_t		end = stage == 0 ? run->trip.start : run->trip.end;

		if (stage == 1)
			run->first_driven = run->piece_count;
		for (; next < run->edges.count && run->edges.instants[next] < end; next++)
		{
			if (run->edges.instants[next] <= from)
				continue;
			add_piece(run, from, run->edges.instants[next]);
			from = run->edges.instants[next];
		}
		if (from < end || stage == 1)
			add_piece(run, from, end);
		from = end;
	}
	run->at = run->first_driven;
}

/* What the timeline answers in each piece. */
static void
answer_pieces(FareRun *run)
{
	int			at = 0;

	for (int p = 0; run->answers_known && p < run->piece_count; p++)
	{
		while (at + 1 < run->answer_count && run->answers[at + 1].from <= run->pieces[p].from)
			at++;
		run->pieces[p].tests = run->answers[at].tests;
	}
}

static void
add_cell(FareRun *run)
{
	run->cells = make_room(run->provider, run->cells, run->cell_count, &run->cell_capacity, sizeof(Cell));
	memset(&run->cells[run->cell_count], 0, sizeof(Cell));
	run->cells[run->cell_count++].amount = whole(0);
}

/* Number the windows of caps that pieces are in, and the cells between all their ends. */
static void
make_cells(FareRun *run)
{
	const Tariff *t = run->tariff;
	InstantList ends[MAX_CAPS];
	int			window[MAX_CAPS] = {0};

	run->cell_count = 0;
	if (t->cap_count == 0 || run->too_many_edges)
		return;
	for (int k = 0; k < t->cap_count; k++)
	{
		ends[k] = (InstantList) {.provider = run->provider};
		cap_edges(run, &t->caps[k], &ends[k]);
	}
	add_cell(run);
	for (int p = run->first_driven; p < run->piece_count; p++)
	{
		bool		ended = false;

		for (int k = 0; k < t->cap_count; k++)
			for (; window[k] < ends[k].count && ends[k].instants[window[k]] <= run->pieces[p].from; window[k]++)
				ended = true;
		if (ended)
			add_cell(run);
		run->pieces[p].cell = run->cell_count - 1;
		memcpy(run->cells[run->cell_count - 1].windows, window, sizeof(window));
	}
	for (int k = 0; k < t->cap_count; k++)
		run->provider->resize(run->provider->context, ends[k].instants, 0);
}

static void
find_multipliers(FareRun *run)
{
	const Tariff *t = run->tariff;

	for (int p = 0; t->multiplier_count > 0 && p < run->piece_count; p++)
	{
		run->provider->pause();
		for (int m = 0; m < t->multiplier_count; m++)
			if (rule_holds_at(run, t->multipliers[m].when, p))
				run->pieces[p].multipliers |= UINT32_C(1) << m;
	}
}

/*
 * When does the meter take a leg by its distance?  At the cross-over speed both
 * tariffs are equal: mm * price / unit = us * price / unit.
 */
static void
judge_legs(FareRun *run)
{
	const Meter *m = &run->tariff->meter;
	Rational	speed = m->crossover;

	run->judge_mm = run->judge_us = 0;
	if (m->mode == METER_D)
		return;
	if (!m->has_crossover)
		speed = rational_divide(rational_divide(m->time.price, m->time.unit),
								rational_divide(m->distance.price, m->distance.unit));
	speed = rational_reduce(speed);
	if (!in_range(speed) || speed.num > INT64_MAX || speed.den > INT64_MAX)
	{
		run->fits = false;
		return;
	}
	run->judge_mm = (int64_t) speed.den;
	run->judge_us = (int64_t) speed.num;
}

/* The run keeps its memory from trip to trip. */
void
fare_begin(FareRun *run, const Tariff *tariff, Clock *clock, const Provider *provider, const Trip *trip)
{
	run->tariff = tariff;
	run->provider = provider;
	run->clock = clock;
	run->trip = *trip;
	run->circumstances = (Circumstances) {clock, trip->start, trip->attribute_results};
	run->meter_knowledge = METER_KNOWN;
	run->fits = true;
	run->edges.provider = provider;
	run->line_count = 0;
	run->total = whole(0);
	if (tariff->has_meter)
		judge_legs(run);
	run->answers_known = read_timeline(run);
	collect_edges(run);
	make_pieces(run);
	answer_pieces(run);
	make_cells(run);
	find_multipliers(run);
}

/* The part of a leg's amount that lies before an instant, rounded down. */
static int64_t
share_until(const TripLeg *leg, int64_t amount, int64_t instant)
{
	if (instant >= leg->to)
		return amount;
	if (instant <= leg->from)
		return 0;
	return (int64_t) ((Int128) amount * (instant - leg->from) / (leg->to - leg->from));
}

/* What of an amount of the leg lies between two instants. */
static int64_t
share_between(const TripLeg *leg, int64_t amount, int64_t from, int64_t to)
{
	return share_until(leg, amount, to) - share_until(leg, amount, from);
}

static void
meter_leg(const FareRun *run, Piece *piece, const TripLeg *leg, int64_t mm, int64_t time)
{
	const Meter *m = &run->tariff->meter;
	bool		by_distance = (Int128) leg->mm * run->judge_mm >= (Int128) (leg->to - leg->from) * run->judge_us;
	bool		by_time = m->mode == METER_D || !by_distance;

	if (m->mode != METER_S)
		by_distance = true;
	if (leg->gap && m->gap != GAP_AS_LEG)
	{
		by_distance = m->gap == GAP_AS_DISTANCE;
		by_time = m->gap == GAP_AS_TIME;
	}
	if (by_distance)
		piece->meter_mm += mm;
	if (by_time)
		piece->meter_us += time;
}

/* Put what lies between two instants of the leg into a piece. */
static void
fill_piece(const FareRun *run, Piece *piece, const TripLeg *leg, int64_t from, int64_t to)
{
	int64_t		mm = share_between(leg, leg->mm, from, to);

	if (leg->from == leg->to)
		mm = leg->mm;
	piece->quantities[DISTANCE] += mm;
	piece->quantities[TIME] += to - from;
	if (leg->gap)
		piece->gap_us += to - from;
	else
	{
		int64_t		moving = share_between(leg, leg->moving, from, to);

		piece->quantities[MOVING] += moving;
		if (leg->moving + leg->stopped > 0)
			piece->quantities[STOPPED] += to - from - moving;
	}
	if (run->tariff->has_meter)
		meter_leg(run, piece, leg, mm, to - from);
}

/* Take a leg, or what of it lies before the trip's end, into the pieces. */
void
fare_add_leg(FareRun *run, const TripLeg *leg)
{
	int			p = run->at;

	while (p > run->first_driven && leg->from < run->pieces[p].from)
		p--;
	while (p < run->piece_count - 1 && leg->from >= run->pieces[p].to)
		p++;
	for (;; p++)
	{
		Piece	   *piece = &run->pieces[p];
		int64_t		from = leg->from > piece->from ? leg->from : piece->from;
		int64_t		to = leg->to < piece->to ? leg->to : piece->to;

		if (to > from || (leg->from == leg->to && leg->from <= run->trip.end))
			fill_piece(run, piece, leg, from, to > from ? to : from);
		if (leg->to <= piece->to || p == run->piece_count - 1)
			break;
	}
	run->at = p;
}

/* Does a rule hold in a piece?  The first that is driven begins at the trip's start. */
bool
rule_holds_at(const FareRun *run, const Condition *when, int piece)
{
	const Piece *asked;

	if (when == NULL)
		return true;
	asked = &run->pieces[when->evaluate == EVALUATE_START ? run->first_driven : piece];
	if (when->only_windows && run->answers_known)
		return asked->tests & (UINT32_C(1) << (when->window_test - 1));
	return condition_holds(when, &run->circumstances,
						   &(Moment) {asked->from, run->answers_known, asked->tests});
}

/* Does a rule for the trip as a whole hold: at the start, or in some piece of it? */
bool
rule_holds(const FareRun *run, const Condition *when)
{
	int			last = run->piece_count - 1;

	if (when == NULL || when->evaluate == EVALUATE_START)
		last = run->first_driven;
	for (int p = run->first_driven; p <= last; p++)
		if (rule_holds_at(run, when, p))
			return true;
	return false;
}

/* The multipliers that are meant for a dimension, the base, or the meter. */
uint32_t
multipliers_of(const Tariff *tariff, int target)
{
	uint32_t	mask = 0;

	for (int m = 0; m < tariff->multiplier_count; m++)
		if (tariff->multipliers[m].to & (UINT32_C(1) << target))
			mask |= UINT32_C(1) << m;
	return mask;
}

/* Added within a group, not to below 0, and multiplied across groups. */
Rational
factor_of(const Tariff *tariff, uint32_t multipliers)
{
	Rational	factor = whole(1);

	for (int group = 0; multipliers != 0 && group < tariff->group_count; group++)
	{
		Rational	sum = whole(1);

		for (int m = 0; m < tariff->multiplier_count; m++)
			if (tariff->multipliers[m].group == group && (multipliers & (UINT32_C(1) << m)))
				sum = rational_add(sum, rational_subtract(tariff->multipliers[m].factor, whole(1)));
		if (sum.num < 0)
			sum = whole(0);
		factor = rational_multiply(factor, sum);
	}
	return factor;
}

/* Room for a line at the end of the bill. */
BillLine *
next_line(FareRun *run)
{
	run->lines = make_room(run->provider, run->lines, run->line_count,
						   &run->line_capacity, sizeof(BillLine));
	return &run->lines[run->line_count];
}

/* Put the line that is there on the bill; rounds it where the tariff rounds lines. */
BillLine *
finish_line(FareRun *run)
{
	BillLine   *line = &run->lines[run->line_count++];

	if (run->tariff->line_rounding.given)
		line->exact = rational_round(line->exact, run->tariff->line_rounding.step,
									 run->tariff->line_rounding.mode);
	return line;
}

/* Put a line on the bill. */
BillLine *
add_line(FareRun *run, const BillLine *line)
{
	*next_line(run) = *line;
	return finish_line(run);
}

static void
add_base(FareRun *run)
{
	const Tariff *t = run->tariff;
	uint32_t	multipliers = multipliers_of(t, MULTIPLIES_BASE);
	Rational	factor;

	for (int m = 0; m < t->multiplier_count; m++)
		if (!rule_holds_at(run, t->multipliers[m].when, run->first_driven))
			multipliers &= ~(UINT32_C(1) << m);
	if (t->base.num == 0)
		return;
	factor = factor_of(t, multipliers);
	add_line(run, &(BillLine) {
		.kind = LINE_BASE, .rule = tariff_line_kind_names[LINE_BASE],
			.quantity = whole(1), .billed = whole(1), .unit = "once",
			.rate = t->base, .factor = factor,
			.exact = rational_multiply(t->base, factor),
	});
}

/*
 * Make the bill: the base, then steps 4 to 14.  False if an amount is out of range, or
 * the trip is cut too often; the fare is in run->fare then not.
 */
bool
fare_finish(FareRun *run)
{
	if (run->too_many_edges)
		return false;
	run->line_count = 0;
	add_base(run);
	price_rates(run);
	if (run->tariff->has_meter)
		price_meter(run);
	adjust_bill(run);
	return run->fits;
}

/* The first piece that is not over before an instant. */
static int
piece_until(const FareRun *run, int64_t instant)
{
	int			low = run->first_driven;
	int			high = run->piece_count - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (run->pieces[middle].to < instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The same of the trip until an instant, of which it has all legs and nothing later in their piece. */
bool
fare_finish_until(FareRun *run, int64_t instant)
{
	int			count = run->piece_count;
	Piece	   *last = &run->pieces[piece_until(run, instant)];
	int64_t		to = last->to;
	bool		fits;

	run->piece_count = (int) (last - run->pieces) + 1;
	last->to = instant;
	fits = fare_finish(run);
	last->to = to;
	run->piece_count = count;
	return fits;
}

/* May a condition begin or cease to hold during a trip? */
bool
changes_on_the_way(const Condition *when)
{
	return when != NULL && when->evaluate != EVALUATE_START;
}

/* Is what a step rounds up priced otherwise later on? */
static bool
steps_may_fall(const Tariff *t, const Rate *rate)
{
	if (!rate->has_step)
		return false;
	for (int m = 0; m < t->multiplier_count; m++)
		if ((t->multipliers[m].to & (UINT32_C(1) << rate->dimension)) && changes_on_the_way(t->multipliers[m].when))
			return true;
	return rate->when != NULL || t->select_first[rate->dimension];
}

/*
 * May the fare fall while a trip goes on, though no price is negative?  Where what a
 * step rounds up was begun at a higher price, where volume tiers fall, where a flat
 * fare comes to hold, a discount, or cash; where what a minimum or cap makes of a charge
 * is taxed otherwise than the charge; where two caps take from each other's windows.
 */
bool
tariff_may_fall(const Tariff *t)
{
	for (int i = 0; i < t->rate_count; i++)
		if (t->rates[i].tier_mode == VOLUME || steps_may_fall(t, &t->rates[i]))
			return true;
	for (int i = 0; i < t->flat_fare_count; i++)
		if (changes_on_the_way(t->flat_fares[i].when))
			return true;
	for (int i = 0; i < t->discount_count; i++)
		if (changes_on_the_way(t->discounts[i].when))
			return true;
	return changes_on_the_way(t->cash_when) || (t->has_tax && t->tax.rule_count > 0) || t->cap_count > 1;
}
