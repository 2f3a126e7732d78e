/*
 * int_column.c
 *		Differences in a fixed number of bits, with exceptions.
 *
 * Regular steps have equal first differences, a vehicle's coordinates small
 * second ones; the encoder takes what is shorter.  What is left of each value is
 * packed at one width, chosen so that the column is shortest when the high bits
 * of the values that are wider are kept apart (patched frames of reference: Zukowski,
 * Heman, Nes, Boncz, "Super-scalar RAM-CPU cache compression", ICDE 2006).
 *
 *		byte	the width of the residuals in bits, 0 to 64; 0x80 if they are of
 *				second differences
 *		varint	the first value, zigzag
 *		varint	zigzag: what each first difference has in common, or the first
 *				of them if the residuals are of second ones (from 2 values on)
 *		varint	how many exceptions follow, each as two varints: residuals since the
 *				one before, and the bits above the width
 *		bits	the residuals, zigzag, the lowest bit first, filled up to a byte
 *
 * All arithmetic is modulo 2^64, so that any values come back.
 */
#include <stdlib.h>

#include "track/int_column.h"

#define SECOND_DIFFERENCES	0x80
#define MAX_WIDTH			64

/* The residuals of a column at one order of differences, and their best width. */
typedef struct Frame
{
	int			order;			/* 1 or 2 */
	int			count;
	int			width;
	int			exception_count;	/* residuals that are wider */
	size_t		size;			/* bytes, of exceptions and packed bits */
	int64_t		base;			/* the common first difference, or the first one */
	uint64_t	residuals[MAX_COLUMN_COUNT];
} Frame;

static inline int64_t
subtract(int64_t a, int64_t b)
{
	return (int64_t) ((uint64_t) a - (uint64_t) b);
}

static inline int64_t
add(int64_t a, int64_t b)
{
	return (int64_t) ((uint64_t) a + (uint64_t) b);
}

static inline int
bit_width(uint64_t value)
{
	return 63 - __builtin_clzll(value | 1) + (value != 0);
}

static int
compare_int64(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* About the median of the first differences, from a few of them. */
static int64_t
typical_difference(const int64_t *values, int count)
{
	int64_t		sample[9];
	int			size = count - 1 < 9 ? count - 1 : 9;

	for (int i = 0; i < size; i++)
	{
		int			at = i * (count - 1) / size;

		sample[i] = subtract(values[at + 1], values[at]);
	}
	qsort(sample, size, sizeof(int64_t), compare_int64);
	return sample[size / 2];
}

/* Bytes of the exceptions to a width, given how many residuals have each. */
static size_t
exceptions_size(const int *width_counts, int width, int widest)
{
	size_t		size = 0;

	for (int w = width + 1; w <= widest; w++)
		size += (size_t) width_counts[w] * (1 + (w - width + 6) / 7);
	return size;
}

/* How many residuals have each width; in turns, as the same counter is slow to return to. */
static void
count_widths(const Frame *frame, int *width_counts)
{
	int			turns[4][MAX_WIDTH + 1] = {0};

	for (int i = 0; i < frame->count; i++)
		turns[i % 4][bit_width(frame->residuals[i])]++;
	for (int w = 0; w <= MAX_WIDTH; w++)
		width_counts[w] = turns[0][w] + turns[1][w] + turns[2][w] + turns[3][w];
}

static void
choose_width(Frame *frame)
{
	int			width_counts[MAX_WIDTH + 1];
	int			widest = MAX_WIDTH;
	int			wider = 0;

	count_widths(frame, width_counts);
	while (widest > 0 && width_counts[widest] == 0)
		widest--;
	frame->size = SIZE_MAX;
	for (int width = widest; width >= 0; width--)
	{
		size_t		exceptions = exceptions_size(width_counts, width, widest);
		size_t		size = ((size_t) frame->count * width + 7) / 8 + exceptions;

		/* narrower ones only have more of them */
		if (exceptions >= frame->size)
			break;
		if (size < frame->size)
		{
			frame->size = size;
			frame->width = width;
			frame->exception_count = wider;
		}
		wider += width_counts[width];
	}
}

static void
take_first_differences(Frame *frame, const int64_t *values, int count)
{
	frame->order = 1;
	frame->count = count - 1;
	frame->base = typical_difference(values, count);
	for (int i = 1; i < count; i++)
		frame->residuals[i - 1] =
			zigzag(subtract(subtract(values[i], values[i - 1]), frame->base));
	choose_width(frame);
}

static void
take_second_differences(Frame *frame, const int64_t *values, int count)
{
	int64_t		last = subtract(values[1], values[0]);

	frame->order = 2;
	frame->count = count - 2;
	frame->base = last;
	for (int i = 2; i < count; i++)
	{
		int64_t		difference = subtract(values[i], values[i - 1]);

		frame->residuals[i - 2] = zigzag(subtract(difference, last));
		last = difference;
	}
	choose_width(frame);
}

static uint8_t *
put_exceptions(uint8_t *out, const Frame *frame)
{
	int			count = frame->exception_count;
	int			next = 0;		/* the residual after the last exception */

	out = put_varint(out, count);
	for (int i = 0; count > 0; i++)
	{
		if (bit_width(frame->residuals[i]) <= frame->width)
			continue;
		out = put_varint(out, i - next);
		out = put_varint(out, frame->residuals[i] >> frame->width);
		next = i + 1;
		count--;
	}
	return out;
}

static uint8_t *
put_packed(uint8_t *out, const Frame *frame)
{
	int			width = frame->width;
	uint64_t	mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	uint64_t	bits = 0;
	int			filled = 0;

	if (width == 0)
		return out;
	for (int i = 0; i < frame->count; i++)
	{
		uint64_t	residual = frame->residuals[i] & mask;

		bits |= residual << filled;
		filled += width;
		if (filled >= 64)
		{
			out = put_le64(out, bits);
			filled -= 64;
			bits = filled == 0 ? 0 : residual >> (width - filled);
		}
	}
	for (; filled > 0; filled -= 8, bits >>= 8)
		*out++ = (uint8_t) bits;
	return out;
}

/* Write one or more integers, and return where they end. */
uint8_t *
int_column_encode(uint8_t *out, const int64_t *values, int count)
{
	Frame		first,
				second;
	const Frame *best = &first;

	if (count == 1)
	{
		*out++ = 0;
		return put_varint(out, zigzag(values[0]));
	}
	take_first_differences(&first, values, count);
	if (first.width > 0 || first.size > 0)
	{
		take_second_differences(&second, values, count);
		if (second.size < first.size)
			best = &second;
	}
	*out++ = (uint8_t) (best->width | (best->order == 2 ? SECOND_DIFFERENCES : 0));
	out = put_varint(out, zigzag(values[0]));
	out = put_varint(out, zigzag(best->base));
	out = put_exceptions(out, best);
	return put_packed(out, best);
}

/* Eight bytes from here, zeros after the end. */
static uint64_t
load_last_bits(const uint8_t *in, const uint8_t *end)
{
	uint8_t		bytes[8] = {0};

	if (in < end)
		memcpy(bytes, in, end - in < 8 ? (size_t) (end - in) : 8);
	return get_le64(bytes);
}

/* Where eight bytes can be read at once, and a residual has no more than 57 bits. */
static void
unpack_fast(const uint8_t *in, uint64_t *residuals, int count, int width)
{
	uint64_t	mask = (UINT64_C(1) << width) - 1;

	for (int i = 0; i < count; i++)
	{
		size_t		bit = (size_t) i * width;

		residuals[i] = get_le64(in + bit / 8) >> bit % 8 & mask;
	}
}

static void
unpack_slowly(const ByteReader *in, uint64_t *residuals, int first, int count, int width)
{
	uint64_t	mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;

	for (int i = first; i < count; i++)
	{
		size_t		bit = (size_t) i * width;
		const uint8_t *at = in->at + bit / 8;
		int			shift = bit % 8;
		uint64_t	residual = load_last_bits(at, in->end) >> shift;

		if (shift + width > 64)
			residual |= load_last_bits(at + 8, in->end) << (64 - shift);
		residuals[i] = residual & mask;
	}
}

static bool
read_packed(ByteReader *in, uint64_t *residuals, int count, int width)
{
	size_t		size = ((size_t) count * width + 7) / 8;
	int			fast = 0;

	if (size > bytes_left(in))
		return false;
	if (width == 0)
	{
		memset(residuals, 0, count * sizeof(uint64_t));
		return true;
	}
	if (width <= 57 && bytes_left(in) >= 8)
	{
		size_t		most = (bytes_left(in) - 8) * 8 / width + 1;

		fast = most < (size_t) count ? (int) most : count;
		unpack_fast(in->at, residuals, fast, width);
	}
	unpack_slowly(in, residuals, fast, count, width);
	in->at += size;
	return true;
}

/* The exceptions, to be applied when the residuals are there. */
typedef struct Exceptions
{
	int			count;
	uint16_t	places[MAX_COLUMN_COUNT];
	uint64_t	high_bits[MAX_COLUMN_COUNT];
} Exceptions;

static bool
read_exceptions(ByteReader *in, Exceptions *exceptions, int residual_count)
{
	uint64_t	count,
				gap;
	uint64_t	next = 0;

	if (!read_count(in, residual_count, &count))
		return false;
	for (uint64_t i = 0; i < count; i++)
	{
		if (next >= (uint64_t) residual_count ||
			!read_count(in, residual_count - 1 - next, &gap) ||
			!read_varint(in, &exceptions->high_bits[i]))
			return false;
		exceptions->places[i] = (uint16_t) (next + gap);
		next += gap + 1;
	}
	exceptions->count = (int) count;
	return true;
}

/* Are there any residuals but 0? */
typedef enum Residuals
{
	DAMAGED, ALL_ZERO, SOME
} Residuals;

static Residuals
read_residuals(ByteReader *in, uint64_t *residuals, int count, int width)
{
	Exceptions	exceptions;

	if (!read_exceptions(in, &exceptions, count) ||
		(exceptions.count > 0 && width == MAX_WIDTH))
		return DAMAGED;
	if (width == 0 && exceptions.count == 0)
		return ALL_ZERO;
	if (!read_packed(in, residuals, count, width))
		return DAMAGED;
	for (int i = 0; i < exceptions.count; i++)
		residuals[exceptions.places[i]] |= exceptions.high_bits[i] << width;
	return SOME;
}

/* The column that regular steps make. */
static void
fill_steps(int64_t *values, int count, int64_t step)
{
	for (int i = 1; i < count; i++)
		values[i] = (int64_t) ((uint64_t) values[0] + (uint64_t) i * (uint64_t) step);
}

static void
add_first_differences(int64_t *values, const uint64_t *residuals, int count, int64_t base)
{
	for (int i = 1; i < count; i++)
		values[i] = add(values[i - 1], add(unzigzag(residuals[i - 1]), base));
}

static void
add_second_differences(int64_t *values, const uint64_t *residuals, int count, int64_t base)
{
	int64_t		difference = base;

	values[1] = add(values[0], base);
	for (int i = 2; i < count; i++)
	{
		difference = add(difference, unzigzag(residuals[i - 2]));
		values[i] = add(values[i - 1], difference);
	}
}

/* Read 1 to MAX_COLUMN_COUNT integers; false if they are damaged. */
bool
int_column_decode(ByteReader *in, int64_t *values, int count)
{
	uint64_t	residuals[MAX_COLUMN_COUNT];
	uint8_t		head;
	uint64_t	first,
				base;
	int			width;
	bool		second;

	if (!read_byte(in, &head) || !read_varint(in, &first))
		return false;
	values[0] = unzigzag(first);
	if (count == 1)
		return head == 0;
	width = head & ~SECOND_DIFFERENCES;
	second = (head & SECOND_DIFFERENCES) != 0;
	if (width > MAX_WIDTH || !read_varint(in, &base))
		return false;
	switch (read_residuals(in, residuals, second ? count - 2 : count - 1, width))
	{
		case DAMAGED:
			return false;
		case ALL_ZERO:
			fill_steps(values, count, unzigzag(base));
			break;
		case SOME:
			if (second)
				add_second_differences(values, residuals, count, unzigzag(base));
			else
				add_first_differences(values, residuals, count, unzigzag(base));
	}
	return true;
}
