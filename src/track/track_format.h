/*
 * track_format.h
 *		A track's bytes: header, directory of blocks, blocks.  Pure C.
 *
 * Numbers are little-endian; varints as in bytes.h.  doc/track.md describes the
 * same bytes for other programs.
 *
 *		 0	byte	version, 1
 *		 1	byte	flags: see below
 *		 2	byte[2]	reserved, 0
 *		 4	uint32	fixes
 *		 8	uint32	blocks
 *		12	uint32	bytes of the directory
 *		16	int64	time of the first fix, microseconds since 2000-01-01 UTC
 *		24	int64	time of the last
 *		32	double	length, in metres
 *		40	double[6]	extent: see Extent
 *		88	varint[6]	what was left out: see LeftOut
 *			directory	for each block three varints: the zigzag time of its first
 *						fix since that of the block before, or since the track's
 *						start; its fixes; its bytes
 *			blocks		each a double, the length of its legs, which include the one
 *						from the block before, and the fixes as in block_codec.c
 *
 * Where a block begins depends on the fixes alone: at a fix whose time hashes to
 * it, or when the block is full.  So a set of fixes has one form only, and equal
 * stretches of two tracks mostly have equal blocks, which can be copied.
 */
#ifndef TRIPMETER_TRACK_FORMAT_H
#define TRIPMETER_TRACK_FORMAT_H

#include "track/block_codec.h"

#define TRACK_VERSION			1
#define TRACK_HEAD_SIZE			88
#define MAX_TRACK_HEADER_SIZE	(TRACK_HEAD_SIZE + 6 * MAX_VARINT_SIZE)

/* Flags: 1 << Channel for those present, and */
#define TRACK_CROSSES_ANTIMERIDIAN	0x80

/*
 * Where the fixes are, in degrees, by hemisphere, so that extents can be joined
 * across the antimeridian.  An empty range is from infinity to -infinity.
 */
typedef struct Extent
{
	double		west_min;		/* of the longitudes below 0 */
	double		west_max;
	double		east_min;		/* of the others */
	double		east_max;
	double		south;
	double		north;
} Extent;

typedef struct TrackHeader
{
	bool		has_channel[CHANNEL_COUNT];
	bool		crosses_antimeridian;	/* with any of its legs */
	uint64_t	fix_count;		/* a track that can be stored has 32 bits of them */
	uint32_t	block_count;
	uint32_t	directory_size;
	int64_t		start_time;		/* 0 without fixes */
	int64_t		end_time;
	double		length;
	Extent		extent;
	LeftOut		left_out;
} TrackHeader;

/* A block, as the directory has it. */
typedef struct BlockEntry
{
	int64_t		first_time;
	int			count;
	const uint8_t *bytes;
	size_t		size;
} BlockEntry;

/* Walks through the directory. */
typedef struct TrackReader
{
	TrackHeader header;
	uint32_t	blocks_read;
	void		(*pause) (void);	/* called before each block, or NULL */
	ByteReader	directory;
	ByteReader	body;
	BlockEntry	block;			/* the last one read */
} TrackReader;

extern size_t track_header_read(TrackHeader *header, const uint8_t *bytes, size_t size);
extern size_t track_header_write(uint8_t *out, const TrackHeader *header);
extern bool track_open(TrackReader *reader, const uint8_t *bytes, size_t size);
extern bool track_next_block(TrackReader *reader);
extern bool track_read_block(const TrackReader *reader, FixBlock *block, double *length);
extern bool track_reader_valid(TrackReader *reader);
extern bool track_valid(const uint8_t *bytes, size_t size);

static inline void
track_extent_init(Extent *extent)
{
	extent->west_min = extent->east_min = extent->south = INFINITY;
	extent->west_max = extent->east_max = extent->north = -INFINITY;
}

extern void track_extent_add(Extent *extent, double lon, double lat);
extern void track_extent_join(Extent *extent, const Extent *other);

/* Does a block begin at a fix of this time?  One in 256, by splitmix64's mixer. */
static inline bool
track_block_begins_at(int64_t time)
{
	uint64_t	z = (uint64_t) time;

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (uint8_t) (z ^ (z >> 31)) == 0;
}

#endif							/* TRIPMETER_TRACK_FORMAT_H */
