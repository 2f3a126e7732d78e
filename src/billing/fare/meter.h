/*
 * meter.h
 *		The taximeter: what its legs amount to, and what it charges of that.  Pure C.
 */
#ifndef TRIPMETER_FARE_METER_H
#define TRIPMETER_FARE_METER_H

#include "billing/fare/bill.h"
#include "billing/fare/judge.h"
#include "billing/fare/pieces.h"

/* Is the meter known from legs, or only in bounds? */
typedef enum MeterKnowledge
{
	METER_KNOWN, METER_LOW, METER_HIGH
} MeterKnowledge;

typedef struct FareMeter
{
	MeterJudge	judge;			/* takes legs into the pieces */
	MeterKnowledge knowledge;
} FareMeter;

extern void fare_price_meter(const FareMeter *meter, const FarePieces *pieces, FareBill *bill);

#endif							/* TRIPMETER_FARE_METER_H */
