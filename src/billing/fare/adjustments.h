/*
 * adjustments.h
 *		Steps 8, 9 and 11: flat fares, surcharges and discounts; and notes.  Pure C.
 */
#ifndef TRIPMETER_FARE_ADJUSTMENTS_H
#define TRIPMETER_FARE_ADJUSTMENTS_H

#include "billing/fare/bill.h"
#include "billing/fare/pieces.h"

extern void fare_note_unbilled_time(const FarePieces *pieces, FareBill *bill);
extern void fare_apply_flat_fare(const FarePieces *pieces, FareBill *bill);
extern void fare_add_surcharges(const FarePieces *pieces, FareBill *bill);
extern void fare_apply_discounts(const FarePieces *pieces, FareBill *bill);

#endif							/* TRIPMETER_FARE_ADJUSTMENTS_H */
