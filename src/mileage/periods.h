/*
 * periods.h
 *		Share metres out to periods that may overlap.  Pure C.
 */
#ifndef TRIPMETER_PERIODS_H
#define TRIPMETER_PERIODS_H

#include "mileage/drive.h"

typedef struct Period
{
	int64_t		from;
	int64_t		to;
	int64_t		latest;			/* of the ends below it in the tree: see periods_arrange */
	double		metres;
	int			place;			/* where the caller has it */
} Period;

typedef struct Periods
{
	int			count;
	Period	   *periods;
} Periods;

extern void periods_arrange(Periods *periods);
extern void periods_share(Periods *periods, const Drive *drive);

#endif							/* TRIPMETER_PERIODS_H */
