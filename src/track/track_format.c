/*
 * track_format.c
 *		Reading a track's header, directory and blocks.
 *
 * Every length is checked before it is used, so that any bytes can be read.
 */
#include "track/track_format.h"

/* Three varints of the directory. */
#define MIN_ENTRY_SIZE	3

#define KNOWN_FLAGS	(TRACK_CROSSES_ANTIMERIDIAN | ((1 << CHANNEL_COUNT) - 1))

void
track_extent_add(Extent *extent, double lon, double lat)
{
	if (lon < 0)
	{
		extent->west_min = lon < extent->west_min ? lon : extent->west_min;
		extent->west_max = lon > extent->west_max ? lon : extent->west_max;
	}
	else
	{
		extent->east_min = lon < extent->east_min ? lon : extent->east_min;
		extent->east_max = lon > extent->east_max ? lon : extent->east_max;
	}
	extent->south = lat < extent->south ? lat : extent->south;
	extent->north = lat > extent->north ? lat : extent->north;
}

void
track_extent_join(Extent *extent, const Extent *other)
{
	extent->west_min = fmin(extent->west_min, other->west_min);
	extent->west_max = fmax(extent->west_max, other->west_max);
	extent->east_min = fmin(extent->east_min, other->east_min);
	extent->east_max = fmax(extent->east_max, other->east_max);
	extent->south = fmin(extent->south, other->south);
	extent->north = fmax(extent->north, other->north);
}

static bool
read_left_out(ByteReader *in, LeftOut *left_out)
{
	int64_t    *counts[] = {
		&left_out->null_count, &left_out->invalid_count,
		&left_out->duplicate_count, &left_out->conflict_count,
		&left_out->null_island_duplicate_count, &left_out->null_island_conflict_count
	};

	for (int i = 0; i < 6; i++)
	{
		uint64_t	count;

		if (!read_count(in, LEFT_OUT_LIMIT, &count))
			return false;
		*counts[i] = (int64_t) count;
	}
	return true;
}

static uint8_t *
put_left_out(uint8_t *out, const LeftOut *left_out)
{
	out = put_varint(out, left_out->null_count);
	out = put_varint(out, left_out->invalid_count);
	out = put_varint(out, left_out->duplicate_count);
	out = put_varint(out, left_out->conflict_count);
	out = put_varint(out, left_out->null_island_duplicate_count);
	return put_varint(out, left_out->null_island_conflict_count);
}

/*
 * Read the header, for which the first MAX_TRACK_HEADER_SIZE bytes are enough,
 * and return its size; 0 if these are not the bytes of a track.
 */
size_t
track_header_read(TrackHeader *header, const uint8_t *bytes, size_t size)
{
	ByteReader	in;
	Extent	   *extent = &header->extent;

	if (size < TRACK_HEAD_SIZE || bytes[0] != TRACK_VERSION ||
		(bytes[1] & ~KNOWN_FLAGS) != 0 || bytes[2] != 0 || bytes[3] != 0)
		return 0;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		header->has_channel[c] = bytes[1] >> c & 1;
	header->crosses_antimeridian = (bytes[1] & TRACK_CROSSES_ANTIMERIDIAN) != 0;
	header->fix_count = get_le32(bytes + 4);
	header->block_count = get_le32(bytes + 8);
	header->directory_size = get_le32(bytes + 12);
	header->start_time = (int64_t) get_le64(bytes + 16);
	header->end_time = (int64_t) get_le64(bytes + 24);
	header->length = get_double(bytes + 32);
	extent->west_min = get_double(bytes + 40);
	extent->west_max = get_double(bytes + 48);
	extent->east_min = get_double(bytes + 56);
	extent->east_max = get_double(bytes + 64);
	extent->south = get_double(bytes + 72);
	extent->north = get_double(bytes + 80);
	in = (ByteReader) {bytes + TRACK_HEAD_SIZE, bytes + size};
	if (!read_left_out(&in, &header->left_out))
		return 0;
	return (size_t) (in.at - bytes);
}

/* Write at most MAX_TRACK_HEADER_SIZE bytes, and return how many. */
size_t
track_header_write(uint8_t *out, const TrackHeader *header)
{
	const Extent *extent = &header->extent;
	uint8_t    *start = out;

	*out++ = TRACK_VERSION;
	*out = header->crosses_antimeridian ? TRACK_CROSSES_ANTIMERIDIAN : 0;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		*out |= header->has_channel[c] << c;
	out++;
	*out++ = 0;
	*out++ = 0;
	out = put_le32(out, (uint32_t) header->fix_count);
	out = put_le32(out, header->block_count);
	out = put_le32(out, header->directory_size);
	out = put_le64(out, (uint64_t) header->start_time);
	out = put_le64(out, (uint64_t) header->end_time);
	out = put_double(out, header->length);
	out = put_double(out, extent->west_min);
	out = put_double(out, extent->west_max);
	out = put_double(out, extent->east_min);
	out = put_double(out, extent->east_max);
	out = put_double(out, extent->south);
	out = put_double(out, extent->north);
	out = put_left_out(out, &header->left_out);
	return (size_t) (out - start);
}

/* Prepare to read a track from its first block; false if it is none. */
bool
track_open(TrackReader *reader, const uint8_t *bytes, size_t size)
{
	size_t		offset = track_header_read(&reader->header, bytes, size);
	const TrackHeader *header = &reader->header;

	/* so that a count that is damaged asks for no memory that the track has no bytes for */
	if (offset == 0 || header->directory_size > size - offset ||
		header->block_count > header->directory_size / MIN_ENTRY_SIZE ||
		header->fix_count > (uint64_t) header->block_count * MAX_BLOCK_FIXES)
		return false;
	reader->blocks_read = 0;
	reader->pause = NULL;
	reader->directory.at = bytes + offset;
	reader->directory.end = reader->directory.at + header->directory_size;
	reader->body.at = reader->directory.end;
	reader->body.end = bytes + size;
	reader->block = (BlockEntry) {.first_time = header->start_time};
	return true;
}

/*
 * Go on to the next block; false after the last.  A directory that is damaged
 * ends early: then blocks_read is less than the header says.
 */
bool
track_next_block(TrackReader *reader)
{
	BlockEntry *block = &reader->block;
	uint64_t	step,
				count,
				size;

	if (reader->pause != NULL)
		reader->pause();
	if (reader->blocks_read == reader->header.block_count ||
		!read_varint(&reader->directory, &step) ||
		!read_count(&reader->directory, MAX_BLOCK_FIXES, &count) || count == 0 ||
		!read_count(&reader->directory, bytes_left(&reader->body), &size))
		return false;
	block->first_time = (int64_t) ((uint64_t) block->first_time + (uint64_t) unzigzag(step));
	block->count = (int) count;
	block->bytes = reader->body.at;
	block->size = size;
	reader->body.at += size;
	reader->blocks_read++;
	return true;
}

/* Decode the block that the reader has come to; false if it is damaged. */
bool
track_read_block(const TrackReader *reader, FixBlock *block, double *length)
{
	const BlockEntry *entry = &reader->block;
	ByteReader	in = {entry->bytes, entry->bytes + entry->size};
	uint64_t	bits;

	if (!read_le64(&in, &bits))
		return false;
	memcpy(length, &bits, sizeof(bits));
	return fix_block_decode(&in, block, entry->count, entry->first_time) && in.at == in.end;
}

static bool
channels_valid(const FixBlock *block)
{
	for (int c = 0; c < CHANNEL_COUNT; c++)
		for (int i = 0; i < block->count; i++)
			if (!channel_well_formed(block->channels[c][i]))
				return false;
	return true;
}

/* Do a block's fixes follow each other, and the time of the last one before? */
static bool
block_valid(const FixBlock *block, const BlockEntry *entry, bool any, int64_t last_time)
{
	if (block->times[0] != entry->first_time)
		return false;
	for (int i = 0; i < block->count; i++)
	{
		Fix			fix = fix_block_get(block, i);

		if (!fix_well_formed(&fix) || (any && fix.time <= last_time))
			return false;
		last_time = fix.time;
		any = true;
	}
	return channels_valid(block);
}

/*
 * From the first block on, can every fix be read, in order and in its place?  Then a
 * track can be built of them anew; what the header says of them is not looked at.
 */
bool
track_reader_valid(TrackReader *reader)
{
	FixBlock	block;
	double		length;
	uint64_t	fix_count = 0;
	int64_t		last_time = 0;

	while (track_next_block(reader))
	{
		if (!track_read_block(reader, &block, &length) ||
			!block_valid(&block, &reader->block, fix_count > 0, last_time))
			return false;
		fix_count += block.count;
		last_time = block.times[block.count - 1];
	}
	return reader->blocks_read == reader->header.block_count &&
		bytes_left(&reader->directory) == 0 && bytes_left(&reader->body) == 0 &&
		fix_count == reader->header.fix_count;
}

/* Are these bytes a track? */
bool
track_valid(const uint8_t *bytes, size_t size)
{
	TrackReader reader;

	return track_open(&reader, bytes, size) && track_reader_valid(&reader);
}
