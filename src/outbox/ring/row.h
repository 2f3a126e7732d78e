/*
 * row.h
 *		Rows of the partitioned tables of the ring: written read from SQL, written into the current slot, and returned.
 */
#ifndef TRIPMETER_RING_ROW_H
#define TRIPMETER_RING_ROW_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "fmgr.h"

/* A row that SQL has given, of a partitioned table of the ring. */
typedef struct RingRow
{
	const char *parent;
	TupleDesc	descriptor;
	Datum	   *values;
	bool	   *nulls;
} RingRow;

extern void ring_row_read(RingRow *row, const char *parent, HeapTupleHeader given);
extern void ring_row_set(RingRow *row, const char *column, Datum value);
extern void ring_row_write(RingRow *row);
extern Datum ring_field(HeapTupleHeader given, const char *column);
extern Datum ring_row_or_null(FunctionCallInfo fcinfo, HeapTuple tuple);

#endif							/* TRIPMETER_RING_ROW_H */
