/*
 * drive.h
 *		Metres that were driven evenly between two times, and their share in a period.
 *		Pure C.
 */
#ifndef TRIPMETER_DRIVE_H
#define TRIPMETER_DRIVE_H

#include <stdint.h>

typedef struct Drive
{
	int64_t		from;			/* microseconds, PostgreSQL's epoch */
	int64_t		to;
	double		metres;
} Drive;

static inline double
drive_metres_until(const Drive *drive, int64_t time)
{
	if (time >= drive->to)
		return drive->metres;
	if (time <= drive->from)
		return 0;
	return drive->metres * ((double) (time - drive->from) / (double) (drive->to - drive->from));
}

/* The share of a period that ends after the drive begins, and begins before it ends. */
static inline double
drive_metres_within(const Drive *drive, int64_t from, int64_t to)
{
	return drive_metres_until(drive, to) - drive_metres_until(drive, from);
}

#endif							/* TRIPMETER_DRIVE_H */
