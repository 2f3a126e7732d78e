/*
 * track_writer.c
 *		Building a track, block by block.
 */
#include "track/track_writer.h"

static uint8_t *
reserve(ByteBuffer *buffer, size_t size)
{
	if (buffer->capacity - buffer->size < size)
	{
		buffer->capacity = buffer->capacity + buffer->capacity / 2 + size;
		buffer->bytes = buffer->grow(buffer->bytes, buffer->capacity);
	}
	return buffer->bytes + buffer->size;
}

static void
end_at(ByteBuffer *buffer, const uint8_t *end)
{
	buffer->size = (size_t) (end - buffer->bytes);
}

void
track_writer_init(TrackWriter *writer, GrowMemory grow)
{
	memset(&writer->header, 0, sizeof(writer->header));
	track_extent_init(&writer->header.extent);
	writer->directory = (ByteBuffer) {.grow = grow};
	writer->body = (ByteBuffer) {.grow = grow};
	writer->any_written = false;
	writer->last_first_time = 0;
	writer->pending.count = 0;
}

static void
add_entry(TrackWriter *writer, int64_t first_time, int count, size_t size)
{
	TrackHeader *header = &writer->header;
	uint8_t    *out = reserve(&writer->directory, 3 * MAX_VARINT_SIZE);

	if (!writer->any_written)
		writer->last_first_time = header->start_time = first_time;
	out = put_varint(out, zigzag((int64_t) ((uint64_t) first_time - (uint64_t) writer->last_first_time)));
	out = put_varint(out, count);
	out = put_varint(out, size);
	end_at(&writer->directory, out);
	writer->last_first_time = first_time;
	writer->any_written = true;
	header->block_count++;
	header->fix_count += count;
}

/* Does any leg of the path cross the antimeridian? */
static bool
path_crosses(const double *lons, int count)
{
	double		widest = 0;

	for (int i = 1; i < count; i++)
	{
		double		width = fabs(lons[i] - lons[i - 1]);

		widest = width > widest ? width : widest;
	}
	return widest > 180;
}

/* The length of the pending block's legs, which begin at the block before. */
static double
measure_pending(TrackWriter *writer)
{
	const FixBlock *block = &writer->pending;
	Position	first = {block->lons[0], block->lats[0]};
	double		length = geodesic_path(block->lons, block->lats, block->count);
	bool		crosses = path_crosses(block->lons, block->count);

	if (writer->any_written)
	{
		length += geodesic_distance(writer->last_written, first);
		crosses |= fabs(first.lon - writer->last_written.lon) > 180;
	}
	writer->header.crosses_antimeridian |= crosses;
	writer->last_written = fix_block_get(block, block->count - 1).position;
	return length;
}

static void
note_channels(TrackWriter *writer)
{
	FixBlock   *block = &writer->pending;

	for (int c = 0; c < CHANNEL_COUNT; c++)
	{
		block->has_channel[c] = false;
		for (int i = 0; i < block->count && !block->has_channel[c]; i++)
			block->has_channel[c] = !isnan(block->channels[c][i]);
		writer->header.has_channel[c] |= block->has_channel[c];
	}
}

/* Write the pending block, which has at least one fix. */
void
track_writer_flush(TrackWriter *writer)
{
	FixBlock   *block = &writer->pending;
	double		length = measure_pending(writer);
	uint8_t    *start = reserve(&writer->body, sizeof(double) + FIX_BLOCK_BOUND(block->count));
	uint8_t    *end;

	for (int i = 0; i < block->count; i++)
		track_extent_add(&writer->header.extent, block->lons[i], block->lats[i]);
	note_channels(writer);
	end = fix_block_encode(put_double(start, length), block);
	end_at(&writer->body, end);
	add_entry(writer, block->times[0], block->count, (size_t) (end - start));
	writer->header.length += length;
	writer->header.end_time = block->times[block->count - 1];
	block->count = 0;
}

/*
 * Can the source's block go over as it is?  It must begin where a block of this
 * track begins.  The first block of a source lacks its leg from the source before,
 * if there is one, and the last may have to be continued.
 */
static bool
can_copy(const TrackWriter *writer, const TrackReader *source)
{
	bool		first_of_all = !writer->any_written && writer->pending.count == 0;

	return (source->blocks_read > 1 || first_of_all) &&
		source->blocks_read < source->header.block_count &&
		(writer->pending.count == 0 || writer->pending.count == MAX_BLOCK_FIXES ||
		 track_block_begins_at(source->block.first_time));
}

static void
copy_block(TrackWriter *writer, const BlockEntry *block)
{
	uint8_t    *out;

	if (writer->pending.count > 0)
		track_writer_flush(writer);
	out = reserve(&writer->body, block->size);
	memcpy(out, block->bytes, block->size);
	end_at(&writer->body, out + block->size);
	add_entry(writer, block->first_time, block->count, block->size);
	writer->header.length += get_double(block->bytes);
}

/* Where did the block that the source has come to end? */
static bool
note_last_position(TrackWriter *writer, const TrackReader *source)
{
	FixBlock	block;
	double		length;

	if (!track_read_block(source, &block, &length))
		return false;
	writer->last_written = fix_block_get(&block, block.count - 1).position;
	return true;
}

static bool
read_and_add(TrackWriter *writer, const TrackReader *source)
{
	FixBlock	block;
	double		length;

	if (!track_read_block(source, &block, &length))
		return false;
	for (int i = 0; i < block.count; i++)
	{
		Fix			fix = fix_block_get(&block, i);
		Channels	channels = fix_block_channels(&block, i);

		for (int c = 0; c < CHANNEL_COUNT; c++)
			channels.values[c] = channel_normalize(channels.values[c]);
		track_writer_add(writer, &fix, &channels);
	}
	return true;
}

/*
 * Add all fixes of a track that is valid, but whose bytes another may have made:
 * nothing is copied.  False if it is damaged.
 */
bool
track_writer_rebuild(TrackWriter *writer, TrackReader *source)
{
	while (track_next_block(source))
		if (!read_and_add(writer, source))
			return false;
	left_out_add(&writer->header.left_out, &source->header.left_out);
	return source->blocks_read == source->header.block_count;
}

/*
 * Add all fixes of a track that begins after the last fix, for the most part by
 * copying its blocks; what it left out is the caller's.  False if it is damaged.
 */
bool
track_writer_add_track(TrackWriter *writer, TrackReader *source)
{
	const TrackHeader *header = &source->header;

	while (track_next_block(source))
	{
		if (!can_copy(writer, source))
		{
			if (!read_and_add(writer, source))
				return false;
			continue;
		}
		if (source->block.size < sizeof(double))
			return false;
		copy_block(writer, &source->block);
		/* the last one that is copied; the next is measured from its end */
		if (source->blocks_read + 1 == header->block_count && !note_last_position(writer, source))
			return false;
	}
	track_extent_join(&writer->header.extent, &header->extent);
	writer->header.crosses_antimeridian |= header->crosses_antimeridian;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		writer->header.has_channel[c] |= header->has_channel[c];
	return source->blocks_read == header->block_count;
}

/* Write what is pending, and return the size of the track. */
size_t
track_writer_finish(TrackWriter *writer)
{
	uint8_t		header[MAX_TRACK_HEADER_SIZE];

	if (writer->pending.count > 0)
		track_writer_flush(writer);
	writer->header.directory_size = (uint32_t) writer->directory.size;
	return track_header_write(header, &writer->header) +
		writer->directory.size + writer->body.size;
}

/* The finished track, to as many bytes as track_writer_finish said. */
void
track_writer_copy(const TrackWriter *writer, uint8_t *out)
{
	out += track_header_write(out, &writer->header);
	if (!writer->any_written)
		return;
	memcpy(out, writer->directory.bytes, writer->directory.size);
	memcpy(out + writer->directory.size, writer->body.bytes, writer->body.size);
}
