/*
 * fix_buffer.h
 *		The fixes of one group: collect in any order, sort once, read distinct.
 */
#ifndef TRIPMETER_FIX_BUFFER_H
#define TRIPMETER_FIX_BUFFER_H

#include "lib/stringinfo.h"

#include "track/fix.h"

/*
 * Fixes in the order they came, in one allocation.  The buffer's channels follow
 * the fixes, one after the other.
 */
typedef struct FixChunk
{
	struct FixChunk *next;
	int32		count;
	int16		capacity;
	bool		ordered;		/* each fix after the one before, none equal */
	Fix			fixes[FLEXIBLE_ARRAY_MEMBER];
} FixChunk;

typedef struct ChunkList
{
	FixChunk   *head;
	FixChunk   *tail;
} ChunkList;

/* Ordered runs of chunks that a reader merges as it goes. */
#define MAX_RUNS	4

/*
 * Grows without moving a fix.  Slack is at most an eighth, so that a fix takes
 * at most 32 bytes.
 */
typedef struct FixBuffer
{
	MemoryContext context;		/* where the chunks live */
	ChunkList	chunks;
	int64		count;
	LeftOut		left_out;		/* rows that are no fixes: null and invalid */
	Size		bytes;			/* of all chunks */
	int			channel_count;	/* the first so many of Channel */
	int			run_count;		/* 0 until sorted, and again after a change */
	FixChunk   *runs[MAX_RUNS]; /* the first chunk of each */
} FixBuffer;

/* A place in a run. */
typedef struct RunCursor
{
	FixChunk   *chunk;
	int			index;
	const FixChunk *end;		/* the chunk after the run, or NULL */
} RunCursor;

/* Reads the distinct fixes of a sorted buffer, one for each time. */
typedef struct FixReader
{
	RunCursor	cursors[MAX_RUNS];
	int			cursor_count;	/* of those not at their end */
	int			channel_count;
	const Fix  *last;			/* returned last, NULL before the first */
	LeftOut		left_out;		/* complete at the end */
} FixReader;

extern void fix_buffer_init(FixBuffer *buffer, MemoryContext context, int channel_count);
extern void fix_buffer_add(FixBuffer *buffer, int64 time, Position position,
						   Channels channels);
extern void fix_buffer_sort(FixBuffer *buffer);
extern void fix_buffer_write(const FixBuffer *buffer, StringInfo out);
extern void fix_buffer_read(FixBuffer *buffer, StringInfo in);

extern void fix_reader_start(FixReader *reader, const FixBuffer *buffer);
extern const Fix *fix_reader_next(FixReader *reader, Channels *channels);

#endif							/* TRIPMETER_FIX_BUFFER_H */
