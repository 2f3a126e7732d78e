/*
 * lint.h
 *		What a tariff says that its author hardly meant.  Pure C.
 *
 * A finding is true of some trip, or for `unreachable` of every one: where the linter
 * does not know, it is silent.
 */
#ifndef TRIPMETER_LINT_H
#define TRIPMETER_LINT_H

#include "billing/tariff/tariff.h"

#define LINT_DATE_SIZE	16		/* of a date's text, with its end */

/*
 * A change of the zone's clock, in microseconds of local time since PostgreSQL's
 * epoch: what it would have shown, and what it shows.
 */
typedef struct ZoneChange
{
	int64_t		before;
	int64_t		after;
} ZoneChange;

typedef struct Linter
{
	const Tariff *tariff;
	int			change_count;
	const ZoneChange *changes;
	bool		calendars_missing;	/* a condition names one whose dates are not known */
	void		(*poll) (void);	/* called now and then: may leave the linter */
	void		(*write_date) (int32_t date, char *text);
	void		(*found) (void *context, const char *path, const char *kind, const char *message);
	void	   *context;
} Linter;

extern void lint_tariff(const Linter *linter);

/* Its parts; each reports its kinds of findings. */
extern void lint_amounts(const Linter *linter);
extern void lint_tiers(const Linter *linter, const char *path, const Rate *rate, bool first);
extern void lint_fallbacks(const Linter *linter);
extern void lint_hours(const Linter *linter, const char *path, const Condition *when);
extern void lint_day_edge(const Linter *linter, const char *path);

#endif							/* TRIPMETER_LINT_H */
