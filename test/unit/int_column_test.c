/*
 * int_column_test.c
 *		Columns of integers come back bit for bit, within their bound; bytes that
 *		are none are refused, or are some integers.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "track/int_column.h"

#define ROUNDS		4000

typedef enum Shape
{
	REGULAR, JITTERED, CONSTANT, ACCELERATING, EXTREMES, ALTERNATING, ONE_GAP, RANDOM_WALK,
	ANY_WIDTH, RARE_EXCEPTIONS, ANY_BITS, SHAPES
} Shape;

static const char *const shape_names[] = {
	"regular steps", "jittered steps", "a constant", "accelerating steps", "extremes",
	"alternating numbers", "one gap", "a random walk", "numbers of any width",
	"rare exceptions", "any bits"
};

/* What a column's shape takes its numbers from. */
typedef struct Generator
{
	int64_t		value;
	int64_t		step;
	int64_t		other;
	int			place;			/* of the one that differs */
} Generator;

static int64_t
plus(int64_t a, int64_t b)
{
	return (int64_t) ((uint64_t) a + (uint64_t) b);
}

/* A number of up to 64 bits, each width as likely as any other. */
static int64_t
any_width(void)
{
	return (int64_t) random_bits() >> random_below(64);
}

static int64_t
next_value(Generator *from, Shape shape, int i)
{
	static const int64_t extremes[] = {INT64_MIN, INT64_MAX, INT64_MIN + 1, INT64_MAX - 1, 0, -1};

	switch (shape)
	{
		case REGULAR:
			return from->value = plus(from->value, from->step);
		case JITTERED:
			return from->value = plus(from->value, from->step + random_below(200));
		case CONSTANT:
			return from->value;
		case ACCELERATING:
			from->step = plus(from->step, from->other);
			return from->value = plus(from->value, from->step);
		case EXTREMES:
			return extremes[random_below(6)];
		case ALTERNATING:
			return i % 2 == 0 ? from->value : from->other;
		case ONE_GAP:
			return from->value = plus(from->value, i == from->place ? from->other : from->step);
		case RANDOM_WALK:
			return from->value = plus(from->value, random_below(2001) - 1000);
		case ANY_WIDTH:
			return any_width();
		case RARE_EXCEPTIONS:
			return i % 150 == from->place % 150 ? any_width() : random_below(4);
		default:
			return (int64_t) random_bits();
	}
}

/* A column of random length, often one of the shortest or the longest. */
static int
make_column(int64_t *values, Shape shape)
{
	static const int counts[] = {1, 2, 3, 4, MAX_COLUMN_COUNT};
	int			count = random_below(3) == 0 ? counts[random_below(5)] : 1 + random_below(MAX_COLUMN_COUNT);
	Generator	from = {any_width(), any_width() >> 8, any_width(), random_below(count)};

	for (int i = 0; i < count; i++)
		values[i] = next_value(&from, shape, i);
	return count;
}

/* Into memory that is no longer than the bound, and has this in it before. */
static uint8_t *
encode(const int64_t *values, int count, int fill, size_t *size)
{
	uint8_t    *bytes = malloc(INT_COLUMN_BOUND(count));

	memset(bytes, fill, INT_COLUMN_BOUND(count));
	*size = (size_t) (int_column_encode(bytes, values, count) - bytes);
	return bytes;
}

/* From memory that is no longer than the bytes; returns how many it took, 0 if refused. */
static size_t
decode(const uint8_t *bytes, size_t size, int64_t *values, int count)
{
	uint8_t    *exact = malloc(size > 0 ? size : 1);
	ByteReader	in = {exact, exact + size};
	bool		good;
	size_t		taken;

	memcpy(exact, bytes, size);
	good = int_column_decode(&in, values, count);
	taken = (size_t) (in.at - exact);
	free(exact);
	return good && taken <= size ? taken : 0;
}

static bool
round_trips(const int64_t *values, int count)
{
	int64_t		decoded[MAX_COLUMN_COUNT];
	size_t		size,
				again;
	uint8_t    *bytes = encode(values, count, 0, &size);
	uint8_t    *others = encode(values, count, 0xFF, &again);
	bool		same = size <= INT_COLUMN_BOUND(count) &&
		again == size && memcmp(bytes, others, size) == 0 &&
		decode(bytes, size, decoded, count) == size &&
		memcmp(values, decoded, (size_t) count * sizeof(int64_t)) == 0;

	free(bytes);
	free(others);
	return same;
}

static void
test_round_trip(void)
{
	int64_t		values[MAX_COLUMN_COUNT];

	for (Shape shape = 0; shape < SHAPES; shape++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS; round++)
		{
			int			count = make_column(values, shape);

			same &= round_trips(values, count);
		}
		ok(same, "%d columns of %s come back, and always have the same bytes",
		   ROUNDS, shape_names[shape]);
	}
}

static bool
has_bytes(const int64_t *values, int count, const uint8_t *expected, size_t expected_size)
{
	size_t		size;
	uint8_t    *bytes = encode(values, count, 0, &size);
	bool		same = size == expected_size && memcmp(bytes, expected, size) == 0;

	free(bytes);
	return same;
}

/* Worked by hand from the description of the format. */
static void
test_bytes(void)
{
	static const int64_t one[] = {-3};
	static const int64_t regular[] = {5, 8, 11, 14};
	static const int64_t accelerating[] = {0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66};
	static const int64_t gap[] = {0, 0, 0, 0, 0, 0, 0, 1000, 1000, 1000, 1000, 1000, 1000};

	ok(has_bytes(one, 1, (uint8_t[]) {0, 5}, 2), "the bytes of one number");
	ok(has_bytes(regular, 4, (uint8_t[]) {0, 10, 6, 0}, 4), "the bytes of regular steps");
	/* ten second differences of 1, each the two bits 10 */
	ok(has_bytes(accelerating, 12, (uint8_t[]) {0x82, 0, 2, 0, 0xAA, 0xAA, 0x0A}, 7),
	   "the bytes of second differences");
	/* one exception, after six residuals, of 2000 = 15 * 128 + 80 */
	ok(has_bytes(gap, 13, (uint8_t[]) {0, 0, 0, 1, 6, 0xD0, 15}, 7), "the bytes of an exception");
}

/* No part of a column is one. */
static void
test_truncated(void)
{
	int64_t		values[MAX_COLUMN_COUNT],
				decoded[MAX_COLUMN_COUNT];
	bool		refused = true;

	for (int round = 0; round < 200; round++)
	{
		int			count = make_column(values, round % SHAPES);
		size_t		size;
		uint8_t    *bytes = encode(values, count, 0, &size);

		for (size_t part = 0; part < size; part++)
			refused &= decode(bytes, part, decoded, count) == 0;
		free(bytes);
	}
	ok(refused, "every beginning of 200 columns is refused");
}

/* What damaged bytes give are integers like any others. */
static void
test_damaged(void)
{
	int64_t		values[MAX_COLUMN_COUNT];
	int			accepted = 0;
	bool		same = true;

	for (int round = 0; round < ROUNDS * 10; round++)
	{
		int			count = make_column(values, round % SHAPES);
		size_t		size;
		uint8_t    *bytes = encode(values, count, 0, &size);

		for (int i = random_below(4); i >= 0; i--)
			bytes[random_below((int) size)] = (uint8_t) random_bits();
		if (random_below(10) == 0)
			for (size_t i = 0; i < size; i++)
				bytes[i] = (uint8_t) random_bits();
		/* also as more or fewer integers than there were */
		if (random_below(4) == 0)
			count = 1 + random_below(MAX_COLUMN_COUNT);
		if (decode(bytes, size, values, count) > 0)
		{
			accepted++;
			same &= round_trips(values, count);
		}
		free(bytes);
	}
	ok(same && accepted > 0, "%d damaged columns are refused, but for %d that give integers",
	   ROUNDS * 10 - accepted, accepted);
}

int
main(void)
{
	test_round_trip();
	test_bytes();
	test_truncated();
	test_damaged();
	return done_testing();
}
