/*
 * rates.c
 *		Steps 4 to 7: the rates of each dimension, as lines of the bill.
 *
 * A dimension's quantity is a stretch from 0 to its total, in millimetres or
 * microseconds, that runs through the pieces of the trip.  Rates are selected along
 * it; what one rate gets in one go is a part.
 */
#include "billing/fare/fare.h"
#include "billing/tariff/names.h"

/* One rate, or several of which the first that fits is taken, along a dimension. */
typedef struct Walk
{
	FareRun    *run;
	Dimension	dimension;
	int			first_piece;	/* of those that have the dimension */
	int			end_piece;
	int64_t		total;
	uint32_t	multipliers;	/* those that apply to the dimension */
	const Rate **candidates;
	int			candidate_count;
} Walk;

static Rational
used_before(const FareRun *run, const Rate *rate)
{
	return whole(rate->per_rental ? run->trip.used[rate->dimension] : 0);
}

/* Where the rate's range begins, counted from the trip's start. */
static Rational
range_from(const FareRun *run, const Rate *rate)
{
	return rational_subtract(rate->from, used_before(run, rate));
}

/* How much of what was used before lies in the range. */
static Rational
used_in_range(const FareRun *run, const Rate *rate)
{
	Rational	used = used_before(run, rate);

	if (used.num == 0)
		return used;
	if (rate->has_to)
		used = rational_min(used, rate->to);
	return rational_max(rational_subtract(used, rate->from), whole(0));
}

/* Is it walked through in whole steps, each judged by the moment in which it was begun? */
static bool
is_walked_in_steps(const Walk *walk, const Rate *rate)
{
	const Tariff *t = walk->run->tariff;

	if (!rate->has_step)
		return false;
	if (rate->when != NULL && rate->when->evaluate == EVALUATE_UNIT)
		return true;
	for (int m = 0; m < t->multiplier_count; m++)
		if ((walk->multipliers & (UINT32_C(1) << m)) && t->multipliers[m].when != NULL &&
			t->multipliers[m].when->evaluate == EVALUATE_UNIT)
			return true;
	return false;
}

/* The piece that a place of the dimension is in; before the trip, its first one. */
static int
piece_at(const Walk *walk, Rational x)
{
	const int64_t *positions = walk->run->positions;
	int			low = walk->first_piece;
	int			high = walk->end_piece - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (rational_compare(whole(positions[middle + 1]), x) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first line of the grid of steps, which begins at `from`, at or after a place. */
static Rational
grid_ceil(Rational from, Rational step, Rational x)
{
	return rational_add(from, rational_ceil(rational_subtract(x, from), step));
}

static Rational
grid_floor(Rational from, Rational step, Rational x)
{
	return rational_add(from, rational_floor(rational_subtract(x, from), step));
}

/* What a rate says of a place: does it price it, and until where is that so? */
typedef struct Answer
{
	bool		holds;
	int			piece;			/* by which it was judged */
	Rational	until;
} Answer;

static Answer
ask_rate(const Walk *walk, const Rate *rate, Rational x)
{
	const FareRun *run = walk->run;
	Rational	from = range_from(run, rate);
	Rational	total = whole(walk->total);
	Answer		answer = {false, 0, total};

	if (rational_compare(x, from) < 0)
	{
		answer.until = rational_min(total, from);
		return answer;
	}
	if (rate->has_to)
	{
		Rational	to = rational_subtract(rate->to, used_before(run, rate));

		if (rational_compare(x, to) >= 0)
			return answer;
		answer.until = rational_min(total, to);
	}
	if (walk->end_piece - walk->first_piece == 1)
		answer.piece = walk->first_piece;
	else
	{
		Rational	end;
		bool		in_steps = is_walked_in_steps(walk, rate);

		answer.piece = piece_at(walk, in_steps ? grid_floor(from, rate->step, x) : x);
		end = whole(run->positions[answer.piece + 1]);
		if (in_steps)
			end = grid_ceil(from, rate->step, end);
		answer.until = rational_min(answer.until, end);
	}
	answer.holds = rule_holds_at(run, rate->when, answer.piece);
	return answer;
}

static bool
same_factor(const FareRun *run, uint32_t a, uint32_t b)
{
	Rational	x,
				y;

	if (a == b)
		return true;
	x = factor_of(run->tariff, a);
	y = factor_of(run->tariff, b);
	return in_range(x) && in_range(y) && rational_compare(x, y) == 0;
}

static void
add_part(const Walk *walk, const Rate *rate, int piece, Rational quantity)
{
	FareRun    *run = walk->run;
	uint32_t	multipliers = run->pieces[piece].multipliers & walk->multipliers;

	if (run->part_count > 0)
	{
		Part	   *last = &run->parts[run->part_count - 1];

		if (last->rate == rate && run->pieces[last->first_piece].cell == run->pieces[piece].cell &&
			same_factor(run, last->multipliers, multipliers))
		{
			last->quantity = rational_add(last->quantity, quantity);
			last->billed = last->quantity;
			last->last_piece = piece;
			return;
		}
	}
	run->parts = make_room(run->provider, run->parts, run->part_count, &run->part_capacity, sizeof(Part));
	run->parts[run->part_count++] = (Part) {rate, piece, piece, multipliers, quantity, quantity};
}

/* Step 4: select rates along the quantity. */
static void
select_parts(const Walk *walk)
{
	FareRun    *run = walk->run;
	Rational	x = whole(0);
	Rational	total = whole(walk->total);

	run->part_count = 0;
	while (run->fits && rational_compare(x, total) < 0)
	{
		Rational	until = total;
		const Rate *selected = NULL;
		Answer		answer = {0};

		run->provider->pause();
		for (int i = 0; i < walk->candidate_count && selected == NULL; i++)
		{
			answer = ask_rate(walk, walk->candidates[i], x);
			if (!in_range(answer.until))
			{
				run->fits = false;
				return;
			}
			until = rational_min(until, answer.until);
			if (answer.holds)
				selected = walk->candidates[i];
		}
		if (selected != NULL)
			add_part(walk, selected, answer.piece, rational_subtract(until, x));
		x = until;
	}
}

/* The same of a single rate that has no range and is not walked in steps: piece by piece. */
static void
select_pieces(const Walk *walk, const Rate *rate)
{
	FareRun    *run = walk->run;

	run->part_count = 0;
	for (int p = walk->first_piece; p < walk->end_piece; p++)
	{
		int64_t		quantity = run->pieces[p].quantities[walk->dimension];

		run->provider->pause();
		if (quantity > 0 && rule_holds_at(run, rate->when, p))
			add_part(walk, rate, p, whole(quantity));
	}
}

static bool
has_range(const Rate *rate)
{
	return rate->has_to || rate->from.num != 0 || rate->per_rental;
}

static Rational
round_to_step(const Rate *rate, Rational quantity)
{
	if (!rate->has_step || quantity.num == 0)
		return quantity;
	switch (rate->step_rounding)
	{
		case STEP_UP:
			return rational_ceil(quantity, rate->step);
		case STEP_DOWN:
			return rational_floor(quantity, rate->step);
		case STEP_NEAREST:
			return rational_round(quantity, rate->step, ROUND_HALF_UP);
		case STEP_NONE:
			break;
	}
	return quantity;
}

/* Step 5: the total, with what was used before, becomes a whole number of steps. */
static void
round_parts(FareRun *run, Rational before)
{
	int			last = run->part_count - 1;
	Rational	total = whole(0);
	Rational	change;

	if (last < 0 || !run->parts[last].rate->has_step)
		return;
	for (int i = 0; i <= last; i++)
		total = rational_add(total, run->parts[i].billed);
	change = rational_subtract(round_to_step(run->parts[last].rate, rational_add(before, total)),
							   rational_add(round_to_step(run->parts[last].rate, before), total));
	if (!in_range(change))
		run->fits = false;
	for (int i = last; i >= 0 && run->fits && change.num != 0; i--)
	{
		Part	   *part = &run->parts[i];
		Rational	billed = rational_add(part->billed, change);

		change = rational_min(billed, whole(0));
		part->billed = rational_max(billed, whole(0));
	}
}

/* Is the line before one of the same rate, tier, factor and window, so that they are one? */
static bool
joins_last_line(const FareRun *run, const BillLine *line)
{
	const BillLine *last = run->line_count > 0 ? &run->lines[run->line_count - 1] : NULL;

	return last != NULL && line->priced_by != NULL && last->priced_by == line->priced_by &&
		last->cell == line->cell && rational_compare(last->factor, line->factor) == 0;
}

/* Step 7: a line for some of a part. */
static void
add_part_line(FareRun *run, const Part *part, const void *priced_by, Rational quantity, Rational billed,
			  Rational price, const char *unit_name, Rational unit)
{
	const Piece *first = &run->pieces[part->first_piece];
	BillLine   *line = next_line(run);

	*line = (BillLine) {
		.kind = (LineKind) part->rate->dimension, .rule = part->rate->name, .priced_by = priced_by,
		.timed = true, .from = first->from, .to = run->pieces[part->last_piece].to,
		.unit = unit_name, .quantity = rational_divide(quantity, unit), .billed = rational_divide(billed, unit),
		.rate = price, .factor = factor_of(run->tariff, part->multipliers), .cell = first->cell,
	};
	if (!in_range(line->factor))
	{
		run->fits = false;
		return;
	}
	if (joins_last_line(run, line))
	{
		BillLine   *last = &run->lines[--run->line_count];

		last->to = line->to;
		last->quantity = rational_add(last->quantity, line->quantity);
		last->billed = rational_add(last->billed, line->billed);
		line = last;
	}
	line->exact = rational_multiply(rational_multiply(price, line->billed), line->factor);
	finish_line(run);
}

static void
add_once_line(FareRun *run, const Part *part, Rational amount)
{
	add_part_line(run, part, NULL, whole(1), whole(1), amount, "once", whole(1));
}

/* What a part covers of its rate's quantity, after free units. */
typedef struct Stretch
{
	Rational	from;
	Rational	to;
	Rational	total;			/* of the trip */
	bool		opens;			/* is it the first that the rate ever priced? */
} Stretch;

static void
price_package(FareRun *run, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	billed = rational_subtract(rational_ceil(y->to, rate->unit), rational_ceil(y->from, rate->unit));

	add_part_line(run, part, &rate->tiers[0], rational_subtract(y->to, y->from), billed,
				  rate->tiers[0].price, rate->unit_name, rate->unit);
}

/* All units at the price of the tier that their number falls in. */
static void
price_volume(FareRun *run, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	quantity = rational_subtract(y->to, y->from);
	int			t = 0;

	for (; rate->tiers[t].has_to; t++)
	{
		Rational	to = rational_multiply(rate->tiers[t].to, rate->unit);

		run->fits = run->fits && in_range(to);
		if (rational_compare(to, y->total) >= 0)
			break;
	}
	if (y->opens && rate->tiers[t].flat.num != 0)
		add_once_line(run, part, rate->tiers[t].flat);
	if (quantity.num > 0)
		add_part_line(run, part, &rate->tiers[t], quantity, quantity, rate->tiers[t].price, rate->unit_name, rate->unit);
}

/* Each unit at the price of the tier that it falls in. */
static void
price_graduated(FareRun *run, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	above = whole(0);

	for (int t = 0; t < rate->tier_count; t++)
	{
		const Tier *tier = &rate->tiers[t];
		Rational	from = rational_max(y->from, above);
		Rational	to = y->to;
		bool		begun = t == 0 ? y->opens :
			rational_compare(y->from, above) <= 0 && rational_compare(y->to, above) > 0;

		if (tier->has_to)
		{
			above = rational_multiply(tier->to, rate->unit);
			if (!in_range(above))
			{
				run->fits = false;
				return;
			}
			to = rational_min(to, above);
		}
		if (begun && tier->flat.num != 0)
			add_once_line(run, part, tier->flat);
		if (rational_compare(to, from) > 0)
			add_part_line(run, part, tier, rational_subtract(to, from), rational_subtract(to, from),
						  tier->price, rate->unit_name, rate->unit);
	}
}

static void
price_part(FareRun *run, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;

	switch (rate->tier_mode)
	{
		case PACKAGE:
			price_package(run, part, y);
			return;
		case VOLUME:
			price_volume(run, part, y);
			return;
		case GRADUATED:
			price_graduated(run, part, y);
			return;
		case NO_TIERS:
			break;
	}
	if (!rate->once)
		add_part_line(run, part, rate, part->quantity, rational_subtract(y->to, y->from),
					  rate->price, rate->unit_name, rate->unit);
	else if (y->from.num == 0 && y->to.num > 0)
		add_once_line(run, part, rate->price);
}

static Rational
less_free(const Rate *rate, Rational quantity)
{
	if (rate->free.num == 0)
		return quantity;
	return rational_max(rational_subtract(quantity, rate->free), whole(0));
}

static bool
parts_fit(const FareRun *run)
{
	for (int i = 0; i < run->part_count; i++)
		if (!in_range(run->parts[i].quantity) || !in_range(run->parts[i].billed))
			return false;
	return true;
}

static RateState *
state_of(const FareRun *run, const Rate *rate)
{
	return &run->rate_states[rate - run->tariff->rates];
}

/* Step 6: the parts in order, each after the free units and tiers of its rate. */
static void
price_parts(FareRun *run)
{
	for (int i = 0; i < run->part_count; i++)
	{
		RateState  *state = state_of(run, run->parts[i].rate);

		state->total = rational_add(state->total, run->parts[i].billed);
	}
	for (int i = 0; i < run->part_count; i++)
	{
		const Part *part = &run->parts[i];
		RateState  *state = state_of(run, part->rate);
		Rational	from = state->place;
		Stretch		y;

		state->place = rational_add(from, part->billed);
		y = (Stretch) {
			.from = less_free(part->rate, from),
			.to = less_free(part->rate, state->place),
			.total = less_free(part->rate, state->total),
			.opens = !state->priced && used_before(run, part->rate).num == 0,
		};
		if (!in_range(y.from) || !in_range(y.to) || !in_range(y.total))
		{
			run->fits = false;
			return;
		}
		state->priced = true;
		price_part(run, part, &y);
	}
}

/* A rate that priced nothing may still have a flat first tier. */
static void
price_nothing(const Walk *walk, const Rate *rate)
{
	FareRun    *run = walk->run;

	if ((rate->tier_mode != GRADUATED && rate->tier_mode != VOLUME) ||
		used_before(run, rate).num != 0 || rate->tiers[0].flat.num == 0)
		return;
	for (int p = walk->first_piece; p < walk->end_piece; p++)
		if (rule_holds_at(run, rate->when, p))
		{
			add_once_line(run, &(Part) {
				.rate = rate, .first_piece = p, .last_piece = p,
					.multipliers = run->pieces[p].multipliers & walk->multipliers
			}, rate->tiers[0].flat);
			return;
		}
}

/* Where all rates are added: each by itself. */
static void
price_each(Walk *walk)
{
	FareRun    *run = walk->run;

	for (int r = 0; r < run->tariff->rate_count && run->fits; r++)
	{
		const Rate *rate = &run->tariff->rates[r];
		Rational	before;

		if (rate->dimension != walk->dimension)
			continue;
		walk->candidates = &rate;
		walk->candidate_count = 1;
		if (has_range(rate) || is_walked_in_steps(walk, rate))
			select_parts(walk);
		else
			select_pieces(walk, rate);
		if (!run->fits)
			return;
		if (run->part_count == 0)
		{
			price_nothing(walk, rate);
			continue;
		}
		before = used_in_range(run, rate);
		*state_of(run, rate) = (RateState) {round_to_step(rate, before), whole(0), false};
		round_parts(run, before);
		run->fits = run->fits && parts_fit(run);
		if (run->fits)
			price_parts(run);
	}
}

/* Where the first rate that fits is selected: the dimension as one. */
static void
price_first(Walk *walk)
{
	FareRun    *run = walk->run;
	const Tariff *t = run->tariff;

	walk->candidates = run->candidates;
	walk->candidate_count = 0;
	for (int r = 0; r < t->rate_count; r++)
		if (t->rates[r].dimension == walk->dimension)
		{
			run->candidates[walk->candidate_count++] = &t->rates[r];
			run->rate_states[r] = (RateState) {used_in_range(run, &t->rates[r]), whole(0), false};
		}
	select_parts(walk);
	if (run->fits && run->part_count > 0)
		round_parts(run, used_before(run, run->parts[run->part_count - 1].rate));
	run->fits = run->fits && parts_fit(run);
	if (run->fits)
		price_parts(run);
}

/* Room for what is known of each rate. */
static void
prepare_rates(FareRun *run)
{
	const Provider *p = run->provider;
	int			count = run->tariff->rate_count;

	if (run->rate_capacity >= count)
		return;
	run->rate_capacity = count;
	run->rate_states = p->resize(p->context, run->rate_states, (size_t) count * sizeof(RateState));
	run->candidates = p->resize(p->context, run->candidates, (size_t) count * sizeof(Rate *));
}

static void
set_positions(Walk *walk)
{
	FareRun    *run = walk->run;
	int			count = run->piece_count;

	if (run->position_capacity <= count)
	{
		run->position_capacity = count + 16;
		run->positions = run->provider->resize(run->provider->context, run->positions,
											   (size_t) run->position_capacity * sizeof(int64_t));
	}
	walk->total = 0;
	for (int p = 0; p < count; p++)
	{
		run->positions[p] = walk->total;
		walk->total += run->pieces[p].quantities[walk->dimension];
	}
	run->positions[count] = walk->total;
}

/* The lines of all rates. */
void
price_rates(FareRun *run)
{
	const Tariff *t = run->tariff;
	unsigned	priced = 0;		/* 1 << Dimension */

	prepare_rates(run);
	for (int r = 0; r < t->rate_count; r++)
		priced |= 1u << t->rates[r].dimension;
	for (int d = 0; d < DIMENSION_COUNT && run->fits; d++)
	{
		Walk		walk = {
			.run = run, .dimension = (Dimension) d,
			.first_piece = d == RESERVED ? 0 : run->first_driven,
			.end_piece = d == RESERVED ? run->first_driven : run->piece_count,
		};

		if (!(priced & (1u << d)))
			continue;
		walk.multipliers = multipliers_of(t, d);
		set_positions(&walk);
		if (t->select_first[d])
			price_first(&walk);
		else
			price_each(&walk);
	}
}
