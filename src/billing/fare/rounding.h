/*
 * rounding.h
 *		Steps 13 and 14: the fare is rounded, and shared out to the lines.  Pure C.
 */
#ifndef TRIPMETER_FARE_ROUNDING_H
#define TRIPMETER_FARE_ROUNDING_H

#include "billing/fare/bill.h"

extern void fare_round_bill(FareBill *bill, bool in_cash);
extern void fare_allocate_lines(FareBill *bill);

#endif							/* TRIPMETER_FARE_ROUNDING_H */
