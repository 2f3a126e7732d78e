/*
 * stored_amount_test.c
 *		Amounts in the bytes of a numeric, written here digit by digit, and bytes that
 *		are none.  test/pgtap/invoice.sql holds the reader against PostgreSQL's numerics.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/money/stored_amount.h"
#include "tap.h"

#define CASES		300000
#define MAX_WORDS	12
#define MOST		((Int128) MAX_TRIP_AMOUNT * AMOUNT_PARTS)

typedef struct Stored
{
	int			words;
	uint16_t	word[MAX_WORDS];
} Stored;

/* The numeric of so many thousandths of a part, with places that do not matter. */
static Stored
store(Int128 thousandths)
{
	bool		negative = thousandths < 0;
	UInt128		left = negative ? -(UInt128) thousandths : (UInt128) thousandths;
	uint16_t	digits[MAX_WORDS];
	int			count = 0;
	int			exponent = -3;	/* of the digit that comes last */
	Stored		stored = {1, {0}};

	for (; left > 0 && left % 10000 == 0; left /= 10000)
		exponent++;
	for (; left > 0; left /= 10000)
		digits[count++] = (uint16_t) (left % 10000);
	if (count > 0)
		exponent += count - 1;
	else
		exponent = 0;
	stored.word[0] = (uint16_t) (0x8000 | negative << 13 | random_below(64) << 7 | (exponent & 0x7F));
	while (count > 0)
		stored.word[stored.words++] = digits[--count];
	return stored;
}

/* From memory that ends where the bytes end, at an odd address as in a table's row. */
static bool
read_bytes(const void *bytes, size_t size, Int128 *parts)
{
	uint8_t    *copy = malloc(size + 1);
	bool		good;

	memcpy(copy + 1, bytes, size);
	good = stored_amount_read(copy + 1, size, parts);
	free(copy);
	return good;
}

static bool
read_stored(const Stored *stored, Int128 *parts)
{
	return read_bytes(stored->word, stored->words * sizeof(uint16_t), parts);
}

/* Of any size below so many bits; many have zeros at the end. */
static Int128
random_amount(int bits)
{
	UInt128		number = (UInt128) random_bits() << 64 | random_bits();
	Int128		amount = (Int128) (number >> (128 - 1 - random_below(bits)));

	for (int zeros = random_below(12); zeros > 0; zeros--)
		amount -= amount % 10 == 0 ? 0 : amount % 10;
	if (random_below(2))
		amount = amount / AMOUNT_PARTS * AMOUNT_PARTS;
	return random_below(2) ? -amount : amount;
}

static void
check_amounts(void)
{
	int			wrong = 0;
	int			too_many = 0;
	int			finer = 0;
	Int128		parts;

	for (int i = 0; i < CASES; i++)
	{
		Int128		amount = random_amount(92);
		Stored		stored = store(amount * 1000);
		bool		good = read_stored(&stored, &parts);

		if (amount <= -MOST || amount >= MOST)
			too_many += good;
		else
			wrong += !good || parts != amount;
		if (amount % 10 != 0)
		{
			stored = store(amount);
			finer += amount % 1000 != 0 && read_stored(&stored, &parts);
		}
	}
	ok(wrong == 0, "amounts are read as they were written: %d are not", wrong);
	ok(too_many == 0, "amounts out of range are not read: %d are", too_many);
	ok(finer == 0, "nor those of a part of a part: %d are", finer);
}

static void
check_edges(void)
{
	static const int64_t units[] = {0, 1, 9999, 10000, 99999999, INT64_C(999999999999999999)};
	int			wrong = 0;
	Int128		parts;
	Stored		stored;

	for (int i = 0; i < 6; i++)
		for (int sign = -1; sign <= 1; sign += 2)
			for (int more = 0; more <= 1; more++)
			{
				Int128		amount = ((Int128) units[i] * AMOUNT_PARTS + more * (AMOUNT_PARTS - 1)) * sign;

				stored = store(amount * 1000);
				wrong += !read_stored(&stored, &parts) || parts != amount;
			}
	ok(wrong == 0, "zero, one, what carries, and the largest");
	stored = store(MOST * 1000);
	ok(!read_stored(&stored, &parts), "10^18 is out of range");
}

static void
check_others(void)
{
	static const uint16_t others[][3] = {
		{0xC000}, {0xD000}, {0xF000},	/* NaN and the infinities */
		{0x0002, 0x0000, 1}, {0x4002, 0x0000, 1},	/* a long header */
		{0x8000, 10000}, {0x8000, 0xFFFF},	/* no digits */
		{0x8005, 1}, {0x807C, 1000},	/* exponents 5 and -4 */
	};
	static const int words[] = {1, 1, 1, 3, 3, 2, 2, 2, 2};
	int			wrong = 0;
	int			hostile = 0;
	Int128		parts;

	for (int i = 0; i < 9; i++)
		wrong += read_bytes(others[i], words[i] * sizeof(uint16_t), &parts);
	ok(wrong == 0, "what is no plain amount is not read: %d are", wrong);

	for (int i = 0; i < CASES; i++)
	{
		Stored		bytes;

		for (int w = 0; w < MAX_WORDS; w++)
			bytes.word[w] = (uint16_t) (random_bits() % (random_below(2) ? 65536 : 10000));
		if (random_below(4))
			bytes.word[0] = (uint16_t) (0x8000 | (bytes.word[0] & 0x3FFF));
		if (read_bytes(bytes.word, random_below(sizeof(bytes.word) + 1), &parts))
			hostile += parts <= -MOST || parts >= MOST;
	}
	ok(hostile == 0, "any bytes are an amount in range, or none");
}

int
main(void)
{
	check_amounts();
	check_edges();
	check_others();
	return done_testing();
}
