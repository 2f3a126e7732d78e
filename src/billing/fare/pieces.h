/*
 * pieces.h
 *		A trip in pieces, in each of which no condition changes its answer.  Pure C.
 *
 * fare_cut_pieces() cuts the time of a trip, fare_fill_pieces() fills the pieces with
 * what was driven.  The steps that price the trip only read them.
 */
#ifndef TRIPMETER_FARE_PIECES_H
#define TRIPMETER_FARE_PIECES_H

#include "billing/fare/edges.h"
#include "billing/fare/judge.h"
#include "billing/tariff/condition.h"

/* A piece of reserved time has that time alone. */
typedef struct Piece
{
	int64_t		from;
	int64_t		to;
	int64_t		quantities[DIMENSION_COUNT];	/* in mm or us */
	int64_t		gap_us;			/* time that was not recorded */
	int64_t		meter_mm;		/* of legs that the meter takes by distance */
	int64_t		meter_us;		/* of legs that it takes by time */
	uint32_t	multipliers;	/* 1 << index of each that holds */
	uint32_t	tests;			/* answers of the timeline, where it is known */
	int			cell;			/* see CapCell */
} Piece;

/* A stretch of time in which no window of a cap ends: in which window of each cap it is. */
typedef struct CapCell
{
	int			windows[MAX_CAPS];
} CapCell;

/* The arrays serve one trip after the other. */
typedef struct FarePieces
{
	FareTerms	terms;
	Trip		trip;
	Circumstances circumstances;
	bool		answers_known;	/* does the timeline answer in all pieces? */
	int			count;
	int			capacity;
	Piece	   *items;			/* adjoining, in order; those of reserved time come first */
	int			first_driven;	/* index of the piece that begins at the start; there is one */
	int			at;				/* index of the piece that was filled last */
	int			cell_count;		/* 0: the tariff has no caps */
	int			cell_capacity;
	CapCell    *cells;			/* in order; of the driven pieces */
} FarePieces;

extern void fare_cut_pieces(FarePieces *pieces, const FareTerms *terms, const Trip *trip,
							const FareEdges *edges);
extern void fare_fill_pieces(FarePieces *pieces, const MeterJudge *judge, const TripLeg *leg);
extern int	fare_piece_until(const FarePieces *pieces, int64_t instant);
extern bool fare_rule_holds_at(const FarePieces *pieces, const Condition *when, int piece);
extern bool fare_rule_holds(const FarePieces *pieces, const Condition *when);

#endif							/* TRIPMETER_FARE_PIECES_H */
