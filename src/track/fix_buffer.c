/*
 * fix_buffer.c
 *		Collecting the fixes of a group and putting them in order.
 *
 * Most fixes come in order of time, or in a few ordered runs: late arrivals,
 * partitions, parallel workers.  Chunks out of order are sorted by themselves,
 * then runs of ordered chunks are merged, so that an ordered buffer costs one
 * look at each chunk.  A merge gives back the chunks it has read, and needs no
 * second copy of the fixes; the last few runs are merged while they are read.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "track/fix_buffer.h"
#include "track/fix_transfer.h"
#include "tripmeter.h"

/* Powers of two, which is what an AllocSet hands out. */
#define MIN_CHUNK_SIZE	256
#define MAX_CHUNK_SIZE	8192
#define MAX_CHUNK_FIXES	((MAX_CHUNK_SIZE - offsetof(FixChunk, fixes)) / sizeof(Fix))

/* A fix with its channels, for sorting a chunk. */
typedef struct FixRecord
{
	Fix			fix;
	Channels	channels;
} FixRecord;

static inline int
record_compare(const FixRecord *a, const FixRecord *b)
{
	int			order = fix_compare(&a->fix, &b->fix);

	return order != 0 ? order : channels_compare(&a->channels, &b->channels);
}

#define ST_SORT sort_records
#define ST_ELEMENT_TYPE FixRecord
#define ST_COMPARE(a, b) record_compare(a, b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static inline Size
fix_size(const FixBuffer *buffer)
{
	return sizeof(Fix) + buffer->channel_count * sizeof(float);
}

static inline float *
chunk_channel(const FixChunk *chunk, int channel)
{
	return (float *) (chunk->fixes + chunk->capacity) + channel * chunk->capacity;
}

static inline Channels
chunk_channels(const FixChunk *chunk, int index, int channel_count)
{
	Channels	channels = NO_CHANNELS;

	for (int c = 0; c < channel_count; c++)
		channels.values[c] = chunk_channel(chunk, c)[index];
	return channels;
}

static inline FixRecord
chunk_get(const FixChunk *chunk, int index, int channel_count)
{
	return (FixRecord) {chunk->fixes[index], chunk_channels(chunk, index, channel_count)};
}

static inline void
chunk_set(FixChunk *chunk, int index, const FixRecord *record, int channel_count)
{
	chunk->fixes[index] = record->fix;
	for (int c = 0; c < channel_count; c++)
		chunk_channel(chunk, c)[index] = record->channels.values[c];
}

static inline const Fix *
last_fix(const FixChunk *chunk)
{
	return &chunk->fixes[chunk->count - 1];
}

static pg_noinline void
report_limit(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("fixes of one group exceed tripmeter.max_state_mb"),
			 errdetail("The limit is %d MB.", tripmeter_max_state_mb),
			 errhint("Group by trip or by day, or raise tripmeter.max_state_mb.")));
}

static Size
chunk_size(const FixBuffer *buffer, int capacity)
{
	return offsetof(FixChunk, fixes) + capacity * fix_size(buffer);
}

static void
link_chunk(ChunkList *list, FixChunk *chunk)
{
	chunk->next = NULL;
	if (list->tail)
		list->tail->next = chunk;
	else
		list->head = chunk;
	list->tail = chunk;
}

static FixChunk *
add_chunk(FixBuffer *buffer, ChunkList *list, int capacity)
{
	Size		size = chunk_size(buffer, capacity);
	FixChunk   *chunk;

	CHECK_FOR_INTERRUPTS();
	if (unlikely(buffer->bytes + size > (Size) tripmeter_max_state_mb * 1024 * 1024))
		report_limit();
	buffer->bytes += size;
	chunk = MemoryContextAlloc(buffer->context, size);
	chunk->count = 0;
	chunk->capacity = capacity;
	chunk->ordered = true;
	link_chunk(list, chunk);
	return chunk;
}

static void
free_chunk(FixBuffer *buffer, FixChunk *chunk)
{
	buffer->bytes -= chunk_size(buffer, chunk->capacity);
	pfree(chunk);
}

/* How many fixes a chunk of this size holds. */
static int
capacity_of(const FixBuffer *buffer, Size size)
{
	return (size - offsetof(FixChunk, fixes)) / fix_size(buffer);
}

/* How many fixes the next chunk shall hold: an eighth of what there is. */
static int
next_capacity(const FixBuffer *buffer)
{
	Size		size = Min(buffer->bytes / 8, MAX_CHUNK_SIZE);

	size = size < MIN_CHUNK_SIZE ? MIN_CHUNK_SIZE : pg_prevpower2_size_t(size);
	return capacity_of(buffer, size);
}

static inline void
append_record(FixBuffer *buffer, ChunkList *list, const FixRecord *record)
{
	FixChunk   *chunk = list->tail;

	if (chunk == NULL || chunk->count == chunk->capacity)
		chunk = add_chunk(buffer, list, next_capacity(buffer));
	else if (fix_compare(last_fix(chunk), &record->fix) >= 0)
		chunk->ordered = false;
	chunk_set(chunk, chunk->count++, record, buffer->channel_count);
}

/* The chunks of this buffer, with its first channels, are allocated in the context. */
void
fix_buffer_init(FixBuffer *buffer, MemoryContext context, int channel_count)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->context = context;
	buffer->channel_count = channel_count;
}

/*
 * Add a row, with those channels that the buffer has: a fix, unless its place or
 * time is none.
 */
void
fix_buffer_add(FixBuffer *buffer, int64 time, Position position, Channels channels)
{
	FixRecord	record = {{time, position}, channels};

	if (!position_normalize(&record.fix.position) ||
		time < FIX_TIME_MIN || time > FIX_TIME_LIMIT)
	{
		buffer->left_out.invalid_count++;
		return;
	}
	for (int c = 0; c < buffer->channel_count; c++)
		record.channels.values[c] = channel_normalize(channels.values[c]);
	append_record(buffer, &buffer->chunks, &record);
	buffer->count++;
	buffer->run_count = 0;
}

static void
sort_chunk(FixChunk *chunk, int channel_count)
{
	FixRecord	records[MAX_CHUNK_FIXES];

	for (int i = 0; i < chunk->count; i++)
		records[i] = chunk_get(chunk, i, channel_count);
	sort_records(records, chunk->count);
	for (int i = 0; i < chunk->count; i++)
		chunk_set(chunk, i, &records[i], channel_count);
	chunk->ordered = true;
}

static inline const Fix *
cursor_fix(const RunCursor *cursor)
{
	return &cursor->chunk->fixes[cursor->index];
}

/* The order of the fixes at two cursors, and then of their channels. */
static inline int
cursor_compare(const RunCursor *a, const RunCursor *b, int channel_count)
{
	int			order = fix_compare(cursor_fix(a), cursor_fix(b));
	Channels	channels,
				others;

	if (order != 0 || channel_count == 0)
		return order;
	channels = chunk_channels(a->chunk, a->index, channel_count);
	others = chunk_channels(b->chunk, b->index, channel_count);
	return channels_compare(&channels, &others);
}

static inline bool
at_end(const RunCursor *cursor)
{
	return cursor->chunk == cursor->end;
}

static void
next_chunk(RunCursor *cursor)
{
	cursor->chunk = cursor->chunk->next;
	cursor->index = 0;
}

/* Can the chunk at the cursor go over as it is, before all that is left? */
static bool
whole_chunk_precedes(const RunCursor *cursor, const RunCursor *other, const ChunkList *out)
{
	return cursor->index == 0 &&
		(out->tail == NULL || out->tail->count >= out->tail->capacity / 2) &&
		fix_compare(last_fix(cursor->chunk), cursor_fix(other)) < 0;
}

static void
move_record(FixBuffer *buffer, RunCursor *cursor, ChunkList *out)
{
	FixRecord	record = chunk_get(cursor->chunk, cursor->index, buffer->channel_count);

	append_record(buffer, out, &record);
	if (++cursor->index == cursor->chunk->count)
	{
		FixChunk   *done = cursor->chunk;

		next_chunk(cursor);
		free_chunk(buffer, done);
	}
}

static void
move_chunk(RunCursor *cursor, ChunkList *out)
{
	FixChunk   *chunk = cursor->chunk;

	next_chunk(cursor);
	link_chunk(out, chunk);
}

static ChunkList
merge_runs(FixBuffer *buffer, ChunkList a, ChunkList b)
{
	ChunkList	out = {0};
	RunCursor	left = {a.head, 0, NULL};
	RunCursor	right = {b.head, 0, NULL};
	RunCursor  *rest;

	while (!at_end(&left) && !at_end(&right))
	{
		bool		take_left = cursor_compare(&left, &right, buffer->channel_count) <= 0;
		RunCursor  *from = take_left ? &left : &right;
		RunCursor  *other = take_left ? &right : &left;

		if (whole_chunk_precedes(from, other, &out))
			move_chunk(from, &out);
		else
			move_record(buffer, from, &out);
	}
	rest = at_end(&left) ? &right : &left;
	while (!at_end(rest) && rest->index > 0)
		move_record(buffer, rest, &out);
	while (!at_end(rest))
		move_chunk(rest, &out);
	return out;
}

/* Cut the buffer into runs, each ordered from chunk to chunk. */
static int64
find_runs(FixBuffer *buffer, ChunkList *runs)
{
	int64		count = 0;
	FixChunk   *next;

	for (FixChunk *chunk = buffer->chunks.head; chunk; chunk = next)
	{
		CHECK_FOR_INTERRUPTS();
		next = chunk->next;
		if (!chunk->ordered)
			sort_chunk(chunk, buffer->channel_count);
		if (count == 0 ||
			fix_compare(last_fix(runs[count - 1].tail), &chunk->fixes[0]) >= 0)
			runs[count++] = (ChunkList) {0};
		link_chunk(&runs[count - 1], chunk);
	}
	return count;
}

/* Make these runs, one after the other, the chunks of the buffer. */
static void
set_runs(FixBuffer *buffer, const ChunkList *runs, int count)
{
	for (int i = 0; i < count; i++)
	{
		buffer->runs[i] = runs[i].head;
		runs[i].tail->next = i + 1 < count ? runs[i + 1].head : NULL;
	}
	buffer->chunks = (ChunkList) {runs[0].head, runs[count - 1].tail};
	buffer->run_count = count;
}

/* Order the buffer: into a few runs, which the reader then merges. */
void
fix_buffer_sort(FixBuffer *buffer)
{
	int64		chunk_count = 0;
	int64		run_count;
	ChunkList  *runs;

	if (buffer->run_count > 0 || buffer->count == 0)
		return;
	for (FixChunk *chunk = buffer->chunks.head; chunk; chunk = chunk->next)
		chunk_count++;
	runs = MemoryContextAllocHuge(CurrentMemoryContext, chunk_count * sizeof(ChunkList));
	run_count = find_runs(buffer, runs);
	while (run_count > MAX_RUNS)
	{
		int64		merged = 0;

		for (int64 i = 0; i + 1 < run_count; i += 2)
			runs[merged++] = merge_runs(buffer, runs[i], runs[i + 1]);
		if (run_count % 2 == 1)
			runs[merged++] = runs[run_count - 1];
		run_count = merged;
	}
	set_runs(buffer, runs, run_count);
	pfree(runs);
}

static pg_noinline void
report_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("fixes of one group are too many to pass between parallel workers"),
			 errdetail("Their compressed form exceeds 1 GB."),
			 errhint("Group by trip or by day, or set max_parallel_workers_per_gather to 0.")));
}

/* Where a buffer is being written from. */
typedef struct WriteCursor
{
	const FixChunk *chunk;
	int			index;
} WriteCursor;

/* Take the next fixes, from as many chunks as they lie in. */
static void
gather(WriteCursor *cursor, int count, int channel_count, Fix *fixes,
	   float channels[][MAX_CHUNK_FIXES])
{
	for (int done = 0; done < count;)
	{
		const FixChunk *chunk = cursor->chunk;
		int			n = Min(count - done, chunk->count - cursor->index);

		memcpy(&fixes[done], &chunk->fixes[cursor->index], n * sizeof(Fix));
		for (int c = 0; c < channel_count; c++)
			memcpy(&channels[c][done], &chunk_channel(chunk, c)[cursor->index], n * sizeof(float));
		done += n;
		cursor->index += n;
		if (cursor->index == chunk->count)
			*cursor = (WriteCursor) {chunk->next, 0};
	}
}

/*
 * How many fixes the next block shall hold: as many as a chunk of a power of
 * two, so that the reader's chunks leave no slack.
 */
static int
block_count(const FixBuffer *buffer, int64 remaining)
{
	Size		size = MAX_CHUNK_SIZE;

	while (size > MIN_CHUNK_SIZE && capacity_of(buffer, size) > remaining)
		size /= 2;
	return Min(capacity_of(buffer, size), remaining);
}

/* Write the buffer, for fix_buffer_read in another process. */
void
fix_buffer_write(const FixBuffer *buffer, StringInfo out)
{
	WriteCursor cursor = {buffer->chunks.head, 0};
	Fix			fixes[MAX_CHUNK_FIXES];
	float		channels[CHANNEL_COUNT][MAX_CHUNK_FIXES];

	pq_sendint64(out, buffer->left_out.null_count);
	pq_sendint64(out, buffer->left_out.invalid_count);
	pq_sendint64(out, buffer->count);
	for (int64 remaining = buffer->count; remaining > 0;)
	{
		int			count = block_count(buffer, remaining);
		Size		most = sizeof(int32) + fix_transfer_bound(count) +
			count * buffer->channel_count * sizeof(float);

		CHECK_FOR_INTERRUPTS();
		if (out->len + most >= MaxAllocSize)
			report_too_large();
		enlargeStringInfo(out, most);
		gather(&cursor, count, buffer->channel_count, fixes, channels);
		pq_sendint32(out, count);
		out->len += fix_transfer_encode((uint8 *) out->data + out->len, fixes, count);
		for (int c = 0; c < buffer->channel_count; c++)
			for (int i = 0; i < count; i++)
				pq_sendfloat4(out, channels[c][i]);
		remaining -= count;
	}
}

static bool
strictly_ordered(const FixChunk *chunk)
{
	for (int i = 1; i < chunk->count; i++)
		if (fix_compare(&chunk->fixes[i - 1], &chunk->fixes[i]) >= 0)
			return false;
	return true;
}

static pg_noinline void
report_bad_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid fixes in the state of an aggregate"),
			 errhint("All nodes of a distributed database need the same version of tripmeter.")));
}

static void
read_chunk(FixBuffer *buffer, StringInfo in)
{
	int			count = pq_getmsgint(in, 4);
	FixChunk   *chunk;
	Size		size;

	if (count < 1 || count > (int) MAX_CHUNK_FIXES)
		report_bad_state();
	chunk = add_chunk(buffer, &buffer->chunks, count);
	chunk->count = count;
	size = fix_transfer_decode(chunk->fixes, count, (uint8 *) in->data + in->cursor,
							in->len - in->cursor);
	if (size == 0)
		report_bad_state();
	in->cursor += size;
	for (int c = 0; c < buffer->channel_count; c++)
		for (int i = 0; i < count; i++)
			chunk_channel(chunk, c)[i] = pq_getmsgfloat4(in);
	chunk->ordered = strictly_ordered(chunk);
	buffer->count += count;
	buffer->run_count = 0;
}

/* Append what fix_buffer_write wrote of a buffer with the same channels. */
void
fix_buffer_read(FixBuffer *buffer, StringInfo in)
{
	int64		count;

	buffer->left_out.null_count += pq_getmsgint64(in);
	buffer->left_out.invalid_count += pq_getmsgint64(in);
	count = pq_getmsgint64(in);
	for (int64 end = buffer->count + count; buffer->count < end;)
		read_chunk(buffer, in);
	pq_getmsgend(in);
}

/* Read a sorted buffer from its start. */
void
fix_reader_start(FixReader *reader, const FixBuffer *buffer)
{
	Assert(buffer->run_count > 0 || buffer->count == 0);

	memset(reader, 0, sizeof(*reader));
	reader->channel_count = buffer->channel_count;
	reader->left_out = buffer->left_out;
	reader->cursor_count = buffer->run_count;
	for (int i = 0; i < buffer->run_count; i++)
		reader->cursors[i] = (RunCursor) {
			.chunk = buffer->runs[i],
			.end = i + 1 < buffer->run_count ? buffer->runs[i + 1] : NULL,
		};
}

static inline RunCursor *
first_cursor(FixReader *reader)
{
	RunCursor  *first = &reader->cursors[0];

	for (int i = 1; i < reader->cursor_count; i++)
		if (cursor_compare(&reader->cursors[i], first, reader->channel_count) < 0)
			first = &reader->cursors[i];
	return first;
}

static inline void
advance(FixReader *reader, RunCursor *cursor)
{
	if (++cursor->index < cursor->chunk->count)
		return;
	CHECK_FOR_INTERRUPTS();
	next_chunk(cursor);
	if (at_end(cursor))
		*cursor = reader->cursors[--reader->cursor_count];
}

static void
leave_out(FixReader *reader, const Fix *fix)
{
	LeftOut    *left_out = &reader->left_out;
	bool		island = is_null_island(fix->position);

	if (fix_compare(fix, reader->last) == 0)
		*(island ? &left_out->null_island_duplicate_count : &left_out->duplicate_count) += 1;
	else
		*(island ? &left_out->null_island_conflict_count : &left_out->conflict_count) += 1;
}

/* The next fix with a time of its own, the first of its time; NULL at the end. */
const Fix *
fix_reader_next(FixReader *reader, Channels *channels)
{
	while (reader->cursor_count > 0)
	{
		RunCursor  *cursor = first_cursor(reader);
		const Fix  *fix = cursor_fix(cursor);

		*channels = chunk_channels(cursor->chunk, cursor->index, reader->channel_count);
		advance(reader, cursor);
		if (reader->last == NULL || fix->time != reader->last->time)
		{
			reader->last = fix;
			return fix;
		}
		leave_out(reader, fix);
	}
	return NULL;
}
