/*
 * grid.h
 *		Conditions, asked of made-up moments: may one ever hold, and when do none?
 *
 * Between the edges of its windows, lists and ranges a condition does not change its
 * answer.  So a grid of moments, one for each combination of edges, stands for all.
 */
#ifndef TRIPMETER_LINT_GRID_H
#define TRIPMETER_LINT_GRID_H

#include "billing/tariff/tariff.h"

#define MAX_GRID_DATES		512
#define MAX_GRID_TIMES		256
#define MAX_GRID_ELAPSED	64
#define MAX_GRID_LISTS		60

#define BEFORE_THE_START	(-1)

typedef struct Moment
{
	int32_t		date;			/* of the local clock */
	int64_t		time_of_day;
	int64_t		elapsed;		/* BEFORE_THE_START: while reserved */
} Moment;

typedef struct Grid
{
	bool		incomplete;		/* had more edges than there is room for */
	int			date_count;
	int32_t		dates[MAX_GRID_DATES];	/* the first seven are in no list */
	uint64_t	signatures[MAX_GRID_DATES];
	int			time_count;
	int64_t		times[MAX_GRID_TIMES];
	int			elapsed_count;
	int64_t		elapsed[MAX_GRID_ELAPSED];
	int			list_count;
	const DateList *lists[MAX_GRID_LISTS];
} Grid;

/* An attribute that a trip has, as JSON text; no name: it has none. */
typedef struct Attribute
{
	const char *name;
	const char *value;
	int			length;
} Attribute;

extern void grid_init(Grid *grid);
extern void grid_add(Grid *grid, const Condition *when);
extern void grid_add_elapsed(Grid *grid, int64_t elapsed);
extern void grid_choose_dates(Grid *grid, int ranges);

extern bool next_value(const char **values, Attribute *attribute);
extern bool attributes_hold(const Tariff *tariff, const Condition *when, const Attribute *attribute);
extern bool moment_fits(const Condition *when, Moment moment, bool negated_attributes);
extern bool condition_is_unknown(const Condition *when, bool calendars_missing);
extern bool condition_possible(const Tariff *tariff, const Condition *when, int64_t elapsed_from,
							   int64_t elapsed_to);

#endif							/* TRIPMETER_LINT_GRID_H */
