/*
 * slot.c
 *		Where events are written: the era, and the current slot of the ring.
 *
 * A statement of one row is not to spend its time here: what cannot change unnoticed is
 * remembered.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "outbox/ring/catalog.h"
#include "outbox/ring/slot.h"

/* What is remembered until one of these relations is altered or dropped, or outbox_current is written to. */
static struct
{
	Oid			era_relation;
	Oid			current_relation;
	Oid			sequence;
	Oid			slot_relation;	/* the partition of the current slot; 0: not known */
	int16		slot;			/* its number */
	int32		era;			/* 0: not known, or not stored for good */
}			known;

static uint64 forgotten = 0;	/* so many times */

/* For CacheRegisterRelcacheCallback */
static void
forget(Datum argument pg_attribute_unused(), Oid relation)
{
	if (!OidIsValid(relation) || relation == known.era_relation || relation == known.current_relation ||
		relation == known.sequence || relation == known.slot_relation)
	{
		memset(&known, 0, sizeof(known));
		forgotten++;
	}
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

/* The slot to write to, or -1 if there is none yet. */
static int
read_current_slot(void)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	int			slot = -1;
	bool		refused = false;

	remember_relations();
	outbox_scan_begin(&scan, known.current_relation);
	tuple = outbox_scan_next(&scan);
	if (tuple != NULL)
	{
		slot = DatumGetInt16(outbox_scan_value(&scan, tuple, "slot"));
		refused = DatumGetBool(outbox_scan_value(&scan, tuple, "refused"));
	}
	outbox_scan_end(&scan);
	if (refused)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the outbox is full"),
				 errdetail("Every slot holds events that a consumer has not passed, and the policy is to refuse new events."),
				 errhint("See tripmeter.outbox_metrics for the consumer that is behind; let it catch up, or drop it.")));
	return slot;
}

/* Open and lock the partition of the slot that is current for now. */
static Relation
open_current(int16 *slot)
{
	int			current = read_current_slot();
	char		name[NAMEDATALEN];

	if (current < 0)
	{
		outbox_begin();
		current = read_current_slot();
	}
	snprintf(name, sizeof(name), "outbox_%d", current);
	*slot = (int16) current;
	return table_open(outbox_relation(name), RowExclusiveLock);
}

/* Open and lock the partition that was written to last, unless somebody is about to empty it. */
static Relation
open_last(int16 *slot)
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
 * Only the lock keeps a slot from being sealed: when it is had, the slot must not have been
 * sealed already.  The current one was not; if it is another, that is locked instead.  So it
 * does not matter where one begins: with the slot of the last statement, which nearly always
 * still is.
 *
 * That it still is need not be read.  Whoever changes outbox_current has all sessions forget
 * it, before the lock on outbox_ring is released that is needed for sealing: a lock that is had
 * after the sealing comes with that message.
 */
Relation
outbox_open_slot(int16 *slot)
{
	Relation	relation = open_last(slot);

	/* also where the lock was had before */
	AcceptInvalidationMessages();
	if (relation != NULL && OidIsValid(known.slot_relation))
		return relation;
	for (;;)
	{
		uint64		before;

		if (relation == NULL)
			relation = open_current(slot);
		remember_relations();
		before = forgotten;
		if (read_current_slot() == *slot)
		{
			/* unless what was read is out of date already */
			if (forgotten == before)
			{
				known.slot_relation = RelationGetRelid(relation);
				known.slot = *slot;
			}
			return relation;
		}
		table_close(relation, RowExclusiveLock);
		relation = NULL;
	}
}

/* The sequence that numbers events. */
Oid
outbox_sequence(void)
{
	remember_relations();
	return known.sequence;
}
