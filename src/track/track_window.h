/*
 * track_window.h
 *		Stretches of time, and the fixes of a track in one.
 */
#ifndef TRIPMETER_TRACK_WINDOW_H
#define TRIPMETER_TRACK_WINDOW_H

#include "track/track_value.h"

/* A stretch of time; no fix is at PG_INT64_MIN or PG_INT64_MAX. */
typedef struct TimeWindow
{
	int64		from;
	int64		to;
	bool		from_included;
	bool		to_included;
} TimeWindow;

/* Called for each fix of a window. */
typedef void (*FixVisitor) (void *context, const Fix *fix, const Channels *channels);

extern Datum track_period_value(int64 from, int64 to, bool to_included);
extern bool track_window_argument(Datum value, TimeWindow *window);
extern Position track_place_between(const Fix *from, const Fix *to, int64 time);
extern void track_window_visit(TrackScan *scan, TimeWindow window, bool interpolate,
							   FixVisitor visit, void *context);
extern struct varlena *track_slice(TrackScan *scan, TimeWindow window, bool interpolate);

#endif							/* TRIPMETER_TRACK_WINDOW_H */
