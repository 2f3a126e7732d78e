/*
 * writer.c
 *		Writes events in bulk, straight into the partition that is the current slot.
 *
 * No trigger, no row security and no privilege stands between: the rows are the
 * outbox's own, whoever caused them.  A writer lives for one statement.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
#include "utils/xid8.h"

#include "compat.h"
#include "outbox/ring/catalog.h"
#include "outbox/ring/marks.h"
#include "outbox/ring/slot.h"
#include "outbox/ring/writer.h"
#include "outbox/ring/uuid7.h"

/* A batch is written when it is one of these. */
#define BATCH_EVENTS	1000
#define BATCH_BYTES		(512 * 1024)

/* A payload of so many bytes is worth a warning. */
#define LARGE_PAYLOAD	(64 * 1024)

#define RANDOM_NUMBERS	256

/* The columns of the outbox, in their order. */
typedef enum Column
{
	SEQ, ID, AGGREGATETYPE, AGGREGATEID, TYPE, PAYLOAD, VERSION, SCHEMAVERSION, BUCKET, XID, OCCURRED_AT,
	TRACEPARENT, TRACESTATE, CORRELATIONID, CAUSATIONID, ERA, SLOT, COLUMNS
} Column;

static const char *const column_names[COLUMNS] = {
	"seq", "id", "aggregatetype", "aggregateid", "type", "payload", "version", "schemaversion", "bucket", "xid",
	"occurred_at", "traceparent", "tracestate", "correlationid", "causationid", "era", "slot"
};

struct OutboxWriter
{
	MemoryContext context;		/* holds all of this, and the tuples of the batch */
	MemoryContext scratch;		/* what writing a batch leaves behind; NULL before the first full one */
	Relation	relation;		/* the partition of the slot, locked */
	Oid			sequence;
	ResultRelInfo *result;		/* for its indexes */
	EState	   *estate;			/* for indexes that are not plain, or else NULL */
	BulkInsertState bulk;		/* from the second batch on */
	Datum		values[COLUMNS];	/* those that all events share are set */
	bool		nulls[COLUMNS];
	bool		warned;			/* of a large payload */
	int			count;
	Size		bytes;
	int			places;			/* for events, of which most statements need one */
	TupleTableSlot **batch;
	uint8	   *buckets;		/* of the events */
};

/* 64 random bits; the system gives them in blocks. */
static uint64
random_number(void)
{
	static uint64 numbers[RANDOM_NUMBERS];
	static int	left = 0;

	if (left == 0)
	{
		if (!pg_strong_random(numbers, sizeof(numbers)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		left = RANDOM_NUMBERS;
	}
	return numbers[--left];
}

/*
 * Which bucket an aggregate's events are in, for good: CRC-32C of its type, a zero byte and its
 * id, mixed (Knuth, The Art of Computer Programming 3, 6.4), for short ids differ in few bits.
 */
int32
outbox_bucket(text *aggregatetype, text *aggregateid)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, VARDATA_ANY(aggregatetype), VARSIZE_ANY_EXHDR(aggregatetype));
	COMP_CRC32C(crc, "", 1);
	COMP_CRC32C(crc, VARDATA_ANY(aggregateid), VARSIZE_ANY_EXHDR(aggregateid));
	FIN_CRC32C(crc);
	StaticAssertStmt(OUTBOX_BUCKETS == 1 << 6, "buckets are numbered by 6 bits");
	return (crc * UINT32_C(2654435761)) >> (32 - 6);
}

/* The partition has the columns that are written. */
static void
check_columns(Relation relation)
{
	TupleDesc	descriptor = RelationGetDescr(relation);
	int			matching = 0;

	while (matching < COLUMNS && matching < descriptor->natts &&
		   strcmp(NameStr(TupleDescAttr(descriptor, matching)->attname), column_names[matching]) == 0)
		matching++;
	if (matching < COLUMNS || descriptor->natts > COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" does not have the columns of an outbox", RelationGetRelationName(relation)),
				 errdetail("Its column %d is not \"%s\".", matching + 1, matching < COLUMNS ? column_names[matching] : "absent"),
				 errhint("The tables of the outbox are not to be altered.")));
}

/* Set the columns of the marks, which all events of the statement share. */
static void
set_marks(OutboxWriter *writer)
{
	for (OutboxMark mark = 0; mark < OUTBOX_MARKS; mark++)
	{
		text	   *value = outbox_mark(mark);

		writer->values[TRACEPARENT + mark] = PointerGetDatum(value);
		writer->nulls[TRACEPARENT + mark] = value == NULL;
	}
}

/* Is this an index of columns, as those that come with the outbox? */
static bool
is_plain(const IndexInfo *index)
{
	return index->ii_ReadyForInserts && index->ii_Expressions == NIL && index->ii_Predicate == NIL &&
		!index->ii_Unique && index->ii_ExclusionOps == NULL;
}

/* Open the indexes, and what it takes to fill them. */
static void
open_indexes(OutboxWriter *writer)
{
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->relation, 1, NULL, 0);
	ExecOpenIndices(writer->result, false);
	for (int i = 0; i < writer->result->ri_NumIndices; i++)
		if (writer->estate == NULL && !is_plain(writer->result->ri_IndexRelationInfo[i]))
			writer->estate = CreateExecutorState();
}

/* Begin to write, in the current memory context. */
OutboxWriter *
outbox_writer_begin(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox writer", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	OutboxWriter *writer = palloc0(sizeof(OutboxWriter));
	int32		era = outbox_current_era();
	FullTransactionId xid = GetTopFullTransactionId();
	int16		slot;

	writer->context = context;
	writer->relation = outbox_open_slot(&slot);
	check_columns(writer->relation);
	writer->sequence = outbox_sequence();
	open_indexes(writer);
	writer->values[XID] = FullTransactionIdGetDatum(xid);
	writer->values[ERA] = Int32GetDatum(era);
	writer->values[SLOT] = Int16GetDatum(slot);
	set_marks(writer);
	MemoryContextSwitchTo(old);
	return writer;
}

/* Put a row into indexes that are all plain; what the executor does for others costs more than that. */
static void
insert_into_plain(ResultRelInfo *result, TupleTableSlot *row)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	for (int i = 0; i < result->ri_NumIndices; i++)
	{
		IndexInfo  *info = result->ri_IndexRelationInfo[i];

		FormIndexDatum(info, row, NULL, values, nulls);
		index_insert(result->ri_IndexRelationDescs[i], values, nulls, &row->tts_tid, result->ri_RelationDesc,
					 UNIQUE_CHECK_NO, false, info);
	}
}

/* Put a row into the indexes. */
static void
insert_into_any(OutboxWriter *writer, TupleTableSlot *row)
{
	ExecInsertIndexTuples(writer->result, row, writer->estate, false, false, NULL, NIL
#if PG_VERSION_NUM >= 160000
						  ,false
#endif
		);
	ResetPerTupleExprContext(writer->estate);
}

/*
 * Put the batch into the indexes, one bucket after the other: what is next to each other in
 * the index of buckets is then in the processor's cache.
 */
static void
insert_into_indexes(OutboxWriter *writer)
{
	int			next[OUTBOX_BUCKETS + 1] = {0};
	uint16		order[BATCH_EVENTS];

	for (int i = 0; i < writer->count; i++)
		next[writer->buckets[i] + 1]++;
	for (int bucket = 1; bucket < OUTBOX_BUCKETS; bucket++)
		next[bucket] += next[bucket - 1];
	for (int i = 0; i < writer->count; i++)
		order[next[writer->buckets[i]]++] = i;

	for (int i = 0; i < writer->count; i++)
	{
		TupleTableSlot *row = writer->batch[order[i]];

		if (writer->estate == NULL)
			insert_into_plain(writer->result, row);
		else
			insert_into_any(writer, row);
		ExecClearTuple(row);
	}
}

/* Put the batch into the table and its indexes. */
static void
write_batch(OutboxWriter *writer)
{
	MemoryContext old = MemoryContextSwitchTo(writer->context);

	if (writer->scratch == NULL && (writer->count == BATCH_EVENTS || writer->bytes >= BATCH_BYTES))
	{
		/* more are coming: a ring of buffers of our own */
		writer->bulk = GetBulkInsertState();
		writer->scratch = AllocSetContextCreate(writer->context, "tripmeter outbox batch", ALLOCSET_DEFAULT_SIZES);
	}
	if (writer->scratch != NULL)
		MemoryContextSwitchTo(writer->scratch);
	if (writer->count == 1)
		table_tuple_insert(writer->relation, writer->batch[0], GetCurrentCommandId(true), 0, writer->bulk);
	else
		table_multi_insert(writer->relation, writer->batch, writer->count, GetCurrentCommandId(true), 0, writer->bulk);
	insert_into_indexes(writer);
	MemoryContextSwitchTo(old);
	if (writer->scratch != NULL)
		MemoryContextReset(writer->scratch);
	writer->count = 0;
	writer->bytes = 0;
	CHECK_FOR_INTERRUPTS();
}

/* The place of the next event in the batch. */
static TupleTableSlot *
next_place(OutboxWriter *writer)
{
	if (writer->count == writer->places)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);
		int			places = writer->places == 0 ? 1 : Min(writer->places * 8, BATCH_EVENTS);

		if (writer->places == 0)
		{
			writer->batch = palloc(sizeof(TupleTableSlot *));
			writer->buckets = palloc(1);
		}
		else
		{
			writer->batch = repalloc(writer->batch, sizeof(TupleTableSlot *) * places);
			writer->buckets = repalloc(writer->buckets, places);
		}
		while (writer->places < places)
			writer->batch[writer->places++] = table_slot_create(writer->relation, NULL);
		MemoryContextSwitchTo(old);
	}
	return writer->batch[writer->count++];
}

/* Once a statement: who receives it may not want so much. */
static void
warn_of_payload(OutboxWriter *writer, const OutboxEvent *event)
{
	Size		size;

	if (event->payload_null || writer->warned)
		return;
	size = toast_raw_datum_size(event->payload);
	if (size < LARGE_PAYLOAD)
		return;
	writer->warned = true;
	ereport(WARNING,
			(errmsg("the payload of an event is %zu bytes long", size),
			 errdetail("It is a \"%s\" of aggregate \"%s\".", text_to_cstring(event->type), text_to_cstring(event->aggregateid)),
			 errhint("Give what consumers need, and no more; of a table's rows, name the columns in tripmeter.outbox_attach() or tripmeter.outbox_rule().")));
}

/* Write an event, whose values need not outlive the call; its id is stored if asked for. */
void
outbox_writer_add(OutboxWriter *writer, const OutboxEvent *event, pg_uuid_t *id)
{
	static uint64 last_step = 0;
	const int64 unix_epoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
	TimestampTz now = GetCurrentTimestamp();
	pg_uuid_t	made;
	TupleTableSlot *place;

	warn_of_payload(writer, event);
	uuid7_make(made.data, &last_step, now + unix_epoch, random_number());
	if (id != NULL)
		*id = made;

	/* the transaction has had its id since the writer began */
	writer->values[SEQ] = Int64GetDatum(nextval_internal(writer->sequence, false));
	writer->values[ID] = UUIDPGetDatum(&made);
	writer->values[AGGREGATETYPE] = PointerGetDatum(event->aggregatetype);
	writer->values[AGGREGATEID] = PointerGetDatum(event->aggregateid);
	writer->values[TYPE] = PointerGetDatum(event->type);
	writer->values[PAYLOAD] = event->payload;
	writer->nulls[PAYLOAD] = event->payload_null;
	writer->values[VERSION] = Int64GetDatum(event->version);
	writer->nulls[VERSION] = event->version_null;
	writer->values[SCHEMAVERSION] = Int32GetDatum(event->schemaversion);
	writer->values[BUCKET] = Int32GetDatum(outbox_bucket(event->aggregatetype, event->aggregateid));
	/* a time of the clock in UTC, without a zone */
	writer->values[OCCURRED_AT] = TimestampGetDatum(now);

	place = next_place(writer);
	writer->buckets[writer->count - 1] = (uint8) DatumGetInt32(writer->values[BUCKET]);
	memcpy(place->tts_values, writer->values, sizeof(writer->values));
	memcpy(place->tts_isnull, writer->nulls, sizeof(writer->nulls));
	ExecStoreVirtualTuple(place);
	ExecMaterializeSlot(place);
	writer->bytes += ExecFetchSlotHeapTuple(place, false, NULL)->t_len;
	if (writer->count == BATCH_EVENTS || writer->bytes >= BATCH_BYTES)
		write_batch(writer);
}

/* Write what is left.  The slot stays locked until the transaction ends. */
void
outbox_writer_end(OutboxWriter *writer)
{
	if (writer->count > 0)
		write_batch(writer);
	if (writer->bulk != NULL)
		FreeBulkInsertState(writer->bulk);
	for (int i = 0; i < writer->places; i++)
		ExecDropSingleTupleTableSlot(writer->batch[i]);
	ExecCloseIndices(writer->result);
	if (writer->estate != NULL)
		FreeExecutorState(writer->estate);
	table_close(writer->relation, NoLock);
	MemoryContextDelete(writer->context);
}
