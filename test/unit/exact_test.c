/*
 * exact_test.c
 *		Fractions, held against the same arithmetic modulo a prime: what is in range
 *		is right, whatever its size.
 */
#include <string.h>

#include "billing/money/exact.h"
#include "tap.h"

#define CASES	400000

/* 2^61 - 1 */
#define PRIME	UINT64_C(2305843009213693951)

static uint64_t
times(uint64_t a, uint64_t b)
{
	return (uint64_t) ((UInt128) a * b % PRIME);
}

static uint64_t
inverse(uint64_t a)
{
	uint64_t	result = 1;

	for (uint64_t exponent = PRIME - 2; exponent > 0; exponent >>= 1)
	{
		if (exponent & 1)
			result = times(result, a);
		a = times(a, a);
	}
	return result;
}

static uint64_t
residue_of(Int128 number)
{
	Int128		rest = number % (Int128) PRIME;

	return (uint64_t) (rest < 0 ? rest + (Int128) PRIME : rest);
}

static uint64_t
residue(Rational a)
{
	return times(residue_of(a.num), inverse(residue_of(a.den)));
}

/* Of any size that a number of so many bits has. */
static Int128
random_int128(int bits)
{
	UInt128		number = (UInt128) random_bits() << 64 | random_bits();

	return (Int128) (number >> (128 - 1 - random_below(bits)));
}

static Rational
random_rational(int bits)
{
	Rational	a = {random_int128(bits), 0};

	if (random_below(2))
		a.num = -a.num;
	while (a.den <= 0 || a.den % (Int128) PRIME == 0)
		a.den = random_below(3) ? (Int128) 1 << random_below(20) : random_int128(bits);
	return a;
}

static void
check_arithmetic(int bits)
{
	int			sums = 0;
	int			products = 0;
	int			quotients = 0;
	int			in_range_count = 0;

	for (int i = 0; i < CASES; i++)
	{
		Rational	a = random_rational(bits);
		Rational	b = random_rational(bits);
		Rational	sum = rational_add(a, b);
		Rational	product = rational_multiply(a, b);
		Rational	quotient = rational_divide(a, b);

		in_range_count += in_range(sum) + in_range(product) + in_range(quotient);
		sums += in_range(sum) && residue(sum) != (residue(a) + residue(b)) % PRIME;
		products += in_range(product) && residue(product) != times(residue(a), residue(b));
		if (b.num % (Int128) PRIME != 0)
			quotients += in_range(quotient) && (quotient.den <= 0 || times(residue(quotient), residue(b)) != residue(a));
	}
	ok(sums == 0, "sums of fractions of up to %d bits", bits);
	ok(products == 0, "products");
	ok(quotients == 0, "quotients");
	ok(in_range_count > CASES / 2, "%d of them are in range", in_range_count);
}

static void
check_order(void)
{
	int			wrong = 0;
	int			rounded = 0;

	for (int i = 0; i < CASES; i++)
	{
		Rational	a = random_rational(120);
		Rational	b = random_below(4) ? random_rational(120) : (Rational) {a.num - 1, a.den};
		int			order = rational_compare(a, b);
		Rational	difference = rational_subtract(a, b);

		wrong += order != -rational_compare(b, a);
		if (in_range(difference))
			wrong += order != rational_sign(difference);
	}
	ok(wrong == 0, "an order that is that of the differences");

	for (int i = 0; i < CASES; i++)
	{
		Rational	a = random_rational(50);
		Rational	step = rational(1 + random_below(1000), 1 + random_below(1000));
		Rational	down = rational_floor(a, step);
		Rational	up = rational_ceil(a, step);
		Rational	nearest = rational_round(a, step, ROUND_HALF_UP);

		rounded += rational_compare(down, a) > 0 || rational_compare(up, a) < 0 ||
			rational_compare(a, rational_add(down, step)) >= 0 ||
			rational_compare(a, rational_subtract(up, step)) <= 0 ||
			(rational_compare(nearest, down) != 0 && rational_compare(nearest, up) != 0);
	}
	ok(rounded == 0, "the steps below and above a number enclose it");
}

/* In tenths: what each mode makes whole of them. */
static void
check_modes(void)
{
	static const int tenths[] = {-25, -24, -16, -15, -5, -4, 0, 4, 5, 6, 15, 25, 26, 30};
	static const int expected[][14] = {
		[ROUND_HALF_UP] = {-3, -2, -2, -2, -1, 0, 0, 0, 1, 1, 2, 3, 3, 3},
		[ROUND_HALF_EVEN] = {-2, -2, -2, -2, 0, 0, 0, 0, 0, 1, 2, 2, 3, 3},
		[ROUND_HALF_DOWN] = {-2, -2, -2, -1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3},
		[ROUND_UP] = {-3, -3, -2, -2, -1, -1, 0, 1, 1, 1, 2, 3, 3, 3},
		[ROUND_DOWN] = {-2, -2, -1, -1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3},
	};

	for (int mode = ROUND_HALF_UP; mode <= ROUND_DOWN; mode++)
	{
		int			wrong = 0;

		for (int i = 0; i < 14; i++)
			wrong += rational_compare(rational_round(rational(tenths[i], 10), whole(1), (RoundingMode) mode),
									  whole(expected[mode][i])) != 0;
		ok(wrong == 0, "rounding mode %d", mode);
	}
}

/* units * part = quotient * total + remainder, which few wrong results are modulo a prime, too. */
static void
check_proportions(int bits)
{
	int			wrong = 0;

	for (int i = 0; i < CASES; i++)
	{
		int64_t		units = (int64_t) (random_bits() >> (1 + random_below(63)));
		Int128		total = 1 + random_int128(bits);
		Int128		part = random_below(4) ? random_int128(bits) % (total + 1) : total;
		Int128		remainder;
		int64_t		quotient = rational_share(units, part, total, &remainder);
		uint64_t	expected = times((uint64_t) units % PRIME, residue_of(part));
		uint64_t	sum = (times((uint64_t) quotient % PRIME, residue_of(total)) + residue_of(remainder)) % PRIME;

		wrong += quotient < 0 || quotient > units || remainder < 0 || remainder >= total || sum != expected;
	}
	ok(wrong == 0, "parts of totals of up to %d bits", bits);
}

static void
check_decimals(void)
{
	static const char *const good[] = {"0", "-0.5", "12.50", "000.123456789", "999999999999999999", "-1"};
	static const int64_t nums[] = {0, -5, 1250, 123456789, INT64_C(999999999999999999), -1};
	static const int64_t dens[] = {1, 10, 100, 1000000000, 1, 1};
	static const char *const bad[] = {"", "-", ".", "1.", ".5", "1e3", "+1", " 1", "1 ", "1,5", "0x1", "NaN",
	"1.0000000001", "1000000000000000000", "1.2.3", "--1"};
	Rational	value;

	for (int i = 0; i < 6; i++)
		ok(rational_parse(good[i], (int) strlen(good[i]), &value) &&
		   rational_compare(value, rational(nums[i], dens[i])) == 0, "%s is a decimal", good[i]);
	for (int i = 0; i < 16; i++)
		ok(!rational_parse(bad[i], (int) strlen(bad[i]), &value), "\"%s\" is none", bad[i]);
}

int
main(void)
{
	check_arithmetic(30);
	check_arithmetic(62);
	check_arithmetic(100);
	check_order();
	check_modes();
	check_proportions(60);
	check_proportions(124);
	check_decimals();
	return done_testing();
}
