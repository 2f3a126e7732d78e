/*
 * fare.h
 *		What a trip costs under a tariff, line by line.  Pure C.
 *
 * fare_begin() cuts the time of a trip into pieces, fare_add_leg() fills them with what
 * was driven, fare_finish() makes the bill.  doc/billing.md has the order of evaluation.
 */
#ifndef TRIPMETER_FARE_H
#define TRIPMETER_FARE_H

#include "billing/tariff/condition.h"
#include "billing/tariff/timeline.h"

/* Trips are shorter, so that no product of whole numbers overflows. */
#define MAX_TRIP_MILLIMETRES	INT64_C(1000000000000000)	/* 10^9 km */
#define MAX_TRIP_MICROSECONDS	INT64_C(3155760000000000)	/* a century */

/* Nor are they cut more often, so that memory and time are bounded. */
#define MAX_EDGES				1000000

/* What a trip brings with it besides its legs. */
typedef struct Trip
{
	int64_t		start;
	int64_t		end;
	int64_t		reserved;		/* microseconds before the start */
	int64_t		used[DIMENSION_COUNT];	/* of the rental, before this trip */
	const bool *attribute_results;	/* by Tariff.attribute_tests */
	const Rational *attribute_amounts;	/* by Tariff.amount_attributes */
} Trip;

/* What was driven from one instant to another; `moving` and `stopped` of its time. */
typedef struct TripLeg
{
	int64_t		from;
	int64_t		to;
	int64_t		mm;
	int64_t		moving;
	int64_t		stopped;
	bool		gap;			/* not recorded */
} TripLeg;

/*
 * A stretch of time in which no condition changes its answer, and what was driven in it.
 * The pieces of reserved time come first; they have nothing else.
 */
typedef struct Piece
{
	int64_t		from;
	int64_t		to;
	int64_t		quantities[DIMENSION_COUNT];	/* mm, us */
	int64_t		gap_us;
	int64_t		meter_mm;		/* of legs that the meter prices by distance */
	int64_t		meter_us;		/* by time */
	uint32_t	multipliers;	/* 1 << index of those that hold */
	uint32_t	tests;			/* what the timeline answers */
	int			cell;
} Piece;

/* A stretch of time in which no window of a cap ends; which window of each cap it is in. */
typedef struct Cell
{
	Rational	amount;
	Rational	kept;			/* what the caps would leave of it */
	int			windows[MAX_CAPS];
} Cell;

#define NO_CELL		(-1)		/* of lines that no cap limits */

typedef struct BillLine
{
	LineKind	kind;
	const char *rule;
	const void *priced_by;		/* the rate or tier, whose lines may be joined; or NULL */
	bool		timed;
	int64_t		from;			/* where timed */
	int64_t		to;
	const char *unit;			/* or NULL: the line has no quantity of its own */
	Rational	quantity;		/* in units */
	Rational	billed;
	Rational	rate;
	Rational	factor;
	Rational	exact;			/* billed times rate times factor */
	bool		note;			/* says that a rule had no effect */
	int			cell;
	int64_t		amount;			/* as it is rounded: in units of the bill */
	Rational	remainder;		/* what rounding it down left */
} BillLine;

/* Is the meter known from legs, or only in bounds? */
typedef enum MeterKnowledge
{
	METER_KNOWN, METER_LOW, METER_HIGH
} MeterKnowledge;

/* Some of a dimension's quantity that has one rate and one factor. */
typedef struct Part
{
	const Rate *rate;
	int			first_piece;
	int			last_piece;
	uint32_t	multipliers;	/* those that apply */
	Rational	quantity;		/* as it was, in mm or us */
	Rational	billed;			/* rounded to the step */
} Part;

/* What has been billed of a rate so far, the rental's earlier trips included. */
typedef struct RateState
{
	Rational	place;
	Rational	total;			/* of this trip */
	bool		priced;			/* in this trip */
} RateState;

/* A trip that is being priced; its arrays serve the next one, too. */
typedef struct FareRun
{
	Timeline   *timeline;		/* of the tariff, set by who has one; or NULL */
	const Tariff *tariff;
	const Provider *provider;
	Clock	   *clock;
	Trip		trip;
	Circumstances circumstances;
	MeterKnowledge meter_knowledge;

	/* a leg's metres count by distance where mm * judge_mm >= us * judge_us */
	int64_t		judge_mm;
	int64_t		judge_us;

	bool		answers_known;
	int			answer_count;
	int			answer_capacity;
	Answers    *answers;		/* of the timeline, from the first moment to the end */
	InstantList edges;
	int			piece_count;
	int			piece_capacity;
	Piece	   *pieces;
	int			first_driven;	/* the piece that begins at the start */
	int			at;				/* the piece that was filled last */
	int			cell_count;
	int			cell_capacity;
	Cell	   *cells;
	int			part_count;
	int			part_capacity;
	Part	   *parts;
	int			rate_capacity;
	RateState  *rate_states;	/* by Tariff.rates */
	const Rate **candidates;	/* room for as many */
	int			position_capacity;
	int64_t    *positions;		/* of a dimension: its quantity before each piece, and all */

	/* the bill */
	int			line_count;
	int			line_capacity;
	BillLine   *lines;
	Rational	total;			/* of the lines' exact amounts */
	Rational	unit;			/* of amounts */
	int64_t		fare;			/* in such units */
	bool		fits;			/* false: an amount is out of range, */
	bool		too_many_edges;	/* or this */
} FareRun;

extern void fare_begin(FareRun *run, const Tariff *tariff, Clock *clock,
					   const Provider *provider, const Trip *trip);
extern void fare_add_leg(FareRun *run, const TripLeg *leg);
extern bool fare_finish(FareRun *run);
extern bool fare_finish_until(FareRun *run, int64_t instant);
extern void fare_allocate(FareRun *run);
extern bool changes_on_the_way(const Condition *when);
extern bool tariff_may_fall(const Tariff *tariff);

/* Parts of fare_finish, in their order. */
extern void price_rates(FareRun *run);
extern void price_meter(FareRun *run);
extern void adjust_bill(FareRun *run);

/* For them. */
extern bool rule_holds_at(const FareRun *run, const Condition *when, int piece);
extern bool rule_holds(const FareRun *run, const Condition *when);
extern uint32_t multipliers_of(const Tariff *tariff, int target);
extern Rational factor_of(const Tariff *tariff, uint32_t multipliers);
extern BillLine *next_line(FareRun *run);
extern BillLine *finish_line(FareRun *run);
extern BillLine *add_line(FareRun *run, const BillLine *line);

#endif							/* TRIPMETER_FARE_H */
