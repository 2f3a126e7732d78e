/*
 * policy.h
 *		A mileage policy: what counts as driven.  Pure C.
 */
#ifndef TRIPMETER_POLICY_H
#define TRIPMETER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* The rules in leg_classifier.c; another number means other figures. */
#define MILEAGE_ALGORITHM_VERSION	1

#define MAX_REANCHOR_FIXES	16

/* Noise is not larger; the directions of legs are used up to here. */
#define MAX_JITTER_RADIUS	1000

#define GAP_NEVER	INT64_MAX

typedef enum GapMode
{
	GAP_STRAIGHT,				/* a gap counts as the straight line over it */
	GAP_EXCLUDE					/* a gap counts as nothing */
} GapMode;

/*
 * These are the bytes on disk: fixed width, no padding, compared as a whole.
 * A rule that is off has the value that lets everything pass.
 */
typedef struct MileagePolicy
{
	uint8_t		version;		/* MILEAGE_ALGORITHM_VERSION */
	uint8_t		gap_mode;		/* a GapMode */
	uint8_t		reject_null_island; /* 1: a fix at exactly (0,0) is invalid */
	uint8_t		reserved;		/* 0 */
	int32_t		reanchor_fixes; /* agreeing fixes that end a jump, 1 to
								 * MAX_REANCHOR_FIXES */
	double		max_speed;		/* m/s; infinity: no limit */
	double		jitter_radius;	/* m; 0: no suppression */
	double		max_accuracy;	/* m; infinity: no limit */
	int64_t		gap_threshold;	/* microseconds; GAP_NEVER: no gaps */
} MileagePolicy;

#endif							/* TRIPMETER_POLICY_H */
