/*
 * fix_transfer_test.c
 *		Blocks of fixes come back bit for bit; bytes that are none are refused.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "track/fix_transfer.h"

#define MAX_FIXES	50
#define ROUNDS		50000

static double
decimal(double limit, double units)
{
	return rint(random_between(-limit, limit) * units) / units;
}

/* A block of the kinds that receivers record, and of those they do not. */
static int
make_fixes(Fix *fixes, int kind)
{
	int			count = 1 + random_below(MAX_FIXES);
	Fix			fix = {(int64_t) random_between(-1e15, 1e15), {decimal(179, 1e7), decimal(89, 1e7)}};

	for (int i = 0; i < count; i++)
	{
		fixes[i] = fix;
		fix.time += random_below(3000000);
		fix.position.lon = rint(fix.position.lon * 1e7 + random_between(-1000, 1000)) / 1e7;
		fix.position.lat = rint(fix.position.lat * 1e6 + random_between(-1000, 1000)) / 1e6;
		if (kind == 1)
			fix.position.lon += random_between(0, 1e-9);
		if (kind == 2)
			fix.time = (int64_t) random_between((double) FIX_TIME_MIN, 4e18);
		if (kind == 3)
			fix.position = (Position) {decimal(179, 1e7), decimal(89, 1e7)};
	}
	return count;
}

static bool
round_trips(int kind, size_t *bytes_per_fix)
{
	static Fix	fixes[MAX_FIXES],
				decoded[MAX_FIXES];
	int			count = make_fixes(fixes, kind);
	uint8_t    *block = malloc(fix_transfer_bound(count));
	size_t		size = fix_transfer_encode(block, fixes, count);
	bool		same;

	*bytes_per_fix = size / count;
	same = size <= fix_transfer_bound(count) &&
		fix_transfer_decode(decoded, count, block, size) == size &&
		memcmp(fixes, decoded, count * sizeof(Fix)) == 0;
	/* and not from one byte less */
	same &= fix_transfer_decode(decoded, count, block, size - 1) == 0;
	free(block);
	return same;
}

static void
test_round_trip(void)
{
	static const char *const kinds[] = {"decimals", "more digits", "wild times", "wild places"};

	for (int kind = 0; kind < 4; kind++)
	{
		bool		same = true;
		size_t		bytes;

		for (int round = 0; round < ROUNDS; round++)
			same &= round_trips(kind, &bytes);
		ok(same, "%d blocks of %s come back", ROUNDS, kinds[kind]);
	}
}

static void
test_size(void)
{
	static Fix	fixes[MAX_FIXES];
	uint8_t		block[24 * MAX_FIXES + 1];

	for (int i = 0; i < MAX_FIXES; i++)
		fixes[i] = (Fix) {i * INT64_C(1000000), {(1270000000 + i) / 1e7, (370000000 + i) / 1e7}};
	ok(fix_transfer_encode(block, fixes, MAX_FIXES) == 25 + 12 * (MAX_FIXES - 1),
	   "a recording takes 12 bytes a fix");
}

static void
test_hostile(void)
{
	static Fix	fixes[MAX_FIXES];
	bool		normal = true;

	for (int round = 0; round < ROUNDS * 4; round++)
	{
		int			count = make_fixes(fixes, random_below(4));
		size_t		size = (size_t) random_below((int) fix_transfer_bound(count) + 1);
		uint8_t    *block = malloc(fix_transfer_bound(count));
		uint8_t    *exact = malloc(size ? size : 1);

		fix_transfer_encode(block, fixes, count);
		for (int i = random_below(5); i > 0; i--)
			block[random_below((int) fix_transfer_bound(count))] = (uint8_t) random_bits();
		memcpy(exact, block, size);
		if (fix_transfer_decode(fixes, count, exact, size) > 0)
			for (int i = 0; i < count; i++)
				normal &= fabs(fixes[i].position.lat) <= 90 && fixes[i].position.lon >= -180 &&
					fixes[i].position.lon < 180 && fixes[i].time <= FIX_TIME_LIMIT;
		free(block);
		free(exact);
	}
	ok(normal, "%d damaged blocks are refused, or are fixes all the same", ROUNDS * 4);
}

int
main(void)
{
	test_round_trip();
	test_size();
	test_hostile();
	return done_testing();
}
