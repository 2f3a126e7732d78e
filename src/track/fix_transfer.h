/*
 * fix_transfer.h
 *		Blocks of fixes as bytes, for the way between processes.  Pure C.
 */
#ifndef TRIPMETER_FIX_TRANSFER_H
#define TRIPMETER_FIX_TRANSFER_H

#include <stddef.h>

#include "track/fix.h"

extern size_t fix_transfer_bound(int count);
extern size_t fix_transfer_encode(uint8_t *out, const Fix *fixes, int count);
extern size_t fix_transfer_decode(Fix *fixes, int count, const uint8_t *in, size_t size);

#endif							/* TRIPMETER_FIX_TRANSFER_H */
