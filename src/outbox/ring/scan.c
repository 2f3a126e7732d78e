/*
 * scan.c
 *		Rows of the slots of the ring, read by their indexes as if they were one table.
 *
 * Only the slots that are in use are locked, so that others can be truncated. A query would
 * have to be planned for them each time, which takes longer than to run it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "outbox/ring/catalog.h"
#include "outbox/ring/scan.h"

/* As many as a range of numbers of one key takes. */
#define MAX_KEYS 3

static AttrNumber
column_of(Relation table, const char *name)
{
	AttrNumber	column = get_attnum(RelationGetRelid(table), name);

	if (column == InvalidAttrNumber)
		elog(ERROR, "relation \"%s\" has no column \"%s\"", RelationGetRelationName(table), name);
	return column;
}

/* Whether an index holds all rows by the key, and those of one key by their numbers, ascending. */
static bool
is_ordered_by(Relation index, AttrNumber key, AttrNumber number)
{
	Form_pg_index form = index->rd_index;
	int			last = key == number ? 0 : 1;

	return form->indisvalid && index->rd_rel->relam == BTREE_AM_OID && form->indnkeyatts > last &&
		form->indkey.values[0] == key && form->indkey.values[last] == number &&
		index->rd_indoption[0] == 0 && index->rd_indoption[last] == 0 &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/* By its columns, not by its name: the indexes of an added slot have other names. */
static Relation
open_index(Relation table, AttrNumber key, AttrNumber number)
{
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (is_ordered_by(index, key, number))
		{
			list_free(indexes);
			return index;
		}
		index_close(index, AccessShareLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("relation \"%s\" has lost its index by \"%s\"",
					RelationGetRelationName(table), get_attname(RelationGetRelid(table), key, false)),
			 errhint("Create it as the other slots of the ring have it.")));
}

/* A slot in use, in the order in which they were opened. */
typedef struct SlotInUse
{
	int64		opened_tick;
	int16		slot;
} SlotInUse;

static int
compare_slots(const void *a, const void *b)
{
	int64		left = ((const SlotInUse *) a)->opened_tick;
	int64		right = ((const SlotInUse *) b)->opened_tick;

	return left < right ? -1 : left > right ? 1 : 0;
}

/*
 * The slots in use that may hold what one tick does not see and another does; the one opened
 * last is the last. Of ticks: those from the first on, and below the second.
 */
int
ring_slots(int64 after_tick, int64 before_tick, int16 **slots)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	int			room = 8;
	int			count = 0;
	SlotInUse  *found = palloc(room * sizeof(SlotInUse));

	outbox_scan_begin(&scan, outbox_relation("outbox_ring"));
	while ((tuple = outbox_scan_next(&scan)) != NULL)
	{
		Datum		opened;
		Datum		sealed;

		if (!outbox_scan_maybe(&scan, tuple, "opened_tick", &opened) || DatumGetInt64(opened) >= before_tick)
			continue;
		if (outbox_scan_maybe(&scan, tuple, "sealed_tick", &sealed) && DatumGetInt64(sealed) <= after_tick)
			continue;
		if (count == room)
			found = repalloc(found, (room *= 2) * sizeof(SlotInUse));
		found[count].opened_tick = DatumGetInt64(opened);
		found[count++].slot = DatumGetInt16(outbox_scan_value(&scan, tuple, "slot"));
	}
	outbox_scan_end(&scan);
	qsort(found, count, sizeof(SlotInUse), compare_slots);
	*slots = palloc(Max(count, 1) * sizeof(int16));
	for (int i = 0; i < count; i++)
		(*slots)[i] = found[i].slot;
	pfree(found);
	return count;
}

/* Lock and open the tables of slots, to read rows in the order of their numbers. */
void
ring_open(RingScan *ring, const char *parent, const int16 *slots, int count, const char *key, const char *number,
		  ScanDirection direction)
{
	memset(ring, 0, sizeof(*ring));
	ring->direction = direction;
	ring->count = count;
	ring->slots = palloc(Max(count, 1) * sizeof(RingSlot));
	for (int i = 0; i < count; i++)
	{
		RingSlot   *opened = &ring->slots[i];
		char		name[NAMEDATALEN];

		snprintf(name, sizeof(name), "%s_%d", parent, slots[i]);
		opened->table = table_open(outbox_relation(name), AccessShareLock);
		ring->key = column_of(opened->table, key);
		ring->number = column_of(opened->table, number);
		opened->index = open_index(opened->table, ring->key, ring->number);
	}
	ring->snapshot = RegisterSnapshot(GetLatestSnapshot());
}

/* Go to the next row of a source; false if it has none. */
static bool
advance(RingScan *ring, RingSource *source)
{
	bool		isnull;

	source->tuple = systable_getnext_ordered(source->scan, ring->direction);
	if (source->tuple == NULL)
		return false;
	source->number = DatumGetInt64(heap_getattr(source->tuple, ring->number, RelationGetDescr(source->slot->table), &isnull));
	return true;
}

/* Search all slots for the rows that match, by the columns of the table; before the first of any search is read. */
void
ring_find(RingScan *ring, const ScanKeyData *keys, int count)
{
	Assert(count <= MAX_KEYS && ring->next == NULL);
	for (int i = 0; i < ring->count; i++)
	{
		RingSource *source;
		ScanKeyData own[MAX_KEYS];

		CHECK_FOR_INTERRUPTS();
		if (ring->source_count == ring->source_room)
		{
			ring->source_room = Max(ring->count, 2 * ring->source_room);
			ring->sources = ring->sources == NULL ? palloc(ring->source_room * sizeof(RingSource)) :
				repalloc(ring->sources, ring->source_room * sizeof(RingSource));
		}
		source = &ring->sources[ring->source_count++];
		source->slot = &ring->slots[i];
		/* they are made those of the index in place */
		if (count > 0)
			memcpy(own, keys, count * sizeof(ScanKeyData));
		source->scan = systable_beginscan_ordered(source->slot->table, source->slot->index, ring->snapshot, count, own);
	}
}

/* Of two sources, the one whose row comes first is the greater one: see binaryheap.h. */
static int
compare_sources(Datum a, Datum b, void *argument)
{
	RingScan   *ring = argument;
	int64		left = ((RingSource *) DatumGetPointer(a))->number;
	int64		right = ((RingSource *) DatumGetPointer(b))->number;
	int			order = left < right ? 1 : left > right ? -1 : 0;

	return ScanDirectionIsForward(ring->direction) ? order : -order;
}

/* Make ready the sources that have rows. */
static void
begin_merge(RingScan *ring)
{
	ring->next = binaryheap_allocate(Max(ring->source_count, 1), compare_sources, ring);
	for (int i = 0; i < ring->source_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (advance(ring, &ring->sources[i]))
			binaryheap_add_unordered(ring->next, PointerGetDatum(&ring->sources[i]));
	}
	binaryheap_build(ring->next);
}

/* The next row of all that were searched for, which is good until the next call; NULL: there is none. */
HeapTuple
ring_next(RingScan *ring)
{
	if (ring->next == NULL)
		begin_merge(ring);
	else if (ring->given != NULL)
	{
		if (advance(ring, ring->given))
			binaryheap_replace_first(ring->next, PointerGetDatum(ring->given));
		else
			(void) binaryheap_remove_first(ring->next);
	}
	ring->given = binaryheap_empty(ring->next) ? NULL : (RingSource *) DatumGetPointer(binaryheap_first(ring->next));
	return ring->given == NULL ? NULL : ring->given->tuple;
}

/* A column of the row that was returned last, which is not NULL. */
Datum
ring_value(const RingScan *ring, HeapTuple tuple, const char *column)
{
	Relation	table = ring->given->slot->table;
	bool		isnull;
	Datum		value = heap_getattr(tuple, column_of(table, column), RelationGetDescr(table), &isnull);

	if (isnull)
		elog(ERROR, "no value in column \"%s\" of \"%s\"", column, RelationGetRelationName(table));
	return value;
}

/* Free the scans, and close the tables with this lock. */
static void
end_scans(RingScan *ring, LOCKMODE lock)
{
	for (int i = 0; i < ring->source_count; i++)
		systable_endscan_ordered(ring->sources[i].scan);
	for (int i = 0; i < ring->count; i++)
	{
		index_close(ring->slots[i].index, lock);
		table_close(ring->slots[i].table, lock);
	}
	UnregisterSnapshot(ring->snapshot);
	if (ring->next != NULL)
		binaryheap_free(ring->next);
	if (ring->sources != NULL)
		pfree(ring->sources);
	pfree(ring->slots);
}

/* The tables stay locked until the transaction ends, as those of a query do. */
void
ring_close(RingScan *ring)
{
	end_scans(ring, NoLock);
}

/* The tables can be truncated again: for callers who have no right to keep them. */
void
ring_release(RingScan *ring)
{
	end_scans(ring, AccessShareLock);
}
