/*
 * exact.c
 *		Exact arithmetic: fractions of 128-bit integers.
 */
#include "billing/money/exact.h"

const char *const money_rounding_names[ROUNDING_MODE_COUNT] = {
	[ROUND_HALF_UP] = "half_up",
	[ROUND_HALF_EVEN] = "half_even",
	[ROUND_HALF_DOWN] = "half_down",
	[ROUND_UP] = "up",
	[ROUND_DOWN] = "down",
};

static inline UInt128
magnitude(Int128 a)
{
	return a < 0 ? -(UInt128) a : (UInt128) a;
}

static uint64_t
gcd64(uint64_t a, uint64_t b)
{
	int			shift;

	if (a == 0 || b == 0)
		return a | b;
	shift = __builtin_ctzll(a | b);
	a >>= __builtin_ctzll(a);
	while (b != 0)
	{
		b >>= __builtin_ctzll(b);
		if (a > b)
		{
			uint64_t	t = a;

			a = b;
			b = t;
		}
		b -= a;
	}
	return a << shift;
}

static UInt128
gcd128(UInt128 a, UInt128 b)
{
	while (b != 0)
	{
		UInt128		rest;

		if (a <= UINT64_MAX && b <= UINT64_MAX)
			return gcd64((uint64_t) a, (uint64_t) b);
		rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* In lowest terms. */
Rational
rational_reduce(Rational a)
{
	Int128		divisor;

	if (a.den <= 1)
		return a;
	if (a.num == 0)
		return whole(0);
	divisor = (Int128) gcd128(magnitude(a.num), (UInt128) a.den);
	if (divisor > 1)
		a = (Rational) {a.num / divisor, a.den / divisor};
	return a;
}

/* Of two denominators: mostly the one is a multiple of the other. */
static Int128
common_divisor(Int128 a, Int128 b)
{
	Int128		small = a < b ? a : b;
	Int128		large = a < b ? b : a;

	if (large <= INT64_MAX && (uint64_t) large % (uint64_t) small == 0)
		return small;
	return (Int128) gcd128((UInt128) a, (UInt128) b);
}

static inline Int128
divide(Int128 a, Int128 b)
{
	if (is_small(a) && is_small(b))
		return (Int128) ((int64_t) a / (int64_t) b);
	return a / b;
}

/* The sum where denominators differ, or where the plain sum does not fit. */
Rational
rational_add_slowly(Rational a, Rational b)
{
	Int128		divisor,
				a_factor,
				b_factor,
				x,
				y;
	Rational	sum;

	if (a.den == 0 || b.den == 0)
		return RATIONAL_OUT_OF_RANGE;
	if (a.num == 0)
		return b;
	if (b.num == 0)
		return a;
	divisor = common_divisor(a.den, b.den);
	a_factor = divide(b.den, divisor);
	b_factor = divide(a.den, divisor);
	if (__builtin_mul_overflow(a.num, a_factor, &x) ||
		__builtin_mul_overflow(b.num, b_factor, &y) ||
		__builtin_add_overflow(x, y, &sum.num) ||
		__builtin_mul_overflow(a.den, a_factor, &sum.den))
	{
		/* perhaps it fits in lower terms */
		Rational	low_a = rational_reduce(a);
		Rational	low_b = rational_reduce(b);

		if (low_a.den == a.den && low_b.den == b.den)
			return RATIONAL_OUT_OF_RANGE;
		return rational_add_slowly(low_a, low_b);
	}
	return sum;
}

/* Take what the numerator of one and the denominator of the other share out of both. */
static inline void
cross_reduce(Int128 *num, Int128 *den)
{
	Int128		divisor = (Int128) gcd128(magnitude(*num), (UInt128) *den);

	if (divisor > 1)
	{
		*num /= divisor;
		*den /= divisor;
	}
}

/* The product where a part does not fit into 64 bits. */
Rational
rational_multiply_slowly(Rational a, Rational b)
{
	Rational	product;

	if (a.den == 0 || b.den == 0)
		return RATIONAL_OUT_OF_RANGE;
	if (a.num == 0 || b.num == 0)
		return whole(0);
	cross_reduce(&a.num, &b.den);
	cross_reduce(&b.num, &a.den);
	if (__builtin_mul_overflow(a.num, b.num, &product.num) ||
		__builtin_mul_overflow(a.den, b.den, &product.den))
		return RATIONAL_OUT_OF_RANGE;
	return product;
}

/* By a value that is not zero. */
Rational
rational_divide(Rational a, Rational b)
{
	Rational	inverse = {b.den, b.num};

	if (b.num == 0)
		return RATIONAL_OUT_OF_RANGE;
	if (b.num < 0)
		inverse = (Rational) {-b.den, -b.num};
	return rational_multiply(a, inverse);
}

/* The largest integer that is not above the quotient; b is positive. */
static inline Int128
floor_divide(Int128 a, Int128 b)
{
	Int128		quotient = divide(a, b);

	return quotient - (a < 0 && quotient * b != a);
}

/*
 * The order of two values in range, by cross-multiplication; where that does not fit,
 * by whole parts and then by the inverses of what is left.
 */
int
rational_compare_slowly(Rational a, Rational b)
{
	int			sign = 1;

	for (;;)
	{
		Int128		x,
					y;
		Int128		a_whole,
					b_whole;
		Rational	swap;

		if (a.den == b.den)
			return sign * ((a.num > b.num) - (a.num < b.num));
		if (!__builtin_mul_overflow(a.num, b.den, &x) &&
			!__builtin_mul_overflow(b.num, a.den, &y))
			return sign * ((x > y) - (x < y));
		if (a.den == 0 || b.den == 0)
			return 0;
		a_whole = floor_divide(a.num, a.den);
		b_whole = floor_divide(b.num, b.den);
		if (a_whole != b_whole)
			return sign * (a_whole > b_whole ? 1 : -1);
		a.num -= a_whole * a.den;
		b.num -= b_whole * b.den;
		if (a.num == 0 || b.num == 0)
			return sign * ((a.num > 0) - (b.num > 0));
		swap = (Rational) {b.den, b.num};
		b = (Rational) {a.den, a.num};
		a = swap;
	}
}

static bool
rounds_away(Int128 quotient, UInt128 rest, UInt128 divisor, RoundingMode mode)
{
	UInt128		other = divisor - rest;

	if (rest == 0)
		return false;
	switch (mode)
	{
		case ROUND_HALF_UP:
			return rest >= other;
		case ROUND_HALF_EVEN:
			return rest > other || (rest == other && quotient % 2 != 0);
		case ROUND_HALF_DOWN:
			return rest > other;
		case ROUND_UP:
			return true;
		case ROUND_DOWN:
			return false;
	}
	return false;
}

static Rational
times_step(Int128 count, Rational step)
{
	return rational_multiply((Rational) {count, 1}, step);
}

/* To a whole number of steps; the step is positive. */
Rational
rational_round(Rational a, Rational step, RoundingMode mode)
{
	Rational	steps = rational_divide(a, step);
	Int128		quotient;

	if (!in_range(steps))
		return steps;
	quotient = divide(steps.num, steps.den);
	if (rounds_away(quotient, magnitude(steps.num - quotient * steps.den), (UInt128) steps.den, mode))
		quotient += steps.num < 0 ? -1 : 1;
	return times_step(quotient, step);
}

Rational
rational_floor(Rational a, Rational step)
{
	Rational	steps;

	if (a.den == 1 && step.den == 1 && step.num != 0)
		return times_step(floor_divide(a.num, step.num), step);
	steps = rational_divide(a, step);
	if (!in_range(steps))
		return steps;
	return times_step(floor_divide(steps.num, steps.den), step);
}

Rational
rational_ceil(Rational a, Rational step)
{
	return rational_negate(rational_floor(rational_negate(a), step));
}

/* Return one unit of the last of so many digits behind the point: 1, 1/10, 1/100 ... */
Rational
rational_decimal_unit(int digits)
{
	Rational	unit = whole(1);

	for (int i = 0; i < digits; i++)
		unit.den *= 10;
	return unit;
}

/*
 * What a part of a total gets of some units, rounded down, and what that leaves.
 * None is negative, and the total is positive and below 2^125.
 */
int64_t
rational_share(int64_t units, Int128 part, Int128 total, Int128 *remainder)
{
	Int128		product;
	Int128		rest = 0;
	int64_t		quotient = 0;

	if (!__builtin_mul_overflow((Int128) units, part, &product))
	{
		*remainder = product % total;
		return (int64_t) (product / total);
	}
	/* bit by bit, as one multiplies and divides on paper */
	for (int bit = 62; bit >= 0; bit--)
	{
		rest *= 2;
		quotient *= 2;
		if (units >> bit & 1)
			rest += part;
		for (; rest >= total; rest -= total)
			quotient++;
	}
	*remainder = rest;
	return quotient;
}

#define MAX_DECIMAL_DIGITS		18
#define MAX_FRACTION_DIGITS		9

/*
 * Read a decimal such as "-12.50": of digits on both sides of the point, if there is
 * one, 18 in all but for leading zeros, 9 behind it.  False if it is none.
 */
bool
rational_parse(const char *text, int length, Rational *value)
{
	int			at = 0;
	int			digits = 0;
	int			whole_digits = 0;
	int			fraction_digits = 0;
	bool		negative = length > 0 && text[0] == '-';
	bool		point = false;
	int64_t		number = 0;
	int64_t		den = 1;

	for (at = negative; at < length; at++)
	{
		if (text[at] == '.' && !point)
		{
			point = true;
			continue;
		}
		if (text[at] < '0' || text[at] > '9')
			return false;
		if (digits > 0 || text[at] != '0')
			digits++;
		if (point)
		{
			fraction_digits++;
			den *= 10;
		}
		else
			whole_digits++;
		if (digits > MAX_DECIMAL_DIGITS || fraction_digits > MAX_FRACTION_DIGITS)
			return false;
		number = number * 10 + (text[at] - '0');
	}
	if (whole_digits == 0 || (point && fraction_digits == 0))
		return false;
	*value = rational(negative ? -number : number, den);
	return true;
}
