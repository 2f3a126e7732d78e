/*
 * pieces.c
 *		A trip in pieces, in each of which no condition changes its answer.
 */
#include <string.h>

#include "billing/fare/pieces.h"

static void
add_piece(FarePieces *pieces, int64_t from, int64_t to)
{
	Piece	   *piece;

	pieces->items = make_room(pieces->terms.provider, pieces->items, pieces->count,
							  &pieces->capacity, sizeof(Piece));
	piece = &pieces->items[pieces->count++];
	*piece = (Piece) {.from = from, .to = to};
	if (from < pieces->trip.start)
		piece->quantities[RESERVED] = to - from;
}

/*
 * Add the pieces up to an instant: one between each two edges, of which *next is the
 * first that is left.
 */
static int64_t
add_pieces_until(FarePieces *pieces, const InstantList *edges, int *next, int64_t from, int64_t to)
{
	for (; *next < edges->count && edges->instants[*next] < to; (*next)++)
	{
		int64_t		edge = edges->instants[*next];

		if (edge <= from)
			continue;
		add_piece(pieces, from, edge);
		from = edge;
	}
	return from;
}

/* Make the pieces between the edges.  A trip has one, even if it takes no time. */
static void
make_pieces(FarePieces *pieces, const InstantList *edges)
{
	const Trip *trip = &pieces->trip;
	int			next = 0;
	int64_t		from;

	pieces->count = 0;
	from = add_pieces_until(pieces, edges, &next, trip->start - trip->reserved, trip->start);
	if (from < trip->start)
		add_piece(pieces, from, trip->start);
	pieces->first_driven = pieces->at = pieces->count;
	from = add_pieces_until(pieces, edges, &next, trip->start, trip->end);
	add_piece(pieces, from, trip->end);
}

/* Copy what the timeline answers into the pieces. */
static void
answer_pieces(FarePieces *pieces, const FareEdges *edges)
{
	int			at = 0;

	pieces->answers_known = edges->answers_known;
	for (int p = 0; edges->answers_known && p < pieces->count; p++)
	{
		while (at + 1 < edges->answer_count &&
			   edges->answers[at + 1].from <= pieces->items[p].from)
			at++;
		pieces->items[p].tests = edges->answers[at].tests;
	}
}

static CapCell *
add_cell(FarePieces *pieces)
{
	pieces->cells = make_room(pieces->terms.provider, pieces->cells, pieces->cell_count,
							  &pieces->cell_capacity, sizeof(CapCell));
	return &pieces->cells[pieces->cell_count++];
}

/*
 * Number the windows of the caps, and the cells between all their ends.  A piece that
 * begins at an end is the first of the next window.
 */
static void
number_cells(FarePieces *pieces, const InstantList *ends)
{
	int			cap_count = pieces->terms.tariff->cap_count;
	CapCell		now = {{0}};

	*add_cell(pieces) = now;
	for (int p = pieces->first_driven; p < pieces->count; p++)
	{
		bool		ended = false;

		for (int k = 0; k < cap_count; k++)
			for (; now.windows[k] < ends[k].count &&
				 ends[k].instants[now.windows[k]] <= pieces->items[p].from; now.windows[k]++)
				ended = true;
		if (ended)
			*add_cell(pieces) = now;
		pieces->items[p].cell = pieces->cell_count - 1;
	}
}

static void
make_cells(FarePieces *pieces)
{
	const Tariff *t = pieces->terms.tariff;
	const Provider *provider = pieces->terms.provider;
	InstantList ends[MAX_CAPS];

	for (int k = 0; k < t->cap_count; k++)
	{
		ends[k] = (InstantList) {.provider = provider};
		fare_add_cap_ends(&pieces->terms, &pieces->trip, &t->caps[k], &ends[k]);
	}
	number_cells(pieces, ends);
	for (int k = 0; k < t->cap_count; k++)
		provider->resize(provider->context, ends[k].instants, 0);
}

static void
find_multipliers(FarePieces *pieces)
{
	const Tariff *t = pieces->terms.tariff;

	for (int p = 0; t->multiplier_count > 0 && p < pieces->count; p++)
	{
		pieces->terms.provider->pause();
		for (int m = 0; m < t->multiplier_count; m++)
			if (fare_rule_holds_at(pieces, t->multipliers[m].when, p))
				pieces->items[p].multipliers |= UINT32_C(1) << m;
	}
}

/* Cut the time of a trip at the edges. */
void
fare_cut_pieces(FarePieces *pieces, const FareTerms *terms, const Trip *trip, const FareEdges *edges)
{
	pieces->terms = *terms;
	pieces->trip = *trip;
	pieces->circumstances = (Circumstances) {terms->clock, trip->start, trip->attribute_results};
	make_pieces(pieces, &edges->instants);
	answer_pieces(pieces, edges);
	pieces->cell_count = 0;
	if (terms->tariff->cap_count > 0 && !edges->too_many)
		make_cells(pieces);
	find_multipliers(pieces);
}

/* Return the part of a leg's amount that lies before an instant, rounded down. */
static int64_t
share_until(const TripLeg *leg, int64_t amount, int64_t instant)
{
	if (instant >= leg->to)
		return amount;
	if (instant <= leg->from)
		return 0;
	return (int64_t) ((Int128) amount * (instant - leg->from) / (leg->to - leg->from));
}

/* Return the part that lies between two instants: such parts add up to the amount. */
static int64_t
share_between(const TripLeg *leg, int64_t amount, int64_t from, int64_t to)
{
	return share_until(leg, amount, to) - share_until(leg, amount, from);
}

/* Add the part of a leg that lies between two instants, and within the piece, to the piece. */
static void
fill_piece(Piece *piece, const TripLeg *leg, MeterVerdict verdict, int64_t from, int64_t to)
{
	int64_t		mm = leg->from == leg->to ? leg->mm : share_between(leg, leg->mm, from, to);

	piece->quantities[DISTANCE] += mm;
	piece->quantities[TIME] += to - from;
	if (leg->gap)
		piece->gap_us += to - from;
	else
	{
		int64_t		moving = share_between(leg, leg->moving, from, to);

		piece->quantities[MOVING] += moving;
		/* rounded so that both parts add up to the time of the piece */
		if (leg->moving + leg->stopped > 0)
			piece->quantities[STOPPED] += to - from - moving;
	}
	if (verdict.by_distance)
		piece->meter_mm += mm;
	if (verdict.by_time)
		piece->meter_us += to - from;
}

/* Return the index of the piece in which an instant is; legs mostly come in order. */
static int
find_piece(const FarePieces *pieces, int64_t instant)
{
	int			p = pieces->at;

	while (p > pieces->first_driven && instant < pieces->items[p].from)
		p--;
	while (p < pieces->count - 1 && instant >= pieces->items[p].to)
		p++;
	return p;
}

/* Add a leg, or the part of it that lies before the trip's end, to the pieces. */
void
fare_fill_pieces(FarePieces *pieces, const MeterJudge *judge, const TripLeg *leg)
{
	const Tariff *t = pieces->terms.tariff;
	MeterVerdict verdict = {false, false};
	bool		instant = leg->from == leg->to;
	int			p = find_piece(pieces, leg->from);

	if (t->has_meter)
		verdict = fare_judge_leg(judge, &t->meter, leg);
	for (;; p++)
	{
		Piece	   *piece = &pieces->items[p];
		int64_t		from = leg->from > piece->from ? leg->from : piece->from;
		int64_t		to = leg->to < piece->to ? leg->to : piece->to;

		if (to > from || (instant && leg->from <= pieces->trip.end))
			fill_piece(piece, leg, verdict, from, to > from ? to : from);
		if (leg->to <= piece->to || p == pieces->count - 1)
			break;
	}
	pieces->at = p;
}

/* Return the index of the first driven piece that is not over before an instant. */
int
fare_piece_until(const FarePieces *pieces, int64_t instant)
{
	int			low = pieces->first_driven;
	int			high = pieces->count - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (pieces->items[middle].to < instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does a rule hold in a piece?  One that is asked at the start holds in all pieces or in none. */
bool
fare_rule_holds_at(const FarePieces *pieces, const Condition *when, int piece)
{
	const Piece *asked;

	if (when == NULL)
		return true;
	asked = &pieces->items[when->evaluate == EVALUATE_START ? pieces->first_driven : piece];
	if (when->only_windows && pieces->answers_known)
		return asked->tests & (UINT32_C(1) << (when->window_test - 1));
	return condition_holds(when, &pieces->circumstances,
						   &(Moment) {asked->from, pieces->answers_known, asked->tests});
}

/* Does a rule of the trip as a whole hold, at the start or in some driven piece? */
bool
fare_rule_holds(const FarePieces *pieces, const Condition *when)
{
	int			last = condition_may_change(when) ? pieces->count - 1 : pieces->first_driven;

	for (int p = pieces->first_driven; p <= last; p++)
		if (fare_rule_holds_at(pieces, when, p))
			return true;
	return false;
}
