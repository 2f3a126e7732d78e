/*
 * track_recv.c
 *		What is received is checked and then written anew, so that a stored track
 *		has the one form that its fixes have.
 */
#include "fuzz.h"
#include "track/track_writer.h"

typedef struct Bytes
{
	uint8_t    *bytes;
	size_t		size;
} Bytes;

static Bytes
finish(TrackWriter *writer)
{
	Bytes		track;

	track.size = track_writer_finish(writer);
	track.bytes = grow_memory(NULL, track.size);
	track_writer_copy(writer, track.bytes);
	free(writer->directory.bytes);
	free(writer->body.bytes);
	return track;
}

/* The same fixes, written anew, as the server does. */
static Bytes
rebuild(const uint8_t *data, size_t size)
{
	static TrackWriter writer;
	TrackReader reader;

	track_writer_init(&writer, grow_memory);
	require(track_open(&reader, data, size));
	require(track_writer_rebuild(&writer, &reader));
	require(memcmp(&writer.header.left_out, &reader.header.left_out, sizeof(LeftOut)) == 0);
	return finish(&writer);
}

/* Reads a track fix by fix, wherever its blocks begin. */
typedef struct Cursor
{
	TrackReader reader;
	FixBlock	block;
	int			next;
} Cursor;

static void
cursor_open(Cursor *cursor, const uint8_t *data, size_t size)
{
	require(track_open(&cursor->reader, data, size));
	cursor->block.count = cursor->next = 0;
}

static bool
cursor_next(Cursor *cursor, Fix *fix, Channels *channels)
{
	double		length;

	if (cursor->next == cursor->block.count)
	{
		if (!track_next_block(&cursor->reader))
			return false;
		require(track_read_block(&cursor->reader, &cursor->block, &length));
		cursor->next = 0;
	}
	*fix = fix_block_get(&cursor->block, cursor->next);
	*channels = fix_block_channels(&cursor->block, cursor->next++);
	return true;
}

/* Have both tracks the same fixes, bit for bit? */
static bool
same_fixes(const uint8_t *data, size_t size, Bytes track)
{
	static Cursor given,
				rebuilt;
	Fix			fix,
				other;
	Channels	channels,
				other_channels;

	cursor_open(&given, data, size);
	cursor_open(&rebuilt, track.bytes, track.size);
	while (cursor_next(&given, &fix, &channels))
	{
		if (!cursor_next(&rebuilt, &other, &other_channels) || memcmp(&fix, &other, sizeof(fix)) != 0)
			return false;
		for (int c = 0; c < CHANNEL_COUNT; c++)
			if (!(isnan(channels.values[c]) && isnan(other_channels.values[c])) &&
				memcmp(&channels.values[c], &other_channels.values[c], sizeof(float)) != 0)
				return false;
	}
	return !cursor_next(&rebuilt, &other, &other_channels);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes		once,
				twice;

	if (!track_valid(data, size))
		return 0;
	once = rebuild(data, size);
	require(track_valid(once.bytes, once.size));
	require(same_fixes(data, size, once));
	twice = rebuild(once.bytes, once.size);
	require(twice.size == once.size && memcmp(twice.bytes, once.bytes, once.size) == 0);
	free(once.bytes);
	free(twice.bytes);
	return 0;
}
