/*
 * ring_scan.h
 *		Rows of the slots of the ring, read by their indexes as if they were one table.
 */
#ifndef TRIPMETER_RING_SCAN_H
#define TRIPMETER_RING_SCAN_H

#include "access/genam.h"
#include "access/sdir.h"
#include "access/skey.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* A slot's table, and its index by key and number. */
typedef struct RingSlot
{
	Relation	table;
	Relation	index;
	SysScanDesc scan;			/* NULL: none is begun */
	HeapTuple	tuple;			/* the next one; NULL: there is none */
	int64		number;			/* its number */
} RingSlot;

/* The tables of the slots that are in use. */
typedef struct RingScan
{
	RingSlot   *slots;
	int			count;
	AttrNumber	key;			/* columns: what the rows are found by */
	AttrNumber	number;			/* and what they are ordered by; may be the same */
	Snapshot	snapshot;		/* taken when all tables were locked */
	ScanDirection direction;
	RingSlot   *given;			/* whose tuple was returned last */
} RingScan;

extern void ring_open(RingScan *ring, const char *parent, int64 after_tick, const char *key, const char *number);
extern void ring_find(RingScan *ring, const ScanKeyData *keys, int count, ScanDirection direction);
extern HeapTuple ring_next(RingScan *ring);
extern void ring_close(RingScan *ring);

#endif							/* TRIPMETER_RING_SCAN_H */
