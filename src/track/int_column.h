/*
 * int_column.h
 *		A few hundred integers that change little from one to the next, in few
 *		bits each.  Pure C.
 */
#ifndef TRIPMETER_INT_COLUMN_H
#define TRIPMETER_INT_COLUMN_H

#include "track/bytes.h"

#define MAX_COLUMN_COUNT	512

/* The most bytes that a column of this many integers takes. */
#define INT_COLUMN_BOUND(count)	(4 * MAX_VARINT_SIZE + 9 * (size_t) (count))

extern uint8_t *int_column_encode(uint8_t *out, const int64_t *values, int count);
extern bool int_column_decode(ByteReader *in, int64_t *values, int count);

#endif							/* TRIPMETER_INT_COLUMN_H */
