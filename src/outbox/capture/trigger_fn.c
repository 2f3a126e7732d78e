/*
 * trigger_fn.c
 *		SQL: the trigger that turns the changes of a statement into events.
 *
 * It fires once after each statement, on the relation that the statement names: on the
 * root of a partitioned table for what goes through it, on a partition for what names
 * that.  It reads the transition tables themselves, not through SQL.
 */
#include "postgres.h"

#include "access/table.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "outbox/capture/pairs.h"
#include "outbox/capture/source.h"
#include "outbox/ring/writer.h"

PG_FUNCTION_INFO_V1(tripmeter_outbox_capture);
PG_FUNCTION_INFO_V1(tripmeter_outbox_check);

/* One firing of the trigger. */
typedef struct Capture
{
	Relation	relation;
	OutboxSource *source;
	OutboxWriter *writer;		/* NULL before the first event */
	EState	   *estate;			/* for expressions; NULL before the first */
	ExprState **conditions[OUTBOX_OPERATIONS];	/* beside the rules; made when first used */
	ExprState **generated;		/* beside the generated columns; so are these */
	MemoryContext context;		/* the statement's: of the writer */
	MemoryContext row_context;	/* reset after every row */
} Capture;

/* What expressions are evaluated in, made when first used. */
static EState *
estate_of(Capture *capture)
{
	MemoryContext old;

	if (capture->estate != NULL)
		return capture->estate;
	old = MemoryContextSwitchTo(capture->context);
	capture->estate = CreateExecutorState();
	MemoryContextSwitchTo(old);
	return capture->estate;
}

/* Does the rule's condition hold? */
static bool
rule_applies(Capture *capture, OutboxOperation operation, int rule, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	List	   *condition = capture->source->rules[operation][rule].condition;
	ExprContext *context;
	ExprState **state;

	if (condition == NIL)
		return true;
	if (capture->conditions[operation] == NULL)
		capture->conditions[operation] = MemoryContextAllocZero(estate_of(capture)->es_query_cxt, sizeof(ExprState *) *
																capture->source->rule_count[operation]);
	state = &capture->conditions[operation][rule];
	if (*state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(capture->estate->es_query_cxt);

		*state = ExecPrepareQual(condition, capture->estate);
		MemoryContextSwitchTo(old);
	}
	context = GetPerTupleExprContext(capture->estate);
	context->ecxt_innertuple = old_row;
	context->ecxt_outertuple = new_row;
	return ExecQual(*state, context);
}

/* The version that a row has, if it has one. */
static void
set_version(OutboxEvent *event, OutboxSource *source, TupleTableSlot *row)
{
	Datum		value = (Datum) 0;

	event->version_null = true;
	event->version = 0;
	if (source->version != 0)
		value = slot_getattr(row, source->version, &event->version_null);
	if (event->version_null)
		return;
	event->version = source->version_type == INT2OID ? DatumGetInt16(value) :
		source->version_type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

/* Write the events of one row's change.  The old or the new row is NULL where there is none. */
static void
capture_change(Capture *capture, OutboxOperation operation, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	OutboxSource *source = capture->source;
	TupleTableSlot *row = operation == OUTBOX_DELETE ? old_row : new_row;
	OutboxEvent event = {.aggregatetype = source->aggregatetype};
	MemoryContext old = MemoryContextSwitchTo(capture->row_context);

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < source->rule_count[operation]; i++)
	{
		OutboxRule *rule = &source->rules[operation][i];
		Jsonb	   *payload;

		if (!rule_applies(capture, operation, i, old_row, new_row))
			continue;
		if (event.aggregateid == NULL)
		{
			event.aggregateid = outbox_key_make(source->key, row);
			set_version(&event, source, row);
		}
		event.type = rule->type;
		event.schemaversion = rule->schemaversion;
		payload = outbox_payload_make(rule->payload, row);
		event.payload = JsonbPGetDatum(payload);
		if (capture->writer == NULL)
		{
			MemoryContextSwitchTo(capture->context);
			capture->writer = outbox_writer_begin();
			MemoryContextSwitchTo(capture->row_context);
		}
		outbox_writer_add(capture->writer, &event, NULL);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(capture->row_context);
	if (capture->estate != NULL)
		ResetPerTupleExprContext(capture->estate);
}

static void
prepare_generated(Capture *capture)
{
	OutboxSource *source = capture->source;

	capture->generated = MemoryContextAlloc(estate_of(capture)->es_query_cxt, sizeof(ExprState *) * source->generated_count);
	for (int i = 0; i < source->generated_count; i++)
		capture->generated[i] = ExecPrepareExpr(source->generated[i].expression, capture->estate);
}

/* Fill in the generated columns that an inserted row lacks, if there are any, until the row's context is reset. */
static TupleTableSlot *
complete_row(Capture *capture, TupleTableSlot *row, TupleTableSlot *complete)
{
	OutboxSource *source = capture->source;
	ExprContext *context;

	if (source->generated_count == 0)
		return row;
	if (capture->generated == NULL)
		prepare_generated(capture);
	context = GetPerTupleExprContext(capture->estate);
	context->ecxt_scantuple = row;
	ExecCopySlot(complete, row);
	for (int i = 0; i < source->generated_count; i++)
	{
		int			column = source->generated[i].number - 1;

		if (complete->tts_isnull[column])
			complete->tts_values[column] = ExecEvalExprSwitchContext(capture->generated[i], context, &complete->tts_isnull[column]);
	}
	return complete;
}

/* Rows that were only inserted. */
static void
capture_inserted(Capture *capture, Tuplestorestate *rows)
{
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(capture->relation), &TTSOpsMinimalTuple);
	TupleTableSlot *complete = NULL;

	if (capture->source->generated_count > 0)
		complete = MakeSingleTupleTableSlot(RelationGetDescr(capture->relation), &TTSOpsVirtual);
	outbox_rows_rewind(rows);
	while (tuplestore_gettupleslot(rows, true, false, row))
		capture_change(capture, OUTBOX_INSERT, NULL, complete_row(capture, row, complete));
	if (complete != NULL)
		ExecDropSingleTupleTableSlot(complete);
	ExecDropSingleTupleTableSlot(row);
}

/* Rows that were only deleted. */
static void
capture_deleted(Capture *capture, Tuplestorestate *rows)
{
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(capture->relation), &TTSOpsMinimalTuple);

	outbox_rows_rewind(rows);
	while (tuplestore_gettupleslot(rows, true, false, row))
		capture_change(capture, OUTBOX_DELETE, row, NULL);
	ExecDropSingleTupleTableSlot(row);
}

/* For outbox_pairs_visit */
static void
capture_pair(void *argument, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	capture_change(argument, new_row == NULL ? OUTBOX_DELETE : old_row == NULL ? OUTBOX_INSERT : OUTBOX_UPDATE, old_row, new_row);
}

/* TRUNCATE tells nobody which rows are gone. */
static void
refuse_truncate(Relation relation)
{
	OutboxSource *source = outbox_source_of(relation);

	if (!source->truncatable)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot truncate \"%s\": its changes are captured by the outbox", RelationGetRelationName(relation)),
				 errdetail("No events would tell of the rows that are gone."),
				 errhint("DELETE the rows, or attach the relation with allow_truncate => true.")));
	outbox_source_release(source);
}

/* A trigger of ours is one that outbox_attach() makes. */
static void
check_trigger(FunctionCallInfo fcinfo)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	bool		right = CALLED_AS_TRIGGER(fcinfo) && TRIGGER_FIRED_FOR_STATEMENT(data->tg_event);

	if (right && TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		right = TRIGGER_FIRED_BEFORE(data->tg_event);
	else if (right)
		right = TRIGGER_FIRED_AFTER(data->tg_event) &&
			(data->tg_oldtable != NULL || TRIGGER_FIRED_BY_INSERT(data->tg_event)) &&
			(data->tg_newtable != NULL || TRIGGER_FIRED_BY_DELETE(data->tg_event));
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("tripmeter_internal.outbox_capture() was not called by a trigger of tripmeter.outbox_attach()")));
}

/* trigger: the events of a statement */
Datum
tripmeter_outbox_capture(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Capture		capture = {0};

	check_trigger(fcinfo);
	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		refuse_truncate(data->tg_relation);
		return PointerGetDatum(NULL);
	}
	capture.relation = data->tg_relation;
	capture.source = outbox_source_of(data->tg_relation);
	capture.context = CurrentMemoryContext;
	capture.row_context = AllocSetContextCreate(CurrentMemoryContext, "tripmeter outbox row", ALLOCSET_DEFAULT_SIZES);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		capture_inserted(&capture, data->tg_newtable);
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
		capture_deleted(&capture, data->tg_oldtable);
	else
		outbox_pairs_visit(data->tg_oldtable, data->tg_newtable, RelationGetDescr(data->tg_relation),
						   capture.source->key, capture_pair, &capture);
	if (capture.writer != NULL)
		outbox_writer_end(capture.writer);
	if (capture.estate != NULL)
		FreeExecutorState(capture.estate);
	MemoryContextDelete(capture.row_context);
	outbox_source_release(capture.source);
	return PointerGetDatum(NULL);
}

/* Compile what a relation's tables say, and have all backends do so. */
Datum
tripmeter_outbox_check(PG_FUNCTION_ARGS)
{
	Relation	relation = table_open(PG_GETARG_OID(0), AccessShareLock);

	outbox_source_check(relation);
	table_close(relation, NoLock);
	outbox_source_invalidate(PG_GETARG_OID(0));
	PG_RETURN_VOID();
}
