/*
 * exact.h
 *		Exact arithmetic: fractions of 128-bit integers.  Pure C.
 *
 * A result that does not fit is out of range, and so is all that is computed of it:
 * who needs the value asks once, at the end.
 */
#ifndef TRIPMETER_MONEY_EXACT_H
#define TRIPMETER_MONEY_EXACT_H

#include <stdbool.h>
#include <stdint.h>

/* As PostgreSQL allocates memory: by itself the compiler would assume 16 bytes. */
__extension__ typedef __int128 Int128 __attribute__((aligned(8)));
__extension__ typedef unsigned __int128 UInt128;

typedef struct Rational
{
	Int128		num;
	Int128		den;			/* positive; 0: out of range */
} Rational;

/* How to round; halves and directions are of the absolute value. */
typedef enum RoundingMode
{
	ROUND_HALF_UP,
	ROUND_HALF_EVEN,
	ROUND_HALF_DOWN,
	ROUND_UP,
	ROUND_DOWN
} RoundingMode;

/* As tariffs and SQL name the modes. */
#define ROUNDING_MODE_COUNT		(ROUND_DOWN + 1)
extern const char *const money_rounding_names[ROUNDING_MODE_COUNT];

#define RATIONAL_OUT_OF_RANGE	((Rational) {0, 0})

static inline Rational
rational(int64_t num, int64_t den)
{
	return (Rational) {num, den};
}

static inline Rational
whole(int64_t number)
{
	return (Rational) {number, 1};
}

static inline bool
in_range(Rational a)
{
	return a.den != 0;
}

static inline bool
is_zero(Rational a)
{
	return a.num == 0 && a.den != 0;
}

/* -1, 0, 1 */
static inline int
rational_sign(Rational a)
{
	return (a.num > 0) - (a.num < 0);
}

static inline Rational
rational_negate(Rational a)
{
	return (Rational) {-a.num, a.den};
}

extern Rational rational_reduce(Rational a);
extern Rational rational_add_slowly(Rational a, Rational b);
extern Rational rational_multiply_slowly(Rational a, Rational b);
extern Rational rational_divide(Rational a, Rational b);
extern int	rational_compare_slowly(Rational a, Rational b);
extern Rational rational_round(Rational a, Rational step, RoundingMode mode);
extern Rational rational_floor(Rational a, Rational step);
extern Rational rational_ceil(Rational a, Rational step);
extern Rational rational_decimal_unit(int digits);
extern int64_t rational_share(int64_t units, Int128 part, Int128 total, Int128 *remainder);
extern bool rational_parse(const char *text, int length, Rational *value);

/* Most values are small: what can be done in 64 bits is done there, and here. */
static inline bool
is_small(Int128 a)
{
	return a == (int64_t) a;
}

static inline Rational
rational_multiply(Rational a, Rational b)
{
	if (is_small(a.num) && is_small(a.den) && is_small(b.num) && is_small(b.den))
		return (Rational) {(Int128) (int64_t) a.num * (int64_t) b.num, (Int128) (int64_t) a.den * (int64_t) b.den};
	return rational_multiply_slowly(a, b);
}

/* -1, 0, 1: the order of two values in range */
static inline int
rational_compare(Rational a, Rational b)
{
	if (a.den == b.den)
		return (a.num > b.num) - (a.num < b.num);
	return rational_compare_slowly(a, b);
}

static inline Rational
rational_add(Rational a, Rational b)
{
	Rational	sum = {0, a.den};

	if (a.den != b.den || __builtin_add_overflow(a.num, b.num, &sum.num))
		return rational_add_slowly(a, b);
	return sum;
}

static inline Rational
rational_subtract(Rational a, Rational b)
{
	return rational_add(a, rational_negate(b));
}

/* Of values that are in range. */
static inline Rational
rational_min(Rational a, Rational b)
{
	return rational_compare(a, b) <= 0 ? a : b;
}

static inline Rational
rational_max(Rational a, Rational b)
{
	return rational_compare(a, b) >= 0 ? a : b;
}

#endif							/* TRIPMETER_MONEY_EXACT_H */
