/*
 * block_codec_test.c
 *		Blocks of fixes come back bit for bit, within their bound; bytes that are
 *		none are refused, or are some numbers.
 */
#include <stdlib.h>

#include "tap.h"
#include "track/block_codec.h"

#define ROUNDS	2000

typedef enum TimeShape
{
	SECONDS, MILLISECONDS, MICROSECONDS, ODD_TIME, TIME_GAP, FAR_TIMES, ANY_TIMES, TIME_SHAPES
} TimeShape;

static const char *const time_shape_names[] = {
	"seconds", "milliseconds", "microseconds", "an odd one among seconds",
	"a gap of years", "times at the limits", "any times"
};

typedef enum NumberShape
{
	DECIMALS, MIXED_DECIMALS, ALL_DIGITS, ODD_NUMBER, MANY_ODD_NUMBERS, CONSTANT_NUMBER, SUBNORMAL,
	EDGES, ANY_NUMBERS, NUMBER_SHAPES
} NumberShape;

static const char *const number_shape_names[] = {
	"decimals", "decimals of any number of places", "all digits", "an odd one among decimals",
	"many odd ones among decimals", "a constant", "subnormal numbers", "the edges of the Earth",
	"numbers of any bits"
};

typedef enum ChannelShape
{
	ABSENT, PRESENT, SOMETIMES, MOSTLY, ONCE, INFINITE, CHANNEL_SHAPES
} ChannelShape;

static const char *const channel_shape_names[] = {
	"no values", "values everywhere", "values at times", "values at most fixes", "one value",
	"infinite values"
};

static int64_t
next_time(int64_t last, TimeShape shape, bool chosen)
{
	switch (shape)
	{
		case SECONDS:
			return last + 1000000 * (1 + random_below(3));
		case MILLISECONDS:
			return last + 1000 * (1 + random_below(3000));
		case MICROSECONDS:
			return last + 1 + random_below(3000000);
		case ODD_TIME:
			return last + 1000000 + (chosen ? 1 + random_below(999999) : 0);
		case TIME_GAP:
			return last + 1000000 * (chosen ? INT64_C(1) << random_below(40) : 1);
		case FAR_TIMES:
			return (random_below(2) == 0 ? FIX_TIME_LIMIT : -FIX_TIME_LIMIT) + random_below(3) - 1;
		default:
			return (int64_t) random_bits() >> random_below(64);
	}
}

static void
make_times(int64_t *times, int count, TimeShape shape)
{
	int			chosen = random_below(count);
	int64_t		time = ((int64_t) random_bits() >> (8 + random_below(32))) / 1000000 * 1000000;

	for (int i = 0; i < count; i++)
		times[i] = time = next_time(time, shape, i == chosen);
	/* the last one of an odd step is back on the second */
	if (shape == ODD_TIME)
		for (int i = chosen + 1; i < count; i++)
			times[i] = times[i] / 1000000 * 1000000;
}

/* Any number, but not NaN nor -0, which no fix has. */
static double
any_number(bool single)
{
	for (;;)
	{
		uint64_t	bits = random_bits();
		double		value;
		float		single_value;

		memcpy(&value, &bits, sizeof(value));
		memcpy(&single_value, &bits, sizeof(single_value));
		if (single)
			value = single_value;
		if (!isnan(value) && value != 0)
			return value;
	}
}

static double
decimal(double value, int places)
{
	double		units = pow(10, places);

	return rint(value * units) / units + 0.0;
}

static double
subnormal(bool single)
{
	return (1 + random_below(1000)) * (single ? 0x1p-149 : 0x1p-1074) * (random_below(2) == 0 ? 1 : -1);
}

/* What is not a decimal, in one of several ways. */
static double
odd_number(double value, bool single)
{
	switch (random_below(4))
	{
		case 0:
			return subnormal(single);
		case 1:
			return any_number(single);
		case 2:
			return random_below(2) == 0 ? INFINITY : -INFINITY;
		default:
			return value;
	}
}

/* A number near this one; `chosen` are those that may be of another kind. */
static double
next_number(double near, NumberShape shape, int places, bool chosen, bool single)
{
	static const double edges[] = {-180, 180, -90, 90, 0, -179.9999999, 179.9999999, 89.9999999, -1e-7};
	double		value = near + random_between(-0.001, 0.001);

	switch (shape)
	{
		case DECIMALS:
			return decimal(value, places);
		case MIXED_DECIMALS:
			return decimal(value, random_below(16));
		case ODD_NUMBER:
		case MANY_ODD_NUMBERS:
			return chosen ? odd_number(value, single) : decimal(value, places);
		case CONSTANT_NUMBER:
			return decimal(near, places);
		case SUBNORMAL:
			return subnormal(single);
		case EDGES:
			return edges[random_below(9)];
		case ANY_NUMBERS:
			return any_number(single);
		default:
			return value;
	}
}

static void
make_numbers(double *numbers, int count, NumberShape shape, bool single)
{
	int			chosen = random_below(count);
	int			places = random_below(16);
	double		near = random_between(-180, 180);

	for (int i = 0; i < count; i++)
	{
		bool		odd = shape == ODD_NUMBER ? i == chosen : random_below(10) == 0;

		numbers[i] = next_number(near, shape, places, odd, single);
		near += shape == CONSTANT_NUMBER ? 0 : random_between(-0.01, 0.01);
	}
}

static float
channel_value(ChannelShape shape, double number, bool chosen)
{
	bool		present = shape == PRESENT || chosen || (shape == SOMETIMES && random_below(2) == 0) ||
		(shape == MOSTLY && random_below(100) > 0) || (shape == INFINITE && random_below(4) > 0);

	if (shape == ABSENT || !present)
		return UNKNOWN;
	if (shape == INFINITE && random_below(3) == 0)
		return random_below(2) == 0 ? INFINITY : -INFINITY;
	return channel_normalize((float) number);
}

static void
make_channel(FixBlock *block, int c, ChannelShape shape)
{
	static double numbers[MAX_BLOCK_FIXES];
	int			chosen = random_below(block->count);

	make_numbers(numbers, block->count, random_below(NUMBER_SHAPES), true);
	block->has_channel[c] = shape != ABSENT;
	for (int i = 0; i < block->count; i++)
		block->channels[c][i] = channel_value(shape, numbers[i], i == chosen);
}

/* The shapes of a block's columns. */
typedef struct BlockShape
{
	TimeShape	time;
	NumberShape lon;
	NumberShape lat;
	ChannelShape channels[CHANNEL_COUNT];
} BlockShape;

static BlockShape
any_shape(void)
{
	BlockShape	shape = {random_below(TIME_SHAPES), random_below(NUMBER_SHAPES),
	random_below(NUMBER_SHAPES), {0}};

	for (int c = 0; c < CHANNEL_COUNT; c++)
		shape.channels[c] = random_below(CHANNEL_SHAPES);
	return shape;
}

static void
make_block(FixBlock *block, BlockShape shape)
{
	static const int counts[] = {1, 2, 7, 8, 9, MAX_BLOCK_FIXES};

	block->count = random_below(3) == 0 ? counts[random_below(6)] : 1 + random_below(MAX_BLOCK_FIXES);
	make_times(block->times, block->count, shape.time);
	make_numbers(block->lons, block->count, shape.lon, false);
	make_numbers(block->lats, block->count, shape.lat, false);
	for (int c = 0; c < CHANNEL_COUNT; c++)
		make_channel(block, c, shape.channels[c]);
}

/* Into memory that is no longer than the bound, and has this in it before. */
static uint8_t *
encode(const FixBlock *block, int fill, size_t *size)
{
	uint8_t    *bytes = malloc(FIX_BLOCK_BOUND(block->count));

	memset(bytes, fill, FIX_BLOCK_BOUND(block->count));
	*size = (size_t) (fix_block_encode(bytes, block) - bytes);
	return bytes;
}

/* From memory that is no longer than the bytes; returns how many it took, 0 if refused. */
static size_t
decode(const uint8_t *bytes, size_t size, FixBlock *block, int count, int64_t first_time)
{
	uint8_t    *exact = malloc(size > 0 ? size : 1);
	ByteReader	in = {exact, exact + size};
	bool		good;
	size_t		taken;

	memcpy(exact, bytes, size);
	good = fix_block_decode(&in, block, count, first_time);
	taken = (size_t) (in.at - exact);
	free(exact);
	return good && taken <= size ? taken : 0;
}

static bool
same_blocks(const FixBlock *a, const FixBlock *b)
{
	size_t		count = (size_t) a->count;
	bool		same = a->count == b->count &&
		memcmp(a->times, b->times, count * sizeof(int64_t)) == 0 &&
		memcmp(a->lons, b->lons, count * sizeof(double)) == 0 &&
		memcmp(a->lats, b->lats, count * sizeof(double)) == 0;

	for (int c = 0; c < CHANNEL_COUNT; c++)
		same &= a->has_channel[c] == b->has_channel[c] &&
			memcmp(a->channels[c], b->channels[c], count * sizeof(float)) == 0;
	return same;
}

static bool
round_trips(const FixBlock *block)
{
	static FixBlock decoded;
	size_t		size,
				again;
	uint8_t    *bytes = encode(block, 0, &size);
	uint8_t    *others = encode(block, 0xFF, &again);
	bool		same = size <= FIX_BLOCK_BOUND(block->count) &&
		again == size && memcmp(bytes, others, size) == 0 &&
		decode(bytes, size, &decoded, block->count, block->times[0]) == size &&
		same_blocks(block, &decoded);

	free(bytes);
	free(others);
	return same;
}

static void
test_times(void)
{
	static FixBlock block;

	for (TimeShape time = 0; time < TIME_SHAPES; time++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS; round++)
		{
			BlockShape	shape = any_shape();

			shape.time = time;
			make_block(&block, shape);
			same &= round_trips(&block);
		}
		ok(same, "%d blocks come back whose times are %s", ROUNDS, time_shape_names[time]);
	}
}

static void
test_numbers(void)
{
	static FixBlock block;

	for (NumberShape lon = 0; lon < NUMBER_SHAPES; lon++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS; round++)
		{
			BlockShape	shape = any_shape();

			shape.lon = lon;
			make_block(&block, shape);
			same &= round_trips(&block);
		}
		ok(same, "%d blocks come back whose longitudes are %s", ROUNDS, number_shape_names[lon]);
	}
}

/* Every mixture of two channels. */
static void
test_channels(void)
{
	static FixBlock block;

	for (ChannelShape accuracy = 0; accuracy < CHANNEL_SHAPES; accuracy++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS; round++)
		{
			BlockShape	shape = any_shape();

			shape.channels[ACCURACY] = accuracy;
			shape.channels[SPEED] = round % CHANNEL_SHAPES;
			make_block(&block, shape);
			same &= round_trips(&block);
		}
		ok(same, "%d blocks come back with %s in a channel", ROUNDS, channel_shape_names[accuracy]);
	}
}

/* Worked by hand from the description of the format. */
static void
test_bytes(void)
{
	static const uint8_t one[] = {0, 6, 0, 0, 1, 0, 30, 0, 0, 3};
	static const uint8_t two[] = {
		1 << SPEED,				/* channels */
		3, 0, 0, 6, 0,			/* milliseconds: 0, step 3 */
		0, 0, 4, 0, 0,			/* 2, step 0 */
		1, 0, 10, 1, 0,			/* tenths: 5, step -1 */
		0x42, 2, 0, 50			/* hundredths, only the second fix: 25 */
	};
	static FixBlock block = {.count = 1,.times = {-7, 2993},.lons = {1.5},.lats = {-2}};
	size_t		size;
	uint8_t    *bytes = encode(&block, 0, &size);

	ok(size == sizeof(one) && memcmp(bytes, one, size) == 0, "the bytes of one fix");
	free(bytes);

	block.count = 2;
	block.has_channel[SPEED] = true;
	block.lons[0] = block.lons[1] = 2;
	block.lats[0] = 0.5;
	block.lats[1] = 0.4;
	block.channels[SPEED][0] = UNKNOWN;
	block.channels[SPEED][1] = 0.25f;
	bytes = encode(&block, 0, &size);
	ok(size == sizeof(two) && memcmp(bytes, two, size) == 0, "the bytes of two fixes with a channel");
	free(bytes);
}

/* One odd value must not cost the others their few bits. */
static void
test_odd_one(void)
{
	static FixBlock block;
	size_t		usual,
				odd;

	block.count = 256;
	for (int i = 0; i < block.count; i++)
	{
		block.times[i] = i * INT64_C(1000000);
		block.lons[i] = (1270000000 + i * 100 + i % 7) / 1e7;
		block.lats[i] = (370000000 + i * 100 + i % 5) / 1e7;
	}
	free(encode(&block, 0, &usual));
	block.lons[100] += 1e-11;
	block.times[200]++;
	free(encode(&block, 0, &odd));
	ok(odd <= usual + 40, "two odd values cost %d bytes", (int) odd - (int) usual);
}

/* No part of a block is one. */
static void
test_truncated(void)
{
	static FixBlock block,
				decoded;
	bool		refused = true;

	for (int round = 0; round < 100; round++)
	{
		size_t		size;
		uint8_t    *bytes;

		make_block(&block, any_shape());
		bytes = encode(&block, 0, &size);
		/* the last of many, for they are long */
		for (size_t part = size > 500 ? size - 500 : 0; part < size; part++)
			refused &= decode(bytes, part, &decoded, block.count, block.times[0]) == 0;
		free(bytes);
	}
	ok(refused, "the beginnings of 100 blocks are refused");
}

/* What damaged bytes give has a value at each fix of each column. */
static bool
complete(const FixBlock *block, int count)
{
	bool		good = block->count == count;

	for (int c = 0; c < CHANNEL_COUNT; c++)
		for (int i = 0; i < count && !block->has_channel[c]; i++)
			good &= isnan(block->channels[c][i]);
	return good;
}

static void
test_damaged(void)
{
	static FixBlock block;
	int			accepted = 0;
	bool		good = true;

	for (int round = 0; round < ROUNDS * 10; round++)
	{
		size_t		size;
		uint8_t    *bytes;
		int			count;

		make_block(&block, any_shape());
		bytes = encode(&block, 0, &size);
		for (int i = random_below(4); i >= 0; i--)
			bytes[random_below((int) (i % 2 == 0 || size < 60 ? size : 60))] = (uint8_t) random_bits();
		/* also as more or fewer fixes than there were */
		count = random_below(4) > 0 ? block.count : 1 + random_below(MAX_BLOCK_FIXES);
		if (decode(bytes, size, &block, count, (int64_t) random_bits()) > 0)
		{
			accepted++;
			good &= complete(&block, count);
		}
		free(bytes);
	}
	ok(good && accepted > 0, "%d damaged blocks are refused, but for %d that give numbers",
	   ROUNDS * 10 - accepted, accepted);
}

int
main(void)
{
	test_times();
	test_numbers();
	test_channels();
	test_bytes();
	test_odd_one();
	test_truncated();
	test_damaged();
	return done_testing();
}
