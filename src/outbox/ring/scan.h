/*
 * scan.h
 *		Rows of the slots of the ring, read by their indexes as if they were one table.
 */
#ifndef TRIPMETER_RING_SCAN_H
#define TRIPMETER_RING_SCAN_H

#include "access/genam.h"
#include "access/sdir.h"
#include "access/skey.h"
#include "lib/binaryheap.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* A slot's table, and its index by key and number. */
typedef struct RingSlot
{
	Relation	table;
	Relation	index;
} RingSlot;

/* What one search has still to give of one slot. */
typedef struct RingSource
{
	RingSlot   *slot;
	SysScanDesc scan;
	HeapTuple	tuple;			/* the next one */
	int64		number;			/* its number */
} RingSource;

/* The tables of some slots. */
typedef struct RingScan
{
	RingSlot   *slots;
	int			count;
	AttrNumber	key;			/* columns: what the rows are found by */
	AttrNumber	number;			/* and what they are ordered by; may be the same */
	Snapshot	snapshot;		/* taken when all tables were locked */
	ScanDirection direction;
	RingSource *sources;
	int			source_count;
	int			source_room;
	binaryheap *next;			/* sources that have rows; NULL: nothing was read yet */
	RingSource *given;			/* whose tuple was returned last; NULL: none */
} RingScan;

extern int	ring_slots(int64 after_tick, int64 before_tick, int16 **slots);
extern void ring_open(RingScan *ring, const char *parent, const int16 *slots, int count, const char *key, const char *number,
					  ScanDirection direction);
extern void ring_find(RingScan *ring, const ScanKeyData *keys, int count);
extern HeapTuple ring_next(RingScan *ring);
extern Datum ring_value(const RingScan *ring, HeapTuple tuple, const char *column);
extern void ring_close(RingScan *ring);
extern void ring_release(RingScan *ring);

#endif							/* TRIPMETER_RING_SCAN_H */
