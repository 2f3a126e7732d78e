/*
 * edges.h
 *		The instants at which the time of a trip is cut.  Pure C.
 *
 * A trip is cut where a condition changes its answer, and where a window of a cap ends.
 */
#ifndef TRIPMETER_FARE_EDGES_H
#define TRIPMETER_FARE_EDGES_H

#include "billing/fare/trip.h"

/* A trip is not cut more often, so that memory and time are bounded. */
#define MAX_EDGES				1000000

typedef struct FareEdges
{
	bool		answers_known;	/* does the timeline answer for all of the trip? */
	int			answer_count;
	int			answer_capacity;
	Answers    *answers;		/* of the timeline, from the first moment on, in order */
	InstantList instants;		/* in order; the same one may occur again */
	bool		too_many;		/* there are more than MAX_EDGES; `instants` is empty then */
} FareEdges;

extern void fare_find_edges(FareEdges *edges, const FareTerms *terms, const Trip *trip);
extern void fare_add_cap_ends(const FareTerms *terms, const Trip *trip, const Cap *cap,
							  InstantList *ends);

#endif							/* TRIPMETER_FARE_EDGES_H */
