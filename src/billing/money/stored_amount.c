/*
 * stored_amount.c
 *		An amount, read from the bytes in which PostgreSQL stores a numeric.
 *
 * A header of 16 bits, and digits to the base of 10,000, of 16 bits each, the highest
 * first, in the machine's byte order; zeros at both ends are left out.  Tables have
 * held these bytes since PostgreSQL 9.1, and pg_upgrade keeps them.  The header of a
 * number of usual size, which alone is read here, has these bits:
 *
 *		15-14	1, 0
 *		13		is the number negative?
 *		12-7	the decimal places that it is shown with
 *		6-0		the exponent of the first digit, in two's complement
 *
 * The functions of numeric that do the same take longer than all else that is done
 * to add up a trip.
 */
#include <string.h>

#include "billing/money/stored_amount.h"

#define KIND_BITS		0xC000
#define SHORT_HEADER	0x8000
#define NEGATIVE_BIT	0x2000
#define EXPONENT_BITS	0x003F
#define EXPONENT_SIGN	0x0040
#define BASE			10000

/* Of the first digit that an amount may have, and of the last: a thousandth of a part. */
#define MAX_EXPONENT	4
#define MIN_EXPONENT	(-3)
#define PART			1000

static inline uint16_t
word_at(const uint8_t *bytes, size_t number)
{
	uint16_t	word;

	memcpy(&word, bytes + number * sizeof(word), sizeof(word));
	return word;
}

/* The digits, in parts; false if they are none, or end within a part. */
static bool
read_digits(const uint8_t *digits, int count, int exponent, Int128 *parts)
{
	Int128		tens = 0;		/* of parts: a digit before the last is of so many */
	int			ones = 0;

	for (int i = 0; i < count; i++, exponent--)
	{
		uint16_t	digit = word_at(digits, i);

		if (digit >= BASE)
			return false;
		if (exponent > MIN_EXPONENT)
			tens = tens * BASE + digit;
		else if (digit % PART == 0)
			ones = digit / PART;
		else
			return false;
	}
	for (; exponent > MIN_EXPONENT; exponent--)
		tens *= BASE;
	*parts = tens * 10 + ones;
	return true;
}

/*
 * Read the bytes that follow a numeric's length.  False if they are not plainly an
 * amount of a trip: then those have to say what they are who know all numerics.
 */
bool
stored_amount_read(const void *bytes, size_t size, Int128 *parts)
{
	size_t		words = size / sizeof(uint16_t);
	uint16_t	header;
	int			exponent;

	if (words < 1 || size % sizeof(uint16_t) != 0)
		return false;
	header = word_at(bytes, 0);
	exponent = (header & EXPONENT_BITS) - (header & EXPONENT_SIGN);
	if ((header & KIND_BITS) != SHORT_HEADER ||
		exponent > MAX_EXPONENT || exponent - (int) words + 2 < MIN_EXPONENT ||
		!read_digits((const uint8_t *) bytes + sizeof(header), (int) words - 1, exponent, parts) ||
		*parts >= (Int128) MAX_TRIP_AMOUNT * AMOUNT_PARTS)
		return false;
	if (header & NEGATIVE_BIT)
		*parts = -*parts;
	return true;
}
