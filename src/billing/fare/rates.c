/*
 * rates.c
 *		Steps 4 to 7: the rates of each dimension, as lines of the bill.
 *
 * A dimension's quantity is a stretch from 0 to its total, in millimetres or
 * microseconds, that runs through the pieces of the trip.  Rates are selected along
 * it.  What one rate gets in one go is a part.
 */
#include "billing/fare/factor.h"
#include "billing/fare/rates.h"

/* The way along one dimension. */
typedef struct Walk
{
	FareRates  *rates;
	const FarePieces *pieces;
	FareBill   *bill;
	Dimension	dimension;
	int			first_piece;	/* of those that have the dimension */
	int			end_piece;		/* the first one beyond them */
	int64_t		total;			/* quantity of all of them */
	uint32_t	multipliers;	/* those meant for the dimension */
	const Rate **candidates;	/* the first that holds at a place prices it */
	int			candidate_count;
} Walk;

static Rational
used_before(const Walk *walk, const Rate *rate)
{
	return whole(rate->per_rental ? walk->pieces->trip.used[rate->dimension] : 0);
}

/* Return where the rate's range begins, counted from the trip's start. */
static Rational
range_from(const Walk *walk, const Rate *rate)
{
	return rational_subtract(rate->from, used_before(walk, rate));
}

/* Return how much of what the rental used before lies in the range. */
static Rational
used_in_range(const Walk *walk, const Rate *rate)
{
	Rational	used = used_before(walk, rate);

	if (used.num == 0)
		return used;
	if (rate->has_to)
		used = rational_min(used, rate->to);
	return rational_max(rational_subtract(used, rate->from), whole(0));
}

static bool
is_asked_by_unit(const Condition *when)
{
	return when != NULL && when->evaluate == EVALUATE_UNIT;
}

/* Is it walked through in whole steps, each judged by the moment in which it was begun? */
static bool
is_walked_in_steps(const Walk *walk, const Rate *rate)
{
	const Tariff *t = walk->bill->tariff;

	if (!rate->has_step)
		return false;
	if (is_asked_by_unit(rate->when))
		return true;
	for (int m = 0; m < t->multiplier_count; m++)
		if ((walk->multipliers & (UINT32_C(1) << m)) && is_asked_by_unit(t->multipliers[m].when))
			return true;
	return false;
}

/* Return the piece that a place of the dimension is in; for one before the trip, the first. */
static int
piece_at(const Walk *walk, Rational x)
{
	const int64_t *positions = walk->rates->positions;
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

/* Return the first line of a grid of steps, which begins at `from`, at or after a place. */
static Rational
grid_ceil(Rational from, Rational step, Rational x)
{
	return rational_add(from, rational_ceil(rational_subtract(x, from), step));
}

/* Return the last one at or before it. */
static Rational
grid_floor(Rational from, Rational step, Rational x)
{
	return rational_add(from, rational_floor(rational_subtract(x, from), step));
}

/* What a rate says of a place. */
typedef struct Answer
{
	bool		holds;			/* does it price the place? */
	int			piece;			/* by which it was judged */
	Rational	until;			/* the answer stays the same up to here */
} Answer;

/* Find the piece by which a rate is judged at a place, and where the next one begins. */
static void
judge_place(const Walk *walk, const Rate *rate, Rational from, Rational x, Answer *answer)
{
	bool		in_steps;
	Rational	end;

	if (walk->end_piece - walk->first_piece == 1)
	{
		answer->piece = walk->first_piece;
		return;
	}
	in_steps = is_walked_in_steps(walk, rate);
	answer->piece = piece_at(walk, in_steps ? grid_floor(from, rate->step, x) : x);
	end = whole(walk->rates->positions[answer->piece + 1]);
	/* a step that was begun in the piece goes on beyond it */
	if (in_steps)
		end = grid_ceil(from, rate->step, end);
	answer->until = rational_min(answer->until, end);
}

static Answer
ask_rate(const Walk *walk, const Rate *rate, Rational x)
{
	Rational	from = range_from(walk, rate);
	Rational	total = whole(walk->total);
	Answer		answer = {false, 0, total};

	if (rational_compare(x, from) < 0)
	{
		answer.until = rational_min(total, from);
		return answer;
	}
	if (rate->has_to)
	{
		Rational	to = rational_subtract(rate->to, used_before(walk, rate));

		if (rational_compare(x, to) >= 0)
			return answer;
		answer.until = rational_min(total, to);
	}
	judge_place(walk, rate, from, x, &answer);
	answer.holds = fare_rule_holds_at(walk->pieces, rate->when, answer.piece);
	return answer;
}

static bool
same_factor(const Tariff *tariff, uint32_t a, uint32_t b)
{
	Rational	x,
				y;

	if (a == b)
		return true;
	x = fare_factor_of(tariff, a);
	y = fare_factor_of(tariff, b);
	return in_range(x) && in_range(y) && rational_compare(x, y) == 0;
}

/* Give a rate quantity that begins in a piece: as a new part, or to the last one if it goes on. */
static void
add_part(const Walk *walk, const Rate *rate, int piece, Rational quantity)
{
	FareRates  *rates = walk->rates;
	const Piece *pieces = walk->pieces->items;
	uint32_t	multipliers = pieces[piece].multipliers & walk->multipliers;

	if (rates->part_count > 0)
	{
		Part	   *last = &rates->parts[rates->part_count - 1];

		if (last->rate == rate && pieces[last->first_piece].cell == pieces[piece].cell &&
			same_factor(walk->bill->tariff, last->multipliers, multipliers))
		{
			last->quantity = rational_add(last->quantity, quantity);
			last->billed = last->quantity;
			last->last_piece = piece;
			return;
		}
	}
	rates->parts = make_room(walk->pieces->terms.provider, rates->parts, rates->part_count,
							 &rates->part_capacity, sizeof(Part));
	rates->parts[rates->part_count++] = (Part) {
		rate, piece, piece, multipliers, quantity, quantity
	};
}

/* Find the first candidate that prices a place; NULL if none does.  Narrows `until`. */
static const Rate *
select_rate(const Walk *walk, Rational x, Rational *until, int *piece)
{
	for (int i = 0; i < walk->candidate_count; i++)
	{
		Answer		answer = ask_rate(walk, walk->candidates[i], x);

		if (!in_range(answer.until))
		{
			walk->bill->fits = false;
			return NULL;
		}
		*until = rational_min(*until, answer.until);
		*piece = answer.piece;
		if (answer.holds)
			return walk->candidates[i];
	}
	return NULL;
}

/*
 * Step 4: select rates along the quantity.  The parts so far cover what is priced of it
 * from 0 to x.  Each turn goes on to where an answer may change, so x grows.
 */
static void
select_parts(const Walk *walk)
{
	Rational	x = whole(0);
	Rational	total = whole(walk->total);

	walk->rates->part_count = 0;
	while (walk->bill->fits && rational_compare(x, total) < 0)
	{
		Rational	until = total;
		int			piece = 0;
		const Rate *selected;

		walk->pieces->terms.provider->pause();
		selected = select_rate(walk, x, &until, &piece);
		if (selected != NULL)
			add_part(walk, selected, piece, rational_subtract(until, x));
		x = until;
	}
}

/* Do the same for a single rate that has no range and is not walked in steps: by pieces. */
static void
select_pieces(const Walk *walk, const Rate *rate)
{
	walk->rates->part_count = 0;
	for (int p = walk->first_piece; p < walk->end_piece; p++)
	{
		int64_t		quantity = walk->pieces->items[p].quantities[walk->dimension];

		walk->pieces->terms.provider->pause();
		if (quantity > 0 && fare_rule_holds_at(walk->pieces, rate->when, p))
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

/*
 * Step 5: the total, with what was used before, becomes a whole number of steps.
 * Rounding up adds quantity to the last part.  Rounding down removes it from the last
 * parts, none of which goes below 0.
 */
static void
round_parts(const Walk *walk, Rational before)
{
	FareRates  *rates = walk->rates;
	int			last = rates->part_count - 1;
	const Rate *rate;
	Rational	total = whole(0);
	Rational	change;

	if (last < 0 || !rates->parts[last].rate->has_step)
		return;
	rate = rates->parts[last].rate;
	for (int i = 0; i <= last; i++)
		total = rational_add(total, rates->parts[i].billed);
	change = rational_subtract(round_to_step(rate, rational_add(before, total)),
							   rational_add(round_to_step(rate, before), total));
	if (!in_range(change))
		walk->bill->fits = false;
	for (int i = last; i >= 0 && walk->bill->fits && change.num != 0; i--)
	{
		Part	   *part = &rates->parts[i];
		Rational	billed = rational_add(part->billed, change);

		change = rational_min(billed, whole(0));
		part->billed = rational_max(billed, whole(0));
	}
}

/* Is the line before one of the same rate, tier, factor and window, so that they are one? */
static bool
joins_last_line(const FareBill *bill, const BillLine *line)
{
	const BillLine *last = bill->line_count > 0 ? &bill->lines[bill->line_count - 1] : NULL;

	return last != NULL && line->priced_by != NULL && last->priced_by == line->priced_by &&
		last->cell == line->cell && rational_compare(last->factor, line->factor) == 0;
}

/* A quantity that is charged at a price. */
typedef struct Charged
{
	const void *priced_by;		/* see BillLine */
	Rational	quantity;		/* in mm or us, or in times */
	Rational	billed;
	Rational	price;			/* a unit */
	const char *unit_name;
	Rational	unit;
} Charged;

/* Step 7: add a line for some of a part, or lengthen the line before. */
static void
add_part_line(const Walk *walk, const Part *part, const Charged *charged)
{
	FareBill   *bill = walk->bill;
	const Piece *first = &walk->pieces->items[part->first_piece];
	BillLine   *line = fare_bill_next(bill);

	*line = (BillLine) {
		.kind = (LineKind) part->rate->dimension, .rule = part->rate->name,
		.priced_by = charged->priced_by, .timed = true, .from = first->from,
		.to = walk->pieces->items[part->last_piece].to, .unit = charged->unit_name,
		.quantity = rational_divide(charged->quantity, charged->unit),
		.billed = rational_divide(charged->billed, charged->unit), .rate = charged->price,
		.factor = fare_factor_of(bill->tariff, part->multipliers), .cell = first->cell,
	};
	if (!in_range(line->factor))
	{
		bill->fits = false;
		return;
	}
	if (joins_last_line(bill, line))
	{
		BillLine   *last = &bill->lines[--bill->line_count];

		last->to = line->to;
		last->quantity = rational_add(last->quantity, line->quantity);
		last->billed = rational_add(last->billed, line->billed);
		line = last;
	}
	line->exact = rational_multiply(rational_multiply(charged->price, line->billed), line->factor);
	fare_bill_finish(bill);
}

/* Add a line for units of the rate, or of one of its tiers. */
static void
add_units_line(const Walk *walk, const Part *part, const void *priced_by, Rational price,
			   Rational quantity, Rational billed)
{
	const Rate *rate = part->rate;

	add_part_line(walk, part, &(Charged) {
		priced_by, quantity, billed, price, rate->unit_name, rate->unit
	});
}

/* Add a line for an amount that is charged once. */
static void
add_once_line(const Walk *walk, const Part *part, Rational amount)
{
	add_part_line(walk, part, &(Charged) {
		NULL, whole(1), whole(1), amount, "once", whole(1)
	});
}

/* What a part covers of its rate's quantity, after free units. */
typedef struct Stretch
{
	Rational	from;
	Rational	to;
	Rational	total;			/* of the trip */
	bool		opens;			/* is it the first that the rate ever priced? */
} Stretch;

/* Charge whole packages: each one that the stretch begins. */
static void
price_package(const Walk *walk, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	billed = rational_subtract(rational_ceil(y->to, rate->unit),
										   rational_ceil(y->from, rate->unit));

	add_units_line(walk, part, &rate->tiers[0], rate->tiers[0].price,
				   rational_subtract(y->to, y->from), billed);
}

/* Charge all units at the price of the tier that their number falls in. */
static void
price_volume(const Walk *walk, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	quantity = rational_subtract(y->to, y->from);
	const Tier *tier = rate->tiers;

	for (; tier->has_to; tier++)
	{
		Rational	to = rational_multiply(tier->to, rate->unit);

		walk->bill->fits = walk->bill->fits && in_range(to);
		if (rational_compare(to, y->total) >= 0)
			break;
	}
	if (y->opens && tier->flat.num != 0)
		add_once_line(walk, part, tier->flat);
	if (quantity.num > 0)
		add_units_line(walk, part, tier, tier->price, quantity, quantity);
}

/* Charge each unit at the price of the tier that it falls in. */
static void
price_graduated(const Walk *walk, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;
	Rational	above = whole(0);	/* the tier is of what is above this */

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
				walk->bill->fits = false;
				return;
			}
			to = rational_min(to, above);
		}
		if (begun && tier->flat.num != 0)
			add_once_line(walk, part, tier->flat);
		if (rational_compare(to, from) > 0)
			add_units_line(walk, part, tier, tier->price,
						   rational_subtract(to, from), rational_subtract(to, from));
	}
}

static void
price_part(const Walk *walk, const Part *part, const Stretch *y)
{
	const Rate *rate = part->rate;

	switch (rate->tier_mode)
	{
		case PACKAGE:
			price_package(walk, part, y);
			return;
		case VOLUME:
			price_volume(walk, part, y);
			return;
		case GRADUATED:
			price_graduated(walk, part, y);
			return;
		case NO_TIERS:
			break;
	}
	if (!rate->once)
		add_units_line(walk, part, rate, rate->price, part->quantity,
					   rational_subtract(y->to, y->from));
	else if (y->from.num == 0 && y->to.num > 0)
		add_once_line(walk, part, rate->price);
}

static Rational
less_free(const Rate *rate, Rational quantity)
{
	if (rate->free.num == 0)
		return quantity;
	return rational_max(rational_subtract(quantity, rate->free), whole(0));
}

static bool
parts_fit(const FareRates *rates)
{
	for (int i = 0; i < rates->part_count; i++)
		if (!in_range(rates->parts[i].quantity) || !in_range(rates->parts[i].billed))
			return false;
	return true;
}

static RateState *
state_of(const Walk *walk, const Rate *rate)
{
	return &walk->rates->states[rate - walk->bill->tariff->rates];
}

/* Step 6: price the parts in order, each after the free units and tiers of its rate. */
static void
price_parts(const Walk *walk)
{
	const FareRates *rates = walk->rates;

	for (int i = 0; i < rates->part_count; i++)
	{
		RateState  *state = state_of(walk, rates->parts[i].rate);

		state->total = rational_add(state->total, rates->parts[i].billed);
	}
	for (int i = 0; i < rates->part_count; i++)
	{
		const Part *part = &rates->parts[i];
		RateState  *state = state_of(walk, part->rate);
		Rational	from = state->place;
		Stretch		y;

		state->place = rational_add(from, part->billed);
		y = (Stretch) {
			.from = less_free(part->rate, from),
			.to = less_free(part->rate, state->place),
			.total = less_free(part->rate, state->total),
			.opens = !state->priced && used_before(walk, part->rate).num == 0,
		};
		if (!in_range(y.from) || !in_range(y.to) || !in_range(y.total))
		{
			walk->bill->fits = false;
			return;
		}
		state->priced = true;
		price_part(walk, part, &y);
	}
}

/* Charge the flat amount of the first tier, which a rate that priced nothing may still have. */
static void
price_nothing(const Walk *walk, const Rate *rate)
{
	if ((rate->tier_mode != GRADUATED && rate->tier_mode != VOLUME) ||
		used_before(walk, rate).num != 0 || rate->tiers[0].flat.num == 0)
		return;
	for (int p = walk->first_piece; p < walk->end_piece; p++)
		if (fare_rule_holds_at(walk->pieces, rate->when, p))
		{
			add_once_line(walk, &(Part) {
				.rate = rate, .first_piece = p, .last_piece = p,
					.multipliers = walk->pieces->items[p].multipliers & walk->multipliers
			}, rate->tiers[0].flat);
			return;
		}
}

/* Round and price the parts that were selected. */
static void
finish_parts(const Walk *walk, Rational before)
{
	round_parts(walk, before);
	walk->bill->fits = walk->bill->fits && parts_fit(walk->rates);
	if (walk->bill->fits)
		price_parts(walk);
}

/* Price one rate by itself. */
static void
price_rate(Walk *walk, const Rate *rate)
{
	Rational	before;

	walk->candidates = &rate;
	walk->candidate_count = 1;
	if (has_range(rate) || is_walked_in_steps(walk, rate))
		select_parts(walk);
	else
		select_pieces(walk, rate);
	if (!walk->bill->fits)
		return;
	if (walk->rates->part_count == 0)
	{
		price_nothing(walk, rate);
		return;
	}
	before = used_in_range(walk, rate);
	*state_of(walk, rate) = (RateState) {round_to_step(rate, before), whole(0), false};
	finish_parts(walk, before);
}

/* Price a dimension whose rates are added. */
static void
price_each(Walk *walk)
{
	const Tariff *t = walk->bill->tariff;

	for (int r = 0; r < t->rate_count && walk->bill->fits; r++)
		if (t->rates[r].dimension == walk->dimension)
			price_rate(walk, &t->rates[r]);
}

/* Price a dimension of which each place has the first rate that fits. */
static void
price_first(Walk *walk)
{
	FareRates  *rates = walk->rates;
	const Tariff *t = walk->bill->tariff;
	Rational	before = whole(0);

	walk->candidates = rates->candidates;
	walk->candidate_count = 0;
	for (int r = 0; r < t->rate_count; r++)
	{
		const Rate *rate = &t->rates[r];

		if (rate->dimension != walk->dimension)
			continue;
		rates->candidates[walk->candidate_count++] = rate;
		rates->states[r] = (RateState) {used_in_range(walk, rate), whole(0), false};
	}
	select_parts(walk);
	if (walk->bill->fits && rates->part_count > 0)
		before = used_before(walk, rates->parts[rates->part_count - 1].rate);
	if (walk->bill->fits)
		finish_parts(walk, before);
}

/* Make room for what is known of each rate. */
static void
make_rate_room(FareRates *rates, const Provider *provider, int count)
{
	if (rates->rate_capacity >= count)
		return;
	rates->states = provider->resize(provider->context, rates->states,
									 (size_t) count * sizeof(RateState));
	rates->candidates = provider->resize(provider->context, rates->candidates,
										 (size_t) count * sizeof(Rate *));
	rates->rate_capacity = count;
}

/* Find where along the dimension each piece begins. */
static void
set_positions(Walk *walk)
{
	FareRates  *rates = walk->rates;
	const Provider *provider = walk->pieces->terms.provider;
	int			count = walk->pieces->count;

	if (rates->position_capacity <= count)
	{
		int			capacity = count + 16;

		rates->positions = provider->resize(provider->context, rates->positions,
											(size_t) capacity * sizeof(int64_t));
		rates->position_capacity = capacity;
	}
	walk->total = 0;
	for (int p = 0; p < count; p++)
	{
		rates->positions[p] = walk->total;
		walk->total += walk->pieces->items[p].quantities[walk->dimension];
	}
	rates->positions[count] = walk->total;
}

static void
price_dimension(FareRates *rates, const FarePieces *pieces, FareBill *bill, Dimension dimension)
{
	bool		reserved = dimension == RESERVED;
	Walk		walk = {
		.rates = rates, .pieces = pieces, .bill = bill, .dimension = dimension,
		.first_piece = reserved ? 0 : pieces->first_driven,
		.end_piece = reserved ? pieces->first_driven : pieces->count,
		.multipliers = fare_multipliers_of(bill->tariff, dimension),
	};

	set_positions(&walk);
	if (bill->tariff->select_first[dimension])
		price_first(&walk);
	else
		price_each(&walk);
}

/* Add the lines of all rates, a dimension after the other. */
void
fare_price_rates(FareRates *rates, const FarePieces *pieces, FareBill *bill)
{
	const Tariff *t = bill->tariff;
	unsigned	priced = 0;		/* 1 << Dimension */

	make_rate_room(rates, pieces->terms.provider, t->rate_count);
	for (int r = 0; r < t->rate_count; r++)
		priced |= 1u << t->rates[r].dimension;
	for (int d = 0; d < DIMENSION_COUNT && bill->fits; d++)
		if (priced & (1u << d))
			price_dimension(rates, pieces, bill, (Dimension) d);
}
