/*
 * slot.c
 *		Where events are written: the era, and the current slot of the ring.
 *
 * Nothing is remembered between statements, so that nothing can be out of date: that no event
 * is lost rests on locks and snapshots alone.  A backend that remembered the slot and the era,
 * until a message of a change came, committed at most 7 % more rows a second where no commit waited
 * for the disk.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "miscadmin.h"

#include "outbox/ring/catalog.h"
#include "outbox/ring/slot.h"

/* Is a row of outbox_era of this system, this database and this outbox? */
static bool
is_ours(OutboxScan *scan, HeapTuple tuple)
{
	int64		system = DatumGetInt64(outbox_scan_value(scan, tuple, "system_identifier"));

	return system == (int64) GetSystemIdentifier() &&
		DatumGetObjectId(outbox_scan_value(scan, tuple, "database")) == MyDatabaseId &&
		DatumGetObjectId(outbox_scan_value(scan, tuple, "outbox")) == outbox_table("outbox");
}

/* Return the last era if it is this system's, or else 0. */
static int32
read_era(void)
{
	OutboxScan	scan;
	HeapTuple	tuple;
	int32		last = 0;
	bool		ours = false;

	outbox_scan_begin(&scan, outbox_relation("outbox_era"));
	while ((tuple = outbox_scan_next(&scan)) != NULL)
	{
		int32		era = DatumGetInt32(outbox_scan_value(&scan, tuple, "era"));

		if (era < last)
			continue;
		last = era;
		ours = is_ours(&scan, tuple);
	}
	outbox_scan_end(&scan);
	return ours ? last : 0;
}

/* Return the era to write in.  A system that is new, or was restored, begins one. */
int32
outbox_current_era(void)
{
	int32		era = read_era();

	if (era == 0)
	{
		outbox_begin();
		era = read_era();
	}
	if (era == 0)
		elog(ERROR, "the outbox has no era of this system");
	return era;
}

/* Return the slot to write to, or -1 if there is none yet. */
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
				 errdetail("Every slot holds events that a consumer has not passed, "
						   "and the policy is to refuse new events."),
				 errhint("See tripmeter.outbox_metrics for the consumer that is behind; "
						 "let it catch up, or drop it.")));
	return slot;
}

/* Open and lock the partition of a slot. */
static Relation
open_partition(int slot)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "outbox_%d", slot);
	return table_open(outbox_relation(name), RowExclusiveLock);
}

/*
 * Open the partition of the current slot, locked until the transaction ends.
 *
 * Only the lock keeps a slot from being sealed.  So the slot is read again under the lock: if
 * it is still the current one, it was not sealed before and cannot be until the end.  If not,
 * the lock is released and the one that is current now is tried.
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
		Relation	relation = open_partition(current);
		int			now = read_current_slot();

		if (now == current)
		{
			*slot = (int16) current;
			return relation;
		}
		table_close(relation, RowExclusiveLock);
		current = now;
		CHECK_FOR_INTERRUPTS();
	}
}

/* Return the sequence that numbers events. */
Oid
outbox_sequence(void)
{
	return outbox_relation("outbox_seq");
}
