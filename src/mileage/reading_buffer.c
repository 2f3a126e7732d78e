/*
 * reading_buffer.c
 *		Collecting the odometer readings of a group and putting them in order.
 *
 * A vehicle has far fewer readings of its odometer than fixes, so that one
 * array does, sorted in place if it did not come in order.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "mileage/reading_buffer.h"
#include "tripmeter.h"

#define MIN_CAPACITY	16

/* Bytes of a reading in the serial form. */
#define SERIAL_SIZE		16

/* The total order of readings: of those of one time the lowest comes first. */
static inline int
reading_compare(const OdometerReading *a, const OdometerReading *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->metres > b->metres) - (a->metres < b->metres);
}

#define ST_SORT sort_readings
#define ST_ELEMENT_TYPE OdometerReading
#define ST_COMPARE(a, b) reading_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static pg_noinline void
report_limit(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("odometer readings of one group exceed tripmeter.max_state_mb"),
			 errdetail("The limit is %d MB.", tripmeter_max_state_mb),
			 errhint("Group by vehicle or by day, or raise tripmeter.max_state_mb.")));
}

/* Make room for this many readings in all. */
static pg_noinline void
reserve(ReadingBuffer *buffer, int64 count)
{
	int64		limit = (int64) tripmeter_max_state_mb * 1024 * 1024 / sizeof(OdometerReading);
	int64		capacity = Max(buffer->capacity, MIN_CAPACITY);

	CHECK_FOR_INTERRUPTS();
	if (count > limit)
		report_limit();
	while (capacity < count)
		capacity *= 2;
	capacity = Min(capacity, limit);
	if (buffer->readings == NULL)
		buffer->readings = MemoryContextAllocHuge(buffer->context, capacity * sizeof(OdometerReading));
	else
		buffer->readings = repalloc_huge(buffer->readings, capacity * sizeof(OdometerReading));
	buffer->capacity = capacity;
}

void
reading_buffer_init(ReadingBuffer *buffer, MemoryContext context)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->context = context;
	buffer->ordered = true;
}

void
reading_buffer_append(ReadingBuffer *buffer, const OdometerReading *reading)
{
	if (unlikely(buffer->count == buffer->capacity))
		reserve(buffer, buffer->count + 1);
	if (buffer->count > 0 &&
		reading_compare(&buffer->readings[buffer->count - 1], reading) > 0)
		buffer->ordered = false;
	buffer->readings[buffer->count++] = *reading;
}

void
reading_buffer_sort(ReadingBuffer *buffer)
{
	if (!buffer->ordered)
		sort_readings(buffer->readings, buffer->count);
	buffer->ordered = true;
}

/* Write the buffer, for reading_buffer_read in another process. */
void
reading_buffer_write(const ReadingBuffer *buffer, StringInfo out)
{
	if ((Size) buffer->count >= (MaxAllocSize - out->len) / SERIAL_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("odometer readings of one group are too many to pass between parallel workers"),
				 errdetail("They exceed 1 GB."),
				 errhint("Group by vehicle or by day, or set max_parallel_workers_per_gather to 0.")));
	enlargeStringInfo(out, sizeof(int64) + buffer->count * SERIAL_SIZE);
	pq_sendint64(out, buffer->count);
	for (int64 i = 0; i < buffer->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint64(out, buffer->readings[i].time);
		pq_sendfloat8(out, buffer->readings[i].metres);
	}
}

/* Append what reading_buffer_write wrote: all that is left of the message. */
void
reading_buffer_read(ReadingBuffer *buffer, StringInfo in)
{
	int64		count = pq_getmsgint64(in);

	/* no room is made for readings that the message has not */
	if (count < 0 || count != (in->len - in->cursor) / SERIAL_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid odometer readings in the state of an aggregate"),
				 errhint("All nodes of a distributed database need the same version of tripmeter.")));
	if (buffer->count + count > buffer->capacity)
		reserve(buffer, buffer->count + count);
	for (int64 i = 0; i < count; i++)
	{
		OdometerReading reading;

		CHECK_FOR_INTERRUPTS();
		reading.time = pq_getmsgint64(in);
		reading.metres = pq_getmsgfloat8(in);
		reading_buffer_append(buffer, &reading);
	}
	pq_getmsgend(in);
}

/* Read a sorted buffer from its start. */
void
reading_reader_start(ReadingReader *reader, const ReadingBuffer *buffer)
{
	Assert(buffer->ordered);

	memset(reader, 0, sizeof(*reader));
	reader->buffer = buffer;
}

/* Of two readings of one time, should the other count?  It should if the first is no answer. */
static bool
answers_for(const OdometerReading *other, const OdometerReading *first)
{
	return first->metres == 0 && other->metres > 0;
}

/*
 * Return the next reading with a time of its own, NULL at the end: the lowest of that time, but
 * 0 only if there is no other.
 */
const OdometerReading *
reading_reader_next(ReadingReader *reader)
{
	const ReadingBuffer *buffer = reader->buffer;
	const OdometerReading *chosen;

	CHECK_FOR_INTERRUPTS();
	if (reader->next == buffer->count)
		return NULL;
	chosen = &buffer->readings[reader->next++];
	for (; reader->next < buffer->count; reader->next++)
	{
		const OdometerReading *other = &buffer->readings[reader->next];

		CHECK_FOR_INTERRUPTS();
		if (other->time != chosen->time)
			break;
		if (other->metres == chosen->metres)
			reader->duplicate_count++;
		else
			reader->conflict_count++;
		if (answers_for(other, chosen))
			chosen = other;
	}
	return chosen;
}
