/*
 * track_value.c
 *		Tracks in and out of the server's memory: reading an argument, building a
 *		result.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "compat.h"
#include "interrupts.h"
#include "track/track_value.h"

pg_noinline void
track_report_damage(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stored track is damaged"),
			 errhint("Restore the row from a backup, or build the track again from its fixes.")));
}

/* The header alone, without reading the rest from disk. */
void
track_argument_header(Datum value, TrackHeader *header)
{
	struct varlena *bytes = PG_DETOAST_DATUM_SLICE(value, 0, MAX_TRACK_HEADER_SIZE);

	if (track_header_read(header, (uint8 *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)) == 0)
		track_report_damage();
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

/* track_open, for a reader that can be cancelled; false if this is no track. */
bool
track_reader_open(TrackReader *reader, const uint8 *bytes, Size size)
{
	bool		good = track_open(reader, bytes, size);

	reader->pause = interrupts_check;
	return good;
}

/* Begin to read the fixes of an argument. */
TrackScan *
track_scan_begin(Datum value)
{
	TrackScan  *scan = palloc(sizeof(TrackScan));

	scan->bytes = PG_DETOAST_DATUM_PACKED(value);
	scan->copied = (Pointer) scan->bytes != DatumGetPointer(value);
	scan->block.count = scan->next = 0;
	if (!track_reader_open(&scan->reader, (uint8 *) VARDATA_ANY(scan->bytes),
						   VARSIZE_ANY_EXHDR(scan->bytes)))
		track_report_damage();
	scan->sought = scan->reader;
	return scan;
}

static bool
next_block(TrackScan *scan)
{
	if (track_next_block(&scan->reader))
		return true;
	if (scan->reader.blocks_read < scan->reader.header.block_count)
		track_report_damage();
	return false;
}

static void
read_block(TrackScan *scan)
{
	double		length;

	if (!track_read_block(&scan->reader, &scan->block, &length))
		track_report_damage();
	scan->next = 0;
}

/* Go on to the next block; false after the last. */
bool
track_scan_block(TrackScan *scan)
{
	if (!next_block(scan))
		return false;
	read_block(scan);
	return true;
}

/*
 * Go to the last fix at or before a time, or to the first of all, by way of the
 * directory.  Times of several seeks must not fall: each goes on from the last.
 */
void
track_scan_seek(TrackScan *scan, int64 time)
{
	scan->reader = scan->sought;
	while (next_block(scan) &&
		   (scan->sought.blocks_read == 0 || scan->reader.block.first_time <= time))
		scan->sought = scan->reader;
	scan->reader = scan->sought;
	if (scan->reader.blocks_read == 0)
		return;
	read_block(scan);
	while (scan->next + 1 < scan->block.count && scan->block.times[scan->next + 1] <= time)
		scan->next++;
}

void
track_scan_end(TrackScan *scan)
{
	if (scan->copied)
		pfree(scan->bytes);
	pfree(scan);
}

static void *
grow_memory(void *bytes, size_t size)
{
	if (bytes == NULL)
		return MemoryContextAllocHuge(CurrentMemoryContext, size);
	return repalloc_huge(bytes, size);
}

TrackWriter *
track_writer_make(void)
{
	TrackWriter *writer = palloc(sizeof(TrackWriter));

	track_writer_init(writer, grow_memory);
	return writer;
}

static void
free_buffer(ByteBuffer *buffer)
{
	if (buffer->bytes != NULL)
		pfree(buffer->bytes);
}

/* The track that was written; the writer is gone. */
struct varlena *
track_writer_value(TrackWriter *writer)
{
	Size		size = VARHDRSZ + track_writer_finish(writer);
	struct varlena *value;

	if (size > MaxAllocSize || writer->header.fix_count > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("track is too long"),
				 errdetail("Its " UINT64_FORMAT " fixes take %zu bytes; a value may have 1 GB, and a track 4294967295 fixes.",
						   writer->header.fix_count, size),
				 errhint("Build tracks of trips or of days.")));
	value = palloc(size);
	SET_VARSIZE(value, size);
	track_writer_copy(writer, (uint8 *) VARDATA(value));
	free_buffer(&writer->directory);
	free_buffer(&writer->body);
	pfree(writer);
	return value;
}

/* Add the distinct fixes of a buffer, in order. */
void
track_writer_add_buffer(TrackWriter *writer, FixBuffer *buffer)
{
	FixReader	reader;
	const Fix  *fix;
	Channels	channels;

	fix_buffer_sort(buffer);
	fix_reader_start(&reader, buffer);
	while ((fix = fix_reader_next(&reader, &channels)) != NULL)
		track_writer_add(writer, fix, &channels);
	left_out_add(&writer->header.left_out, &reader.left_out);
}

/* The track of a buffer's fixes. */
struct varlena *
track_from_buffer(FixBuffer *buffer)
{
	TrackWriter *writer = track_writer_make();

	track_writer_add_buffer(writer, buffer);
	return track_writer_value(writer);
}
