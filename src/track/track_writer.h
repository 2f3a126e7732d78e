/*
 * track_writer.h
 *		Fixes in, a track's bytes out.  Pure C.
 */
#ifndef TRIPMETER_TRACK_WRITER_H
#define TRIPMETER_TRACK_WRITER_H

#include "track/track_format.h"

/* Gives a longer piece of memory with the same bytes; never NULL. */
typedef void *(*GrowMemory) (void *bytes, size_t size);

typedef struct ByteBuffer
{
	GrowMemory	grow;
	uint8_t    *bytes;			/* NULL before the first */
	size_t		size;
	size_t		capacity;
} ByteBuffer;

typedef struct TrackWriter
{
	TrackHeader header;			/* of what is written; the pending block is not */
	ByteBuffer	directory;
	ByteBuffer	body;
	int64_t		last_first_time;	/* of the last block written */
	bool		any_written;
	Position	last_written;	/* where the last block ended */
	FixBlock	pending;		/* fixes of the block that is not yet complete */
} TrackWriter;

extern void track_writer_init(TrackWriter *writer, GrowMemory grow);
extern bool track_writer_add_track(TrackWriter *writer, TrackReader *source);
extern bool track_writer_rebuild(TrackWriter *writer, TrackReader *source);
extern size_t track_writer_finish(TrackWriter *writer);
extern void track_writer_copy(const TrackWriter *writer, uint8_t *out);
extern void track_writer_flush(TrackWriter *writer);

/* Add the next fix; its time must be after the last one's. */
static inline void
track_writer_add(TrackWriter *writer, const Fix *fix, const Channels *channels)
{
	FixBlock   *block = &writer->pending;
	int			i;

	if (block->count > 0 && (block->count == MAX_BLOCK_FIXES || track_block_begins_at(fix->time)))
		track_writer_flush(writer);
	i = block->count++;
	block->times[i] = fix->time;
	block->lons[i] = fix->position.lon;
	block->lats[i] = fix->position.lat;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		block->channels[c][i] = channels->values[c];
}

#endif							/* TRIPMETER_TRACK_WRITER_H */
