/*
 * track_value.h
 *		Tracks as values of SQL.
 */
#ifndef TRIPMETER_TRACK_VALUE_H
#define TRIPMETER_TRACK_VALUE_H

#include "utils/datetime.h"

#include "track/fix_buffer.h"
#include "track/track_writer.h"

/* Reads the fixes of a track one by one. */
typedef struct TrackScan
{
	struct varlena *bytes;		/* the argument, detoasted */
	bool		copied;			/* is that memory of our own? */
	TrackReader reader;
	TrackReader sought;			/* where the last seek began to read */
	FixBlock	block;
	int			next;			/* within the block */
} TrackScan;

/* A stretch of time; no fix is at PG_INT64_MIN or PG_INT64_MAX. */
typedef struct TimeWindow
{
	int64		from;
	int64		to;
	bool		from_included;
	bool		to_included;
} TimeWindow;

extern Datum period_value(int64 from, int64 to, bool to_included);
extern bool window_argument(Datum value, TimeWindow *window);

/* Room for a time as text. */
#define TRACK_TIME_SIZE		(MAXDATELEN + 1)

extern void track_time_text(char *text, int64 time);
extern bool track_reader_open(TrackReader *reader, const uint8 *bytes, Size size);
extern void track_argument_header(Datum value, TrackHeader *header);
extern TrackScan *track_scan_begin(Datum value);
extern bool track_scan_block(TrackScan *scan);
extern void track_scan_seek(TrackScan *scan, int64 time);
extern void track_scan_end(TrackScan *scan);

extern TrackWriter *track_writer_make(void);
extern struct varlena *track_writer_value(TrackWriter *writer);
extern struct varlena *track_from_buffer(FixBuffer *buffer);
extern struct varlena *track_slice(TrackScan *scan, TimeWindow window, bool interpolate);
extern struct varlena *track_merge(struct varlena **tracks, int count);
extern pg_noinline void report_damaged_track(void);

/* The next fix; false at the end. */
static inline bool
track_scan_next(TrackScan *scan, Fix *fix, Channels *channels)
{
	if (scan->next == scan->block.count && !track_scan_block(scan))
		return false;
	*fix = fix_block_get(&scan->block, scan->next);
	*channels = fix_block_channels(&scan->block, scan->next);
	scan->next++;
	return true;
}

#endif							/* TRIPMETER_TRACK_VALUE_H */
