/*
 * outbox_slot.c
 *		Where events are written: the era, and the current slot of the ring.
 *
 * A statement of one row is not to spend its time here: what cannot change unnoticed is
 * remembered.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "outbox/outbox_catalog.h"
#include "outbox/outbox_slot.h"

/* What is remembered until one of these relations is altered or dropped. */
static struct
{
	Oid			era_relation;
	Oid			current_relation;
	Oid			sequence;
	ItemPointerData current_row;	/* where the row of outbox_current was last */
	Oid			slot_relation;	/* the partition that was written to last */
	int			slot;			/* its number */
	int32		era;			/* 0: not known, or not stored for good */
}			known;

/* For CacheRegisterRelcacheCallback */
static void
forget(Datum argument pg_attribute_unused(), Oid relation)
{
	if (!OidIsValid(relation) || relation == known.era_relation || relation == known.current_relation ||
		relation == known.sequence || relation == known.slot_relation)
		memset(&known, 0, sizeof(known));
}

/* Find the relations that are written and read. */
static void
remember_relations(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget, (Datum) 0);
		registered = true;
	}
	/* looking them up may itself make us forget */
	while (!OidIsValid(known.era_relation) || !OidIsValid(known.current_relation) || !OidIsValid(known.sequence))
	{
		known.era_relation = outbox_relation("outbox_era");
		known.current_relation = outbox_relation("outbox_current");
		known.sequence = outbox_relation("outbox_seq");
	}
}

/*
 * The last era if it is this system's, or else 0.  It is remembered unless its row is
 * of this transaction, which may be rolled back.
 */
static int32
read_era(void)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	int32		last = 0;
	bool		ours = false;
	bool		uncertain = false;

	remember_relations();
	outbox_scan_begin(&scan, known.era_relation);
	while ((tuple = outbox_scan_next(&scan)) != NULL)
	{
		int32		era = DatumGetInt32(outbox_scan_value(&scan, tuple, "era"));

		if (era < last)
			continue;
		last = era;
		ours = DatumGetInt64(outbox_scan_value(&scan, tuple, "system_identifier")) == (int64) GetSystemIdentifier() &&
			DatumGetObjectId(outbox_scan_value(&scan, tuple, "database")) == MyDatabaseId &&
			DatumGetObjectId(outbox_scan_value(&scan, tuple, "outbox")) == outbox_relation("outbox");
		uncertain = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
	}
	outbox_scan_end(&scan);
	if (ours && !uncertain)
		known.era = last;
	return ours ? last : 0;
}

/* The era to write in.  A system that is new, or was restored, begins one. */
int32
outbox_current_era(void)
{
	int32		era = known.era;

	if (era == 0)
		era = read_era();
	if (era == 0)
	{
		outbox_begin();
		era = read_era();
	}
	if (era == 0)
		elog(ERROR, "the outbox has no era of this system");
	return era;
}

/* What outbox_current says. */
typedef struct Current
{
	int			slot;			/* -1: there is no row yet */
	bool		refused;
} Current;

/*
 * Read the row where it was last, if that version of it still holds: it has been committed by
 * now, and none that replaces it has.  That is what a new snapshot would see, the table having
 * one row, and costs less than a scan by one.  False if the row has to be looked for.
 */
static bool
reread_current(Current *current)
{
	Relation	relation = table_open(known.current_relation, AccessShareLock);
	HeapTupleData tuple = {.t_self = known.current_row};
	Buffer		buffer;
	bool		found = ItemPointerIsValid(&tuple.t_self) && heap_fetch(relation, SnapshotSelf, &tuple, &buffer, false);

	if (found)
	{
		current->slot = DatumGetInt16(outbox_value(relation, &tuple, "slot"));
		current->refused = DatumGetBool(outbox_value(relation, &tuple, "refused"));
		ReleaseBuffer(buffer);
	}
	table_close(relation, AccessShareLock);
	return found;
}

/* Look for the row, and remember where it is. */
static void
scan_current(Current *current)
{
	OutboxScan	scan;
	HeapTuple	tuple;

	remember_relations();
	outbox_scan_begin(&scan, known.current_relation);
	tuple = outbox_scan_next(&scan);
	ItemPointerSetInvalid(&known.current_row);
	if (tuple != NULL)
	{
		current->slot = DatumGetInt16(outbox_scan_value(&scan, tuple, "slot"));
		current->refused = DatumGetBool(outbox_scan_value(&scan, tuple, "refused"));
		/* VACUUM may cut off any block but the first; and the table may have been forgotten meanwhile */
		if (ItemPointerGetBlockNumber(&tuple->t_self) == 0 && known.current_relation == RelationGetRelid(scan.relation))
			known.current_row = tuple->t_self;
	}
	outbox_scan_end(&scan);
}

/* The slot to write to, or -1 if there is none yet. */
static int
read_current_slot(void)
{
	Current		current = {.slot = -1};

	remember_relations();
	if (!reread_current(&current))
		scan_current(&current);
	if (current.refused)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the outbox is full"),
				 errdetail("Every slot holds events that a consumer has not passed, and the policy is to refuse new events."),
				 errhint("See tripmeter.outbox_metrics for the consumer that is behind; let it catch up, or drop it.")));
	return current.slot;
}

/* Open and lock the partition of a slot. */
static Relation
open_partition(int slot)
{
	char		name[NAMEDATALEN];
	Relation	relation;

	snprintf(name, sizeof(name), "outbox_%d", slot);
	relation = table_open(outbox_relation(name), RowExclusiveLock);
	known.slot_relation = RelationGetRelid(relation);
	known.slot = slot;
	return relation;
}

/* Open and lock the partition that was written to last, unless somebody is about to empty it. */
static Relation
open_last_partition(int *slot)
{
	Oid			relation = known.slot_relation;

	*slot = known.slot;
	if (!OidIsValid(relation) || !ConditionalLockRelationOid(relation, RowExclusiveLock))
		return NULL;
	return table_open(relation, NoLock);
}

/*
 * Open the partition of the current slot, locked until the transaction ends.
 *
 * Only the lock keeps a slot from being sealed: when it is had, the slot must be the
 * current one, or else the one that is now is locked instead.  So it does not matter
 * where one begins: with the slot of the last statement, which nearly always still is.
 */
Relation
outbox_open_slot(int16 *slot)
{
	int			tried;
	Relation	relation = open_last_partition(&tried);

	for (;;)
	{
		if (relation == NULL)
		{
			tried = read_current_slot();
			if (tried < 0)
			{
				outbox_begin();
				tried = read_current_slot();
			}
			relation = open_partition(tried);
		}
		if (read_current_slot() == tried)
			break;
		table_close(relation, RowExclusiveLock);
		relation = NULL;
	}
	*slot = (int16) tried;
	return relation;
}

/* The sequence that numbers events. */
Oid
outbox_sequence(void)
{
	remember_relations();
	return known.sequence;
}
