/*
 * invoice_days.c
 *		Reading any bytes as the amounts of an invoice's days.
 */
#include <string.h>

#include "billing/invoice/day_amounts.h"
#include "fuzz.h"

static void *
resize(void *context, void *old, size_t size)
{
	(void) context;
	return grow_memory(old, size);
}

static void
do_not_pause(void)
{
}

static const Provider provider = {NULL, resize, do_not_pause};

/* What was read is written so that it is read again. */
static void
check_written(const DayAmounts *days)
{
	uint8_t    *bytes = grow_memory(NULL, day_amounts_max_size(days) + 1);
	size_t		size = (size_t) (day_amounts_write(days, bytes) - bytes);
	uint8_t    *again = grow_memory(NULL, size + 1);
	DayAmounts	same = {0};

	require(size <= day_amounts_max_size(days));
	require(day_amounts_read(&same, bytes, size, &provider));
	require(day_amounts_write(&same, again) == again + size);
	require(memcmp(bytes, again, size) == 0);
	free(same.blocks);
	free(again);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DayAmounts	days = {0};

	if (day_amounts_read(&days, data, size, &provider))
		check_written(&days);
	for (int i = 1; i < days.count; i++)
		require(days.blocks[i - 1].number < days.blocks[i].number);
	free(days.blocks);
	return 0;
}
