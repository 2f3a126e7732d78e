/*
 * tax.h
 *		Step 12: tax.  Pure C.
 */
#ifndef TRIPMETER_FARE_TAX_H
#define TRIPMETER_FARE_TAX_H

#include "billing/fare/bill.h"

extern void fare_apply_tax(FareBill *bill);

#endif							/* TRIPMETER_FARE_TAX_H */
