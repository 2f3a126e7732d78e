/*
 * track_merge.c
 *		Merges several tracks into one.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "track/track_merge.h"
#include "track/track_value.h"

/* A track on its way into another. */
typedef struct Source
{
	struct varlena *bytes;
	TrackHeader header;
} Source;

static int
compare_starts(const void *a, const void *b)
{
	const TrackHeader *x = &((const Source *) a)->header;
	const TrackHeader *y = &((const Source *) b)->header;

	return (x->start_time > y->start_time) - (x->start_time < y->start_time);
}

static void
buffer_source(FixBuffer *buffer, const Source *source)
{
	TrackScan  *scan = track_scan_begin(PointerGetDatum(source->bytes));
	Fix			fix;
	Channels	channels;

	while (track_scan_next(scan, &fix, &channels))
		fix_buffer_add(buffer, fix.time, fix.position, channels);
	track_scan_end(scan);
}

/* Tracks that overlap in time are put in order fix by fix. */
static void
add_overlapping(TrackWriter *writer, const Source *sources, int count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter merge",
												  ALLOCSET_DEFAULT_SIZES);
	FixBuffer	buffer;

	fix_buffer_init(&buffer, context, CHANNEL_COUNT);
	for (int i = 0; i < count; i++)
		buffer_source(&buffer, &sources[i]);
	track_writer_add_buffer(writer, &buffer);
	MemoryContextDelete(context);
}

/* One that overlaps no other goes over block by block. */
static void
add_whole(TrackWriter *writer, const Source *source)
{
	TrackReader reader;

	if (!track_reader_open(&reader, (uint8 *) VARDATA_ANY(source->bytes), VARSIZE_ANY_EXHDR(source->bytes)) ||
		!track_writer_add_track(writer, &reader))
		track_report_damage();
}

/* How many sources, from the first on, overlap with each other? */
static int
count_overlapping(const Source *sources, int count)
{
	int64		end = sources[0].header.end_time;
	int			overlapping = 1;

	for (; overlapping < count && sources[overlapping].header.start_time <= end; overlapping++)
		end = Max(end, sources[overlapping].header.end_time);
	return overlapping;
}

/*
 * The track of all fixes of several tracks, in memory, in any order: the one that
 * would have been built of them in one go.
 */
struct varlena *
track_merge(struct varlena **tracks, int count)
{
	TrackWriter *writer = track_writer_make();
	Source	   *sources = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Source));
	int			source_count = 0;
	int			overlapping;

	for (int i = 0; i < count; i++)
	{
		Source	   *source = &sources[source_count];

		source->bytes = tracks[i];
		track_argument_header(PointerGetDatum(tracks[i]), &source->header);
		left_out_add(&writer->header.left_out, &source->header.left_out);
		source_count += source->header.fix_count > 0;
	}
	qsort(sources, source_count, sizeof(Source), compare_starts);
	for (int i = 0; i < source_count; i += overlapping)
	{
		CHECK_FOR_INTERRUPTS();
		overlapping = count_overlapping(&sources[i], source_count - i);
		if (overlapping == 1)
			add_whole(writer, &sources[i]);
		else
			add_overlapping(writer, &sources[i], overlapping);
	}
	pfree(sources);
	return track_writer_value(writer);
}
