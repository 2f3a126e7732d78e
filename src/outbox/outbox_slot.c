/*
 * outbox_slot.c
 *		Where events are written: the era, and the current slot of the ring.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/inval.h"

#include "outbox/outbox_catalog.h"
#include "outbox/outbox_slot.h"

/* The era of this system, once it is known to be stored for good, and the table it is in. */
static int32 known_era = 0;
static Oid	era_relation = InvalidOid;

/* For CacheRegisterRelcacheCallback */
static void
forget_era(Datum argument pg_attribute_unused(), Oid relation)
{
	if (relation == era_relation || !OidIsValid(relation))
		known_era = 0;
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

	era_relation = outbox_relation("outbox_era");
	outbox_scan_begin(&scan, era_relation);
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
		known_era = last;
	return ours ? last : 0;
}

/* The era to write in.  A system that is new, or was restored, begins one. */
int32
outbox_current_era(void)
{
	static bool registered = false;
	int32		era;

	if (known_era != 0)
		return known_era;
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_era, (Datum) 0);
		registered = true;
	}
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

	outbox_scan_begin(&scan, outbox_relation("outbox_current"));
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

/*
 * Open the partition of the current slot, locked until the transaction ends.
 *
 * Only the lock keeps a slot from being sealed: when it is had, the slot must still
 * be the current one, or else the one that is now is locked instead.
 */
Relation
outbox_open_slot(int16 *slot)
{
	int			current = read_current_slot();

	if (current < 0)
	{
		outbox_begin();
		current = read_current_slot();
	}
	for (;;)
	{
		char		name[NAMEDATALEN];
		Relation	relation;
		int			again;

		snprintf(name, sizeof(name), "outbox_%d", current);
		relation = table_open(outbox_relation(name), RowExclusiveLock);
		again = read_current_slot();
		if (again == current)
		{
			*slot = (int16) current;
			return relation;
		}
		table_close(relation, RowExclusiveLock);
		current = again;
	}
}
