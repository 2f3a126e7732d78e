/*
 * track_value.h
 *		Tracks as values of SQL.
 */
#ifndef TRIPMETER_TRACK_VALUE_H
#define TRIPMETER_TRACK_VALUE_H

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

extern bool track_reader_open(TrackReader *reader, const uint8 *bytes, Size size);
extern void track_argument_header(Datum value, TrackHeader *header);
extern TrackScan *track_scan_begin(Datum value);
extern bool track_scan_block(TrackScan *scan);
extern void track_scan_seek(TrackScan *scan, int64 time);
extern void track_scan_end(TrackScan *scan);

extern TrackWriter *track_writer_make(void);
extern void track_writer_add_buffer(TrackWriter *writer, FixBuffer *buffer);
extern struct varlena *track_writer_value(TrackWriter *writer);
extern struct varlena *track_from_buffer(FixBuffer *buffer);
extern pg_noinline void track_report_damage(void);

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
