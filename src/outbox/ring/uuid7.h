/*
 * uuid7.h
 *		UUIDs of version 7: RFC 9562, section 5.7.  Pure C.
 */
#ifndef TRIPMETER_UUID7_H
#define TRIPMETER_UUID7_H

#include <stdint.h>

#define UUID7_BYTES 16

extern void uuid7_make(uint8_t *id, uint64_t *last_step, int64_t unix_us, uint64_t random);

#endif							/* TRIPMETER_UUID7_H */
