/*
 * fix_codec.c
 *		A fix as the difference from the one before.
 *
 * One byte says how each part follows: the time as a difference in
 * microseconds; a coordinate as a difference in units of 1e-7 degrees where
 * that gives the same float8 back, as most receivers' coordinates do, and as
 * its eight bytes where not; the accuracy as its four bytes, where known.
 * Differences are zigzag varints.  Bytes are little-endian.
 */
#include <string.h>

#include "track/fix_codec.h"

#define RAW_LON			0x01
#define RAW_LAT			0x02
#define HAS_ACCURACY	0x04
#define ALL_FLAGS		0x07

#define UNITS_PER_DEGREE	1e7

/* Where the bytes are written. */
typedef struct Writer
{
	uint8_t    *at;
} Writer;

/* Where they are read; `failed` once something did not fit. */
typedef struct Reader
{
	const uint8_t *at;
	const uint8_t *end;
	bool		failed;
} Reader;

static void
put_fixed(Writer *w, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		*w->at++ = (uint8_t) (value >> (8 * i));
}

static uint64_t
get_fixed(Reader *r, int bytes)
{
	uint64_t	value = 0;

	if (r->end - r->at < bytes)
	{
		r->failed = true;
		return 0;
	}
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t) *r->at++ << (8 * i);
	return value;
}

/* The difference wraps around, as unsigned arithmetic does. */
static void
put_difference(Writer *w, int64_t value, int64_t base)
{
	uint64_t	difference = (uint64_t) value - (uint64_t) base;
	uint64_t	zigzag = (difference << 1) ^ (difference >> 63 ? UINT64_MAX : 0);

	while (zigzag >= 0x80)
	{
		*w->at++ = (uint8_t) (zigzag | 0x80);
		zigzag >>= 7;
	}
	*w->at++ = (uint8_t) zigzag;
}

static int64_t
get_sum(Reader *r, int64_t base)
{
	uint64_t	zigzag = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte;

		if (r->at == r->end)
			break;
		byte = *r->at++;
		zigzag |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return (int64_t) ((uint64_t) base +
							  ((zigzag >> 1) ^ (zigzag & 1 ? UINT64_MAX : 0)));
	}
	r->failed = true;
	return 0;
}

/* Whole units of 1e-7 degrees; false if they would not give it back. */
static inline bool
to_units(double degrees, int64_t *units)
{
	double		scaled = degrees * UNITS_PER_DEGREE;

	*units = (int64_t) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
	return (double) *units / UNITS_PER_DEGREE == degrees;
}

static void
put_coordinate(Writer *w, double degrees, bool raw, int64_t units, int64_t *base)
{
	uint64_t	bits;

	if (raw)
	{
		memcpy(&bits, &degrees, sizeof(bits));
		put_fixed(w, bits, sizeof(bits));
		return;
	}
	put_difference(w, units, *base);
	*base = units;
}

static double
get_coordinate(Reader *r, bool raw, int64_t *base)
{
	uint64_t	bits;
	double		degrees;

	if (!raw)
	{
		*base = get_sum(r, *base);
		return (double) *base / UNITS_PER_DEGREE;
	}
	bits = get_fixed(r, sizeof(bits));
	memcpy(&degrees, &bits, sizeof(degrees));
	return degrees;
}

/*
 * Append one fix to `out`, which has room for MAX_ENCODED_FIX_SIZE bytes.
 * Returns the bytes written.
 */
size_t
fix_encode(FixCodec *codec, uint8_t *out, const Fix *fix, float accuracy)
{
	Writer		w = {out + 1};
	int64_t		lon,
				lat;
	bool		raw_lon = !to_units(fix->position.lon, &lon);
	bool		raw_lat = !to_units(fix->position.lat, &lat);

	put_difference(&w, fix->time, codec->time);
	codec->time = fix->time;
	put_coordinate(&w, fix->position.lon, raw_lon, lon, &codec->lon);
	put_coordinate(&w, fix->position.lat, raw_lat, lat, &codec->lat);
	if (!isnan(accuracy))
	{
		uint32_t	bits;

		memcpy(&bits, &accuracy, sizeof(bits));
		put_fixed(&w, bits, sizeof(bits));
	}
	out[0] = (raw_lon ? RAW_LON : 0) | (raw_lat ? RAW_LAT : 0) |
		(isnan(accuracy) ? 0 : HAS_ACCURACY);
	return w.at - out;
}

/*
 * Read the next fix.  Returns the bytes read, 0 if they are not what
 * fix_encode writes.
 */
size_t
fix_decode(FixCodec *codec, const uint8_t *in, size_t size, Fix *fix, float *accuracy)
{
	Reader		r = {in, in + size, false};
	uint8_t		flags = (uint8_t) get_fixed(&r, 1);
	Position	normal;

	fix->time = codec->time = get_sum(&r, codec->time);
	fix->position.lon = get_coordinate(&r, flags & RAW_LON, &codec->lon);
	fix->position.lat = get_coordinate(&r, flags & RAW_LAT, &codec->lat);
	*accuracy = ACCURACY_UNKNOWN;
	if (flags & HAS_ACCURACY)
	{
		uint32_t	bits = (uint32_t) get_fixed(&r, sizeof(bits));

		memcpy(accuracy, &bits, sizeof(bits));
	}

	normal = fix->position;
	if (r.failed || (flags & ~ALL_FLAGS) != 0 ||
		fix->time < -FIX_TIME_LIMIT || fix->time > FIX_TIME_LIMIT ||
		!position_normalize(&normal) ||
		normal.lon != fix->position.lon || normal.lat != fix->position.lat)
		return 0;
	return r.at - in;
}
