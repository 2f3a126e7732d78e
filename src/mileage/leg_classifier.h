/*
 * leg_classifier.h
 *		What was driven: turns an ordered stream of fixes into metres, seconds
 *		and counts by class.  Pure C, constant memory.
 */
#ifndef TRIPMETER_LEG_CLASSIFIER_H
#define TRIPMETER_LEG_CLASSIFIER_H

#include "mileage/policy.h"
#include "track/fix.h"

/*
 * The result.  These identities hold, the one between metres up to rounding:
 *
 *		raw_m = measured_m + gap_m + gap_excluded_m
 *				+ jitter_m + outlier_m + inaccurate_m
 *		moving + stopped + gap = last_time - first_time
 *		fixes added = used_count + jitter_count + outlier_count
 *				+ inaccurate_count + null_island_count
 */
typedef struct MileageTotals
{
	double		raw_m;			/* every leg between the fixes, as they came */
	double		measured_m;		/* driven and recorded */
	double		gap_m;			/* straight lines over gaps that count */
	double		gap_excluded_m; /* gaps that do not count, and jumps */
	double		jitter_m;		/* wandering around an anchor */
	double		outlier_m;		/* detours by way of outliers */
	double		inaccurate_m;	/* detours by way of inaccurate fixes */
	double		top_speed;		/* m/s, of the fastest measured leg */
	int64_t		moving;			/* microseconds */
	int64_t		stopped;
	int64_t		gap;
	int64_t		null_island_count;	/* rejected: at exactly (0,0) */
	int64_t		inaccurate_count;	/* rejected: accuracy radius too large */
	int64_t		outlier_count;	/* rejected: too fast to have got there */
	int64_t		jitter_count;	/* believed, but its movement suppressed */
	int64_t		used_count;		/* believed, and the mileage rests on it */
	int64_t		gap_count;		/* gaps and jumps */
	int64_t		first_time;		/* of the believed fixes */
	int64_t		last_time;
} MileageTotals;

/* A fix too fast to believe, that waits for others to agree with it. */
typedef struct Candidate
{
	Fix			fix;
	Leg			leg;			/* from the fix before it */
} Candidate;

/*
 * Fixes after `anchor`, which may turn out to be movement or wandering.  In
 * a stop the radius is drawn around the mean position of its fixes, which
 * is steadier than any one of them.
 */
typedef struct Stretch
{
	Fix			anchor;
	bool		stopped;
	int64_t		fix_count;
	double		path_m;
	int64_t		busy;			/* microseconds of its legs that led anywhere */
	double		top_speed;
	double		turn_cosines;	/* sum, over the turns from leg to leg */
	int64_t		turn_count;
	Leg			last_leg;
	double		east;			/* of its last fix, in metres from the anchor */
	double		north;
	double		east_sum;		/* over its fixes; the mean is the center of a */
	double		north_sum;		/* stop */
} Stretch;

/* What became of the metres and seconds from one fix to another. */
typedef enum LegClass
{
	LEG_MOVING,					/* driven */
	LEG_STOPPED,				/* at rest: seconds without metres */
	LEG_GAP,					/* a gap or a jump */
	LEG_JITTER,					/* wandering; of these and the following, metres */
	LEG_OUTLIER,				/* without seconds */
	LEG_INACCURATE
} LegClass;

typedef struct ClassifiedLeg
{
	LegClass	leg_class;
	bool		counted;		/* are its metres part of the mileage? */
	Fix			from;
	Fix			to;
	double		metres;
	int64_t		time;			/* microseconds */
} ClassifiedLeg;

struct LegClassifier;

/*
 * Told of every leg when it has been classified.  Their metres and times add up to
 * the totals.  The last believed fix is still the one before the leg's end.
 */
typedef void (*LegSink) (void *context, const struct LegClassifier *c,
						 const ClassifiedLeg *leg);

typedef struct LegClassifier
{
	MileagePolicy policy;
	MileageTotals totals;
	LegSink		sink;			/* or NULL */
	void	   *sink_context;

	/* accuracy rule */
	bool		any_fix;
	bool		any_skipped;	/* since the last fix, at (0,0) */
	Fix			last_fix;
	bool		any_accurate;
	Fix			accurate;		/* the last fix accurate enough, or the first of all */
	double		inaccurate_path_m;	/* from there on */

	/* outlier rule */
	Fix			believed;		/* the last fix believed */
	int64_t		held_since;		/* when its position was first reported */
	double		outlier_path_m; /* from there to the first candidate */
	int			candidate_count;
	Candidate	candidates[MAX_REANCHOR_FIXES];

	/* jitter and gap rules */
	Stretch		stretch;
} LegClassifier;

extern void classifier_init(LegClassifier *c, const MileagePolicy *policy);
extern void classifier_tell(LegClassifier *c, LegSink sink, void *context);
extern void classifier_add(LegClassifier *c, const Fix *fix, float accuracy,
						   const Leg *measured);
extern void classifier_finish(LegClassifier *c);

#endif							/* TRIPMETER_LEG_CLASSIFIER_H */
