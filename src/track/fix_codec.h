/*
 * fix_codec.h
 *		Fixes as a few bytes each, for the way between processes.  Pure C.
 */
#ifndef TRIPMETER_FIX_CODEC_H
#define TRIPMETER_FIX_CODEC_H

#include <stddef.h>

#include "track/fix.h"

/* More bytes than any fix takes. */
#define MAX_ENCODED_FIX_SIZE	40

/* What the next fix is encoded against; start with zeroes. */
typedef struct FixCodec
{
	int64_t		time;
	int64_t		lon;			/* in units of 1e-7 degrees */
	int64_t		lat;
} FixCodec;

extern size_t fix_encode(FixCodec *codec, uint8_t *out, const Fix *fix, float accuracy);
extern size_t fix_decode(FixCodec *codec, const uint8_t *in, size_t size,
						 Fix *fix, float *accuracy);

#endif							/* TRIPMETER_FIX_CODEC_H */
