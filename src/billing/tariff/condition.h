/*
 * condition.h
 *		When a condition of a tariff holds.  Pure C.
 */
#ifndef TRIPMETER_TARIFF_CONDITION_H
#define TRIPMETER_TARIFF_CONDITION_H

#include "billing/tariff/clock.h"
#include "billing/tariff/memory.h"
#include "billing/tariff/tariff.h"

/* When they are asked. */
typedef struct Moment
{
	int64_t		instant;
	bool		tests_known;
	uint32_t	tests;			/* what the timeline answers, where that is known */
} Moment;

/* What conditions are asked about. */
typedef struct Circumstances
{
	Clock	   *clock;
	int64_t		start;			/* of the trip */
	const bool *attribute_results;	/* by Tariff.attribute_tests */
} Circumstances;

extern bool condition_holds(const Condition *condition, const Circumstances *of, const Moment *moment);
extern void condition_edges(const Condition *condition, const Circumstances *of,
							int64_t from, int64_t to, InstantList *edges, uint32_t *tests);

/* May it begin or cease to hold during a trip? */
static inline bool
condition_may_change(const Condition *condition)
{
	return condition != NULL && condition->evaluate != EVALUATE_START;
}

/* Its windows of local time alone. */
extern bool condition_has_windows(const Condition *condition);
extern bool condition_windows_hold(const Condition *condition, Clock *clock, int64_t instant);
extern void condition_window_edges(const Condition *condition, Clock *clock,
							 int64_t from, int64_t to, InstantList *edges);

#endif							/* TRIPMETER_TARIFF_CONDITION_H */
