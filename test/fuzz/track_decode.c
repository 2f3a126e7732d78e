/*
 * track_decode.c
 *		Reading any bytes as a track, block by block.
 */
#include "fuzz.h"
#include "track/track_format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FixBlock block;
	TrackReader reader;
	double		length;

	if (!track_open(&reader, data, size))
		return 0;
	while (track_next_block(&reader))
	{
		require(reader.block.count >= 1 && reader.block.count <= MAX_BLOCK_FIXES);
		require(reader.block.bytes >= data);
		require(reader.block.bytes + reader.block.size <= data + size);
		if (track_read_block(&reader, &block, &length))
			require(block.count == reader.block.count);
	}
	require(reader.blocks_read <= reader.header.block_count);
	return 0;
}
