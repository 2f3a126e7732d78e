/*
 * reading_buffer.h
 *		The odometer readings of one group: collect in any order, sort once,
 *		read distinct.
 */
#ifndef TRIPMETER_READING_BUFFER_H
#define TRIPMETER_READING_BUFFER_H

#include "lib/stringinfo.h"

#include "mileage/odometer.h"

/* One array, doubled as it grows: a reading takes at most 32 bytes. */
typedef struct ReadingBuffer
{
	MemoryContext context;		/* where the array lives */
	OdometerReading *readings;	/* NULL at first */
	int64		count;
	int64		capacity;
	bool		ordered;		/* none before the one before it */
} ReadingBuffer;

/* Reads the distinct readings of a sorted buffer, one for each time. */
typedef struct ReadingReader
{
	const ReadingBuffer *buffer;
	int64		next;
	int64		duplicate_count;	/* left out: equal to another of their time */
	int64		conflict_count; /* left out: other than the one of their time that counts */
} ReadingReader;

extern void reading_buffer_init(ReadingBuffer *buffer, MemoryContext context);
extern void reading_buffer_append(ReadingBuffer *buffer, const OdometerReading *reading);
extern void reading_buffer_sort(ReadingBuffer *buffer);
extern void reading_buffer_write(const ReadingBuffer *buffer, StringInfo out);
extern void reading_buffer_read(ReadingBuffer *buffer, StringInfo in);

extern void reading_reader_start(ReadingReader *reader, const ReadingBuffer *buffer);
extern const OdometerReading *reading_reader_next(ReadingReader *reader);

#endif							/* TRIPMETER_READING_BUFFER_H */
