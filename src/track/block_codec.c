/*
 * block_codec.c
 *		Times, coordinates and channels as columns of integers.
 *
 * Receivers record decimals.  A column of these is stored as integers of the
 * decimal unit that nearly all of its values have, times in whole microseconds,
 * milliseconds or seconds since the block's first fix; the few values that the unit
 * does not give back bit for bit are patches, stored beside them (the idea of ALP:
 * Afroozeh, Kuffo, Boncz, SIGMOD 2023).  A column of other numbers is stored as
 * their bits, in an order that keeps neighbours close.
 *
 *		byte	channels: 1 << Channel of those present
 *		then the columns of time, longitude, latitude and those channels, each
 *
 *		byte	unit: values are integers times 10^-unit, 0 to 13, or the bits of
 *				the floating-point number, 15; a time is 10^unit microseconds,
 *				0 to 6.  Plus 0x40 if some fixes have no value, 0x80 with patches
 *		bits	0x40: a bit for each fix, the lowest first: has it a value?  Only
 *				those are in the column.  Only in channels
 *		patches	0x80: varint, how many; for each, varint, values since the one
 *				before, and eight bytes, the value
 *		column	of integers, see int_column.c
 */
#include "track/block_codec.h"

#define UNIT_MASK		0x0F
#define UNIT_RAW		15
#define MAX_DECIMALS	13
#define MAX_TIME_UNIT	6
#define HAS_MISSING		0x40
#define HAS_PATCHES		0x80

/* Integers up to here are exact in a double. */
#define EXACT_LIMIT		9007199254740992.0

#define SAMPLE_SIZE		8

static const double powers_of_ten[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13
};

/* A column as integers, and what the integers do not say. */
typedef struct Column
{
	int			count;
	int			unit;
	bool		single;			/* of 32-bit floats */
	int64_t		integers[MAX_BLOCK_FIXES];
	int			patch_count;
	uint16_t	patches[MAX_BLOCK_FIXES];	/* places of values not in the unit */
} Column;

static inline double
from_decimal(int64_t integer, int decimals, bool single)
{
	double		value = (double) integer / powers_of_ten[decimals];

	return single ? (double) (float) value : value;
}

/* False if the integer would not give the value back. */
static inline bool
to_decimal(double value, int decimals, bool single, int64_t *integer)
{
	double		scaled = value * powers_of_ten[decimals];

	if (!(fabs(scaled) < EXACT_LIMIT))
		return false;
	*integer = (int64_t) (scaled + (scaled < 0 ? -0.5 : 0.5));
	return from_decimal(*integer, decimals, single) == value;
}

/* The fewest decimals that give the value back; more than there are if none do. */
static int
decimals_of(double value, int least, bool single)
{
	int64_t		ignored;
	int			decimals = least;

	while (decimals <= MAX_DECIMALS && !to_decimal(value, decimals, single, &ignored))
		decimals++;
	return decimals;
}

/*
 * The bits of a number, in the order of the numbers; its own inverse on the
 * integers.
 */
static inline int64_t
order_bits(int64_t bits, int64_t largest)
{
	return bits < 0 ? bits ^ largest : bits;
}

static int64_t
bits_of(double value, bool single)
{
	int64_t		bits;
	int32_t		single_bits;
	float		single_value = (float) value;

	if (single)
	{
		memcpy(&single_bits, &single_value, sizeof(single_bits));
		return order_bits(single_bits, INT32_MAX);
	}
	memcpy(&bits, &value, sizeof(bits));
	return order_bits(bits, INT64_MAX);
}

static double
from_bits(int64_t integer, bool single)
{
	double		value;

	if (single)
	{
		int32_t		bits = (int32_t) order_bits((int32_t) integer, INT32_MAX);
		float		single_value;

		memcpy(&single_value, &bits, sizeof(single_value));
		return single_value;
	}
	integer = order_bits(integer, INT64_MAX);
	memcpy(&value, &integer, sizeof(value));
	return value;
}

/*
 * The integers of a column in its unit, and its patches.  A patch repeats the
 * integer before it, which costs least.  False with too many patches.
 */
static bool
scale_values(Column *column, const double *values)
{
	int64_t		last = 0;

	column->patch_count = 0;
	for (int i = 0; i < column->count; i++)
	{
		if (to_decimal(values[i], column->unit, column->single, &column->integers[i]))
		{
			last = column->integers[i];
			continue;
		}
		column->integers[i] = last;
		column->patches[column->patch_count++] = (uint16_t) i;
		if (column->patch_count > column->count / 8)
			return false;
	}
	return true;
}

/* The most decimals among a few values, without the one that has most. */
static int
usual_decimals(const double *values, int count, bool single)
{
	int			size = count < SAMPLE_SIZE ? count : SAMPLE_SIZE;
	int			most = 0;
	int			second = 0;

	for (int i = 0; i < size; i++)
	{
		int			decimals = decimals_of(values[i * count / size], second, single);

		if (decimals >= most)
		{
			second = most;
			most = decimals;
		}
		else
			second = decimals;
	}
	return size < 3 ? most : second;
}

static void
scale_column(Column *column, const double *values, int count, bool single)
{
	column->count = count;
	column->single = single;
	column->unit = usual_decimals(values, count, single);
	while (column->unit <= MAX_DECIMALS)
	{
		int			failed;

		if (scale_values(column, values))
			return;
		failed = column->patches[column->patch_count - 1];
		column->unit = decimals_of(values[failed], column->unit + 1, single);
	}
	column->unit = UNIT_RAW;
	column->patch_count = 0;
	for (int i = 0; i < count; i++)
		column->integers[i] = bits_of(values[i], single);
}

static inline int64_t
time_offset(int64_t time, int64_t first)
{
	return (int64_t) ((uint64_t) time - (uint64_t) first);
}

/* False if the time is not a whole number of units after the first. */
static inline bool
to_time_unit(int64_t offset, int unit, int64_t *integer)
{
	double		size = powers_of_ten[unit];
	double		quotient = (double) offset / size;

	if (unit == 0)
	{
		*integer = offset;
		return true;
	}
	if (!(fabs(quotient) < EXACT_LIMIT / 1e6))
		return false;
	*integer = (int64_t) (quotient + (quotient < 0 ? -0.5 : 0.5));
	return *integer * (int64_t) size == offset;
}

static bool
scale_times(Column *column, const int64_t *times)
{
	int64_t		last = 0;

	column->patch_count = 0;
	for (int i = 0; i < column->count; i++)
	{
		if (to_time_unit(time_offset(times[i], times[0]), column->unit, &column->integers[i]))
		{
			last = column->integers[i];
			continue;
		}
		column->integers[i] = last;
		column->patches[column->patch_count++] = (uint16_t) i;
		if (column->patch_count > column->count / 8)
			return false;
	}
	return true;
}

/* Seconds, milliseconds or microseconds: the unit of nearly all times. */
static void
scale_time_column(Column *column, const int64_t *times, int count)
{
	column->count = count;
	column->unit = MAX_TIME_UNIT;
	while (!scale_times(column, times))
		column->unit -= 3;
}

static uint8_t *
put_patches(uint8_t *out, const Column *column, const void *values)
{
	int			next = 0;

	out = put_varint(out, column->patch_count);
	for (int i = 0; i < column->patch_count; i++)
	{
		int			place = column->patches[i];
		uint64_t	bits;

		memcpy(&bits, (const char *) values + place * sizeof(bits), sizeof(bits));
		out = put_varint(out, place - next);
		out = put_le64(out, bits);
		next = place + 1;
	}
	return out;
}

/* `values` has the column's values, of eight bytes each. */
static uint8_t *
put_column(uint8_t *out, const Column *column, const void *values)
{
	if (column->patch_count > 0)
		out = put_patches(out, column, values);
	return int_column_encode(out, column->integers, column->count);
}

static uint8_t *
put_coordinates(uint8_t *out, const double *values, int count)
{
	Column		column;

	scale_column(&column, values, count, false);
	*out++ = (uint8_t) (column.unit | (column.patch_count > 0 ? HAS_PATCHES : 0));
	return put_column(out, &column, values);
}

static uint8_t *
put_times(uint8_t *out, const int64_t *times, int count)
{
	Column		column;

	scale_time_column(&column, times, count);
	*out++ = (uint8_t) (column.unit | (column.patch_count > 0 ? HAS_PATCHES : 0));
	return put_column(out, &column, times);
}

/* Which fixes have a value. */
static uint8_t *
put_presence(uint8_t *out, const float *values, int count)
{
	memset(out, 0, (count + 7) / 8);
	for (int i = 0; i < count; i++)
		if (!isnan(values[i]))
			out[i / 8] |= (uint8_t) (1 << i % 8);
	return out + (count + 7) / 8;
}

static uint8_t *
put_channel(uint8_t *out, const float *values, int count)
{
	Column		column;
	double		present[MAX_BLOCK_FIXES] = {0};
	int			present_count = 0;
	bool		missing;

	for (int i = 0; i < count; i++)
		if (!isnan(values[i]))
			present[present_count++] = values[i];
	missing = present_count < count;
	scale_column(&column, present, present_count, true);
	*out++ = (uint8_t) (column.unit | (missing ? HAS_MISSING : 0) |
						(column.patch_count > 0 ? HAS_PATCHES : 0));
	if (missing)
		out = put_presence(out, values, count);
	return put_column(out, &column, present);
}

/* Write a block of one or more fixes, and return where it ends. */
uint8_t *
fix_block_encode(uint8_t *out, const FixBlock *block)
{
	uint8_t		channels = 0;

	for (int c = 0; c < CHANNEL_COUNT; c++)
		channels |= block->has_channel[c] << c;
	*out++ = channels;
	out = put_times(out, block->times, block->count);
	out = put_coordinates(out, block->lons, block->count);
	out = put_coordinates(out, block->lats, block->count);
	for (int c = 0; c < CHANNEL_COUNT; c++)
		if (block->has_channel[c])
			out = put_channel(out, block->channels[c], block->count);
	return out;
}

/* Values, of eight bytes each, that the integers of a column did not give back. */
typedef struct Patches
{
	int			count;
	uint16_t	places[MAX_BLOCK_FIXES];
	uint64_t	bits[MAX_BLOCK_FIXES];
} Patches;

static bool
read_patches(ByteReader *in, Patches *patches, int value_count)
{
	uint64_t	count,
				gap;
	uint64_t	next = 0;

	if (!read_count(in, value_count, &count))
		return false;
	for (uint64_t i = 0; i < count; i++)
	{
		if (next >= (uint64_t) value_count ||
			!read_count(in, value_count - 1 - next, &gap) ||
			!read_le64(in, &patches->bits[i]))
			return false;
		patches->places[i] = (uint16_t) (next + gap);
		next += gap + 1;
	}
	patches->count = (int) count;
	return true;
}

static bool
read_optional_patches(ByteReader *in, uint8_t head, Patches *patches, int value_count)
{
	patches->count = 0;
	return !(head & HAS_PATCHES) || read_patches(in, patches, value_count);
}

static void
apply_patches(const Patches *patches, void *values)
{
	for (int i = 0; i < patches->count; i++)
		memcpy((char *) values + patches->places[i] * sizeof(uint64_t),
			   &patches->bits[i], sizeof(uint64_t));
}

static bool
read_times(ByteReader *in, int64_t *times, int count, int64_t first)
{
	Patches		patches;
	uint8_t		head;
	uint64_t	unit_size;

	if (!read_byte(in, &head) || (head & ~HAS_PATCHES) > MAX_TIME_UNIT ||
		!read_optional_patches(in, head, &patches, count) ||
		!int_column_decode(in, times, count))
		return false;
	unit_size = (uint64_t) powers_of_ten[head & UNIT_MASK];
	for (int i = 0; i < count; i++)
		times[i] = (int64_t) ((uint64_t) first + (uint64_t) times[i] * unit_size);
	apply_patches(&patches, times);
	return true;
}

/* The rest of a column of numbers, after its head and before its patches. */
static bool
read_values(ByteReader *in, double *values, int count, uint8_t head, bool single)
{
	Patches		patches;
	int64_t		integers[MAX_BLOCK_FIXES];
	int			unit = head & UNIT_MASK;

	if ((unit > MAX_DECIMALS && unit != UNIT_RAW) ||
		!read_optional_patches(in, head, &patches, count) ||
		!int_column_decode(in, integers, count))
		return false;
	if (unit == UNIT_RAW)
		for (int i = 0; i < count; i++)
			values[i] = from_bits(integers[i], single);
	else
		for (int i = 0; i < count; i++)
			values[i] = from_decimal(integers[i], unit, single);
	apply_patches(&patches, values);
	return true;
}

static bool
read_coordinates(ByteReader *in, double *values, int count)
{
	uint8_t		head;

	return read_byte(in, &head) && (head & ~(UNIT_MASK | HAS_PATCHES)) == 0 &&
		read_values(in, values, count, head, false);
}

/* How many fixes have a value; -1 if that is cut short. */
static int
count_present(ByteReader *in, int count)
{
	int			present = 0;

	if (bytes_left(in) < (size_t) (count + 7) / 8)
		return -1;
	for (int i = 0; i < count; i++)
		present += in->at[i / 8] >> i % 8 & 1;
	in->at += (count + 7) / 8;
	return present;
}

static bool
read_channel(ByteReader *in, float *values, int count)
{
	double		present[MAX_BLOCK_FIXES];
	const uint8_t *bitmap = NULL;
	int			present_count = count;
	uint8_t		head;

	if (!read_byte(in, &head) || (head & ~(UNIT_MASK | HAS_MISSING | HAS_PATCHES)) != 0)
		return false;
	if (head & HAS_MISSING)
	{
		bitmap = in->at;
		present_count = count_present(in, count);
	}
	if (present_count < 1 || !read_values(in, present, present_count, head, true))
		return false;
	for (int i = 0, next = 0; i < count; i++)
	{
		bool		known = bitmap == NULL || (bitmap[i / 8] >> i % 8 & 1);

		values[i] = known ? (float) present[next++] : UNKNOWN;
	}
	return true;
}

/*
 * Read a block of 1 to MAX_BLOCK_FIXES fixes, the first at this time; false if
 * its bytes are damaged.  What is read from damaged bytes may be no fixes.
 */
bool
fix_block_decode(ByteReader *in, FixBlock *block, int count, int64_t first_time)
{
	uint8_t		channels;

	block->count = count;
	if (!read_byte(in, &channels) || channels >> CHANNEL_COUNT != 0 ||
		!read_times(in, block->times, count, first_time) ||
		!read_coordinates(in, block->lons, count) ||
		!read_coordinates(in, block->lats, count))
		return false;
	for (int c = 0; c < CHANNEL_COUNT; c++)
	{
		block->has_channel[c] = channels >> c & 1;
		if (!block->has_channel[c])
			for (int i = 0; i < count; i++)
				block->channels[c][i] = UNKNOWN;
		else if (!read_channel(in, block->channels[c], count))
			return false;
	}
	return true;
}
