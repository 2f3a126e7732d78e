/*
 * fix_transfer.c
 *		A block of fixes in half its size, encoded and decoded at memory speed.
 *
 * For fixes that only go from one process to the next: the track's blocks are four
 * times smaller, but written ten times slower, which costs a parallel mileage more
 * than the way does.
 *
 * A block opens with its form.  Most are compact: the first fix in full, then
 * each as three 32-bit differences from the one before, the time in
 * microseconds, the coordinates in units of 1e-7 degrees, in which most
 * receivers record.  Where a float8 would not come back bit for bit, or a
 * difference does not fit, the whole block is plain.  Bytes are little-endian.
 */
#include "track/bytes.h"
#include "track/fix_transfer.h"

#define FORM_PLAIN		0
#define FORM_COMPACT	1

#define FORM_SIZE		1
#define PLAIN_SIZE		24
#define COMPACT_SIZE	12

#define UNITS_PER_DEGREE	1e7

/* A fix in whole units. */
typedef struct UnitFix
{
	int64_t		time;
	int64_t		lon;
	int64_t		lat;
} UnitFix;

static void
put_plain(uint8_t *out, const Fix *fix)
{
	put_le64(out, (uint64_t) fix->time);
	put_double(out + 8, fix->position.lon);
	put_double(out + 16, fix->position.lat);
}

static void
get_plain(const uint8_t *in, Fix *fix)
{
	fix->time = (int64_t) get_le64(in);
	fix->position.lon = get_double(in + 8);
	fix->position.lat = get_double(in + 16);
}

static inline double
from_units(int64_t units)
{
	return (double) units / UNITS_PER_DEGREE;
}

/* False if the units would not give the coordinate back. */
static inline bool
to_units(double degrees, int64_t *units)
{
	*units = (int64_t) (degrees * UNITS_PER_DEGREE + (degrees < 0 ? -0.5 : 0.5));
	return from_units(*units) == degrees;
}

static inline bool
to_unit_fix(const Fix *fix, UnitFix *unit)
{
	unit->time = fix->time;
	return (int) to_units(fix->position.lon, &unit->lon) & (int) to_units(fix->position.lat, &unit->lat);
}

/* False if the difference does not fit. */
static inline bool
put_difference(uint8_t *out, int64_t value, int64_t base)
{
	int64_t		difference = value - base;

	put_le32(out, (uint32_t) difference);
	return difference == (int32_t) difference;
}

/* False if the block cannot be compact; its bytes then mean nothing. */
static bool
put_compact(uint8_t *out, const Fix *fixes, int count)
{
	UnitFix		last,
				unit;

	if (!to_unit_fix(&fixes[0], &last))
		return false;
	put_plain(out, &fixes[0]);
	out += PLAIN_SIZE;
	for (int i = 1; i < count; i++, out += COMPACT_SIZE)
	{
		bool		fits = to_unit_fix(&fixes[i], &unit);

		fits &= put_difference(out, unit.time, last.time);
		fits &= put_difference(out + 4, unit.lon, last.lon);
		fits &= put_difference(out + 8, unit.lat, last.lat);
		if (!fits)
			return false;
		last = unit;
	}
	return true;
}

static bool
get_compact(Fix *fixes, int count, const uint8_t *in)
{
	UnitFix		unit;

	get_plain(in, &fixes[0]);
	in += PLAIN_SIZE;
	if (!fix_well_formed(&fixes[0]) || !to_unit_fix(&fixes[0], &unit))
		return false;
	for (int i = 1; i < count; i++, in += COMPACT_SIZE)
	{
		unit.time += (int32_t) get_le32(in);
		unit.lon += (int32_t) get_le32(in + 4);
		unit.lat += (int32_t) get_le32(in + 8);
		fixes[i].time = unit.time;
		fixes[i].position.lon = from_units(unit.lon);
		fixes[i].position.lat = from_units(unit.lat);
		if (!fix_well_formed(&fixes[i]))
			return false;
	}
	return true;
}

static size_t
block_size(int form, int count)
{
	return form == FORM_PLAIN ? FORM_SIZE + (size_t) count * PLAIN_SIZE :
		FORM_SIZE + PLAIN_SIZE + (size_t) (count - 1) * COMPACT_SIZE;
}

/* The most bytes that a block of this many fixes takes. */
size_t
fix_transfer_bound(int count)
{
	return block_size(FORM_PLAIN, count);
}

/* Write one or more fixes to `out`, and return the bytes written. */
size_t
fix_transfer_encode(uint8_t *out, const Fix *fixes, int count)
{
	out[0] = FORM_COMPACT;
	if (!put_compact(out + FORM_SIZE, fixes, count))
	{
		out[0] = FORM_PLAIN;
		for (int i = 0; i < count; i++)
			put_plain(out + FORM_SIZE + i * PLAIN_SIZE, &fixes[i]);
	}
	return block_size(out[0], count);
}

/*
 * Read one or more fixes, and return the bytes read: 0 if they are not what
 * fix_transfer_encode writes.
 */
size_t
fix_transfer_decode(Fix *fixes, int count, const uint8_t *in, size_t size)
{
	if (size < FORM_SIZE || in[0] > FORM_COMPACT || size < block_size(in[0], count))
		return 0;
	if (in[0] == FORM_COMPACT)
		return get_compact(fixes, count, in + FORM_SIZE) ? block_size(in[0], count) : 0;
	for (int i = 0; i < count; i++)
	{
		get_plain(in + FORM_SIZE + i * PLAIN_SIZE, &fixes[i]);
		if (!fix_well_formed(&fixes[i]))
			return 0;
	}
	return block_size(in[0], count);
}
