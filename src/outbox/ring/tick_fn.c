/*
 * tick_fn.c
 *		What delivery needs of the server and SQL does not offer: locks that are released
 *		before the transaction ends, and where the log ends and is flushed.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "compat.h"

/* Advisory locks of users have 1 or 2 in this field. */
#define LOCKS_OF_OUTBOX 7

PG_FUNCTION_INFO_V1(tripmeter_outbox_lock);
PG_FUNCTION_INFO_V1(tripmeter_outbox_unlock);
PG_FUNCTION_INFO_V1(tripmeter_outbox_is_unwritten);
PG_FUNCTION_INFO_V1(tripmeter_outbox_next_xid);
PG_FUNCTION_INFO_V1(tripmeter_outbox_end_of_log);
PG_FUNCTION_INFO_V1(tripmeter_outbox_flush);
PG_FUNCTION_INFO_V1(tripmeter_outbox_is_of_here);
PG_FUNCTION_INFO_V1(tripmeter_outbox_is_upkeep_due);

static LOCKTAG
lock_of(int32 what)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, (uint32) what, LOCKS_OF_OUTBOX);
	return tag;
}

/* Takes a lock until it is released, or the transaction ends; tells whether it was had. */
Datum
tripmeter_outbox_lock(PG_FUNCTION_ARGS)
{
	LOCKTAG		tag = lock_of(PG_GETARG_INT32(0));
	bool		wait = PG_GETARG_BOOL(1);

	PG_RETURN_BOOL(LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL);
}

Datum
tripmeter_outbox_unlock(PG_FUNCTION_ARGS)
{
	LOCKTAG		tag = lock_of(PG_GETARG_INT32(0));

	LockRelease(&tag, ExclusiveLock, false);
	PG_RETURN_VOID();
}

/*
 * Tells whether no transaction that is in progress, this one included, has written to a
 * table. Those that wrote to it are visible to any snapshot that is taken afterwards.
 */
Datum
tripmeter_outbox_is_unwritten(PG_FUNCTION_ARGS)
{
	Oid			table = PG_GETARG_OID(0);
	Relation	relation;
	bool		unwritten;

	if (!ConditionalLockRelationOid(table, ShareLock))
		PG_RETURN_BOOL(false);
	relation = RelationIdGetRelation(table);
	unwritten = RelationIsValid(relation) &&
		!CheckRelationLockedByMe(relation, RowExclusiveLock, false);
	if (RelationIsValid(relation))
		RelationClose(relation);
	UnlockRelationOid(table, ShareLock);
	PG_RETURN_BOOL(unwritten);
}

/* The next transaction id. */
Datum
tripmeter_outbox_next_xid(PG_FUNCTION_ARGS pg_attribute_unused())
{
	PG_RETURN_FULLTRANSACTIONID(ReadNextFullTransactionId());
}

/*
 * Where the last record of the log ends. At the start of a page the server gives the place
 * behind the page's header, to which nothing can be flushed yet.
 */
Datum
tripmeter_outbox_end_of_log(PG_FUNCTION_ARGS pg_attribute_unused())
{
	XLogRecPtr	end = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(end, wal_segment_size) == SizeOfXLogLongPHD)
		end -= SizeOfXLogLongPHD;
	else if (end % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		end -= SizeOfXLogShortPHD;
	PG_RETURN_LSN(end);
}

/* Flushes the log that far. */
Datum
tripmeter_outbox_flush(PG_FUNCTION_ARGS)
{
	XLogFlush(PG_GETARG_LSN(0));
	PG_RETURN_VOID();
}

/* Tells whether an era is that of this server and database. */
Datum
tripmeter_outbox_is_of_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL((uint64) PG_GETARG_INT64(0) == GetSystemIdentifier() &&
				   PG_GETARG_OID(1) == MyDatabaseId);
}

/*
 * Tells whether the statement is a transaction of its own, and the session has not been told
 * so in the last second.
 */
Datum
tripmeter_outbox_is_upkeep_due(PG_FUNCTION_ARGS pg_attribute_unused())
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (IsTransactionBlock() || (now >= last && now - last < USECS_PER_SEC))
		PG_RETURN_BOOL(false);
	last = now;
	PG_RETURN_BOOL(true);
}
