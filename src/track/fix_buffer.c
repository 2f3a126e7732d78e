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
#include "track/fix_codec.h"
#include "tripmeter.h"

/* Powers of two, which is what an AllocSet hands out. */
#define MIN_CHUNK_SIZE	256
#define MAX_CHUNK_SIZE	8192
#define MAX_CHUNK_FIXES	((MAX_CHUNK_SIZE - offsetof(FixChunk, fixes)) / sizeof(Fix))

/* A fix with its accuracy, for sorting a chunk. */
typedef struct FixRecord
{
	Fix			fix;
	float		accuracy;
} FixRecord;

static inline int
record_compare(const FixRecord *a, const FixRecord *b)
{
	int			order = fix_compare(&a->fix, &b->fix);

	return order != 0 ? order : accuracy_compare(a->accuracy, b->accuracy);
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
	return sizeof(Fix) + (buffer->has_accuracy ? sizeof(float) : 0);
}

static inline float *
chunk_accuracies(const FixChunk *chunk)
{
	return (float *) (chunk->fixes + chunk->capacity);
}

static inline float
chunk_accuracy(const FixChunk *chunk, int index, bool has_accuracy)
{
	return has_accuracy ? chunk_accuracies(chunk)[index] : ACCURACY_UNKNOWN;
}

static inline FixRecord
chunk_get(const FixChunk *chunk, int index, bool has_accuracy)
{
	return (FixRecord) {chunk->fixes[index], chunk_accuracy(chunk, index, has_accuracy)};
}

static inline void
chunk_set(FixChunk *chunk, int index, const FixRecord *record, bool has_accuracy)
{
	chunk->fixes[index] = record->fix;
	if (has_accuracy)
		chunk_accuracies(chunk)[index] = record->accuracy;
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
	chunk_set(chunk, chunk->count++, record, buffer->has_accuracy);
}

/* The chunks of this buffer are allocated in the context. */
void
fix_buffer_init(FixBuffer *buffer, MemoryContext context, bool has_accuracy)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->context = context;
	buffer->has_accuracy = has_accuracy;
}

/* Append a fix; its accuracy counts only if the buffer has accuracies. */
void
fix_buffer_append(FixBuffer *buffer, int64 time, Position position, float accuracy)
{
	FixRecord	record = {{time, position}, accuracy};

	append_record(buffer, &buffer->chunks, &record);
	buffer->count++;
	buffer->run_count = 0;
}

static void
sort_chunk(FixChunk *chunk, bool has_accuracy)
{
	FixRecord	records[MAX_CHUNK_FIXES];

	for (int i = 0; i < chunk->count; i++)
		records[i] = chunk_get(chunk, i, has_accuracy);
	sort_records(records, chunk->count);
	for (int i = 0; i < chunk->count; i++)
		chunk_set(chunk, i, &records[i], has_accuracy);
	chunk->ordered = true;
}

static inline const Fix *
cursor_fix(const RunCursor *cursor)
{
	return &cursor->chunk->fixes[cursor->index];
}

static inline float
cursor_accuracy(const RunCursor *cursor, bool has_accuracy)
{
	return chunk_accuracy(cursor->chunk, cursor->index, has_accuracy);
}

/* The order of the fixes at two cursors, and then of their accuracies. */
static inline int
cursor_compare(const RunCursor *a, const RunCursor *b, bool has_accuracy)
{
	int			order = fix_compare(cursor_fix(a), cursor_fix(b));

	if (order != 0 || !has_accuracy)
		return order;
	return accuracy_compare(cursor_accuracy(a, true), cursor_accuracy(b, true));
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
	FixRecord	record = chunk_get(cursor->chunk, cursor->index, buffer->has_accuracy);

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
		bool		take_left = cursor_compare(&left, &right, buffer->has_accuracy) <= 0;
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
			sort_chunk(chunk, buffer->has_accuracy);
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
gather(WriteCursor *cursor, int count, bool has_accuracy, Fix *fixes, float *accuracies)
{
	while (count > 0)
	{
		const FixChunk *chunk = cursor->chunk;
		int			n = Min(count, chunk->count - cursor->index);

		memcpy(fixes, &chunk->fixes[cursor->index], n * sizeof(Fix));
		if (has_accuracy)
			memcpy(accuracies, &chunk_accuracies(chunk)[cursor->index], n * sizeof(float));
		fixes += n;
		accuracies += n;
		count -= n;
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
	float		accuracies[MAX_CHUNK_FIXES];

	pq_sendint64(out, buffer->count);
	for (int64 remaining = buffer->count; remaining > 0;)
	{
		int			count = block_count(buffer, remaining);
		Size		most = sizeof(int32) + fix_block_bound(count) + count * sizeof(float);

		CHECK_FOR_INTERRUPTS();
		if (out->len + most >= MaxAllocSize)
			report_too_large();
		enlargeStringInfo(out, most);
		gather(&cursor, count, buffer->has_accuracy, fixes, accuracies);
		pq_sendint32(out, count);
		out->len += fix_block_encode((uint8 *) out->data + out->len, fixes, count);
		if (buffer->has_accuracy)
			for (int i = 0; i < count; i++)
				pq_sendfloat4(out, accuracies[i]);
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
	size = fix_block_decode(chunk->fixes, count, (uint8 *) in->data + in->cursor,
							in->len - in->cursor);
	if (size == 0)
		report_bad_state();
	in->cursor += size;
	if (buffer->has_accuracy)
		for (int i = 0; i < count; i++)
			chunk_accuracies(chunk)[i] = pq_getmsgfloat4(in);
	chunk->ordered = strictly_ordered(chunk);
	buffer->count += count;
	buffer->run_count = 0;
}

/* Append what fix_buffer_write wrote of a buffer with the same channels. */
void
fix_buffer_read(FixBuffer *buffer, StringInfo in)
{
	int64		count;

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
	reader->has_accuracy = buffer->has_accuracy;
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
		if (cursor_compare(&reader->cursors[i], first, reader->has_accuracy) < 0)
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
	LeftOut    *left_out = is_null_island(fix->position) ?
		&reader->null_island_left_out : &reader->left_out;

	if (fix_compare(fix, reader->last) == 0)
		left_out->duplicate_count++;
	else
		left_out->conflict_count++;
}

/* The next fix with a time of its own, the first of its time; NULL at the end. */
const Fix *
fix_reader_next(FixReader *reader, float *accuracy)
{
	while (reader->cursor_count > 0)
	{
		RunCursor  *cursor = first_cursor(reader);
		const Fix  *fix = cursor_fix(cursor);

		*accuracy = cursor_accuracy(cursor, reader->has_accuracy);
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
