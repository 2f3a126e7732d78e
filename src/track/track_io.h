/*
 * track_io.h
 *		Times as the text of a track has them.
 */
#ifndef TRIPMETER_TRACK_IO_H
#define TRIPMETER_TRACK_IO_H

#include "utils/datetime.h"

/* Room for a time as text. */
#define TRACK_TIME_SIZE		(MAXDATELEN + 1)

extern void track_time_text(char *text, int64 time);

#endif							/* TRIPMETER_TRACK_IO_H */
