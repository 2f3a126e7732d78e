/*
 * block_codec.h
 *		A block of fixes in a few bytes each, bit for bit.  Pure C.
 */
#ifndef TRIPMETER_BLOCK_CODEC_H
#define TRIPMETER_BLOCK_CODEC_H

#include "track/bytes.h"
#include "track/fix.h"
#include "track/int_column.h"

#define MAX_BLOCK_FIXES	MAX_COLUMN_COUNT

/* Fixes by column.  A channel without a value at a fix is NaN there. */
typedef struct FixBlock
{
	int			count;
	bool		has_channel[CHANNEL_COUNT]; /* any value at all? */
	int64_t		times[MAX_BLOCK_FIXES];
	double		lons[MAX_BLOCK_FIXES];
	double		lats[MAX_BLOCK_FIXES];
	float		channels[CHANNEL_COUNT][MAX_BLOCK_FIXES];
} FixBlock;

/* The most bytes that a block of this many fixes takes. */
#define FIX_BLOCK_BOUND(count) \
	(1 + (3 + CHANNEL_COUNT) * (16 + 11 * (size_t) (count) + INT_COLUMN_BOUND(count)))

extern uint8_t *fix_block_encode(uint8_t *out, const FixBlock *block);
extern bool fix_block_decode(ByteReader *in, FixBlock *block, int count, int64_t first_time);

static inline Fix
fix_block_get(const FixBlock *block, int index)
{
	return (Fix) {block->times[index], {block->lons[index], block->lats[index]}};
}

static inline Channels
fix_block_channels(const FixBlock *block, int index)
{
	return (Channels) {{block->channels[ACCURACY][index], block->channels[SPEED][index]}};
}

#endif							/* TRIPMETER_BLOCK_CODEC_H */
