/*
 * uuid7.c
 *		UUIDs of version 7 that one maker gives in ascending order.
 *
 * The 12 bits after the milliseconds are the fraction of the millisecond (method 3 of
 * section 6.2 of RFC 9562), so the clock counts in steps of 1/4096 ms.  A step is given
 * once: who is faster than the clock, or finds it set back, goes on from the last step.
 */
#include "outbox/ring/uuid7.h"

/* Make an id for a time in microseconds since 1970, not before it, from 62 random bits. */
void
uuid7_make(uint8_t *id, uint64_t *last_step, int64_t unix_us, uint64_t random)
{
	uint64_t	step = ((uint64_t) unix_us / 1000 << 12) + (uint64_t) unix_us % 1000 * 4096 / 1000;
	uint64_t	milliseconds;

	if (step <= *last_step)
		step = *last_step + 1;
	*last_step = step;

	milliseconds = step >> 12;
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t) (milliseconds >> (40 - 8 * i));
	id[6] = (uint8_t) (0x70 | (step >> 8 & 0x0F));
	id[7] = (uint8_t) step;
	for (int i = 8; i < UUID7_BYTES; i++)
		id[i] = (uint8_t) (random >> (56 - 8 * (i - 8)));
	id[8] = (uint8_t) (0x80 | (id[8] & 0x3F));
}
