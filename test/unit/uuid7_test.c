/*
 * uuid7_test.c
 *		UUIDs of version 7: the example of RFC 9562, and that they ascend.
 */
#include <string.h>

#include "outbox/ring/uuid7.h"
#include "tap.h"

#define IDS 100000

/* 017F22E2-79B0-7CC3-98C4-DC0C0C07398F, appendix A.6, but for rand_a: here it is the fraction */
static void
test_example(void)
{
	static const uint8_t expected[UUID7_BYTES] = {
		0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x78, 0x00, 0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F
	};
	uint8_t		id[UUID7_BYTES];
	uint64_t	last = 0;

	uuid7_make(id, &last, INT64_C(1645557742000500), UINT64_C(0x18C4DC0C0C07398F));
	ok(memcmp(id, expected, UUID7_BYTES) == 0, "the example of RFC 9562, half a millisecond later");
}

/* The clock stands still, runs on, and is set back. */
static void
test_order(void)
{
	uint8_t		before[UUID7_BYTES] = {0};
	uint8_t		id[UUID7_BYTES];
	uint64_t	last = 0;
	int64_t		now = INT64_C(1700000000000000);
	int			descending = 0;
	int			malformed = 0;

	for (int i = 0; i < IDS; i++)
	{
		now += random_below(100) == 0 ? -1000000 : random_below(3);
		uuid7_make(id, &last, now, random_bits());
		descending += memcmp(id, before, UUID7_BYTES) <= 0;
		malformed += id[6] >> 4 != 7 || id[8] >> 6 != 2;
		memcpy(before, id, UUID7_BYTES);
	}
	ok(descending == 0, "ids ascend, whatever the clock does");
	ok(malformed == 0, "all are of version 7 and of the variant");
}

/* The time that an id was made at is in it, to a quarter of a microsecond. */
static void
test_time(void)
{
	int			wrong = 0;

	for (int i = 0; i < IDS; i++)
	{
		int64_t		us = (int64_t) (random_bits() >> 14);
		uint8_t		id[UUID7_BYTES];
		uint64_t	last = 0;
		int64_t		milliseconds = 0;
		int			fraction;

		uuid7_make(id, &last, us, random_bits());
		for (int byte = 0; byte < 6; byte++)
			milliseconds = milliseconds << 8 | id[byte];
		fraction = (id[6] & 0x0F) << 8 | id[7];
		wrong += milliseconds != us / 1000 || (fraction * 1000 + 4095) / 4096 != us % 1000;
	}
	ok(wrong == 0, "the time can be read from an id");
}

int
main(void)
{
	test_example();
	test_order();
	test_time();
	return done_testing();
}
