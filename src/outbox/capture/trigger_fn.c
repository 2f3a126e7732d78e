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
	int			settings;		/* the level of the fixed ones, if there are any */
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

/* Enter the fixed settings that a condition or a value may depend on. */
static void
enter_settings(Capture *capture)
{
	if (capture->source->settings != SETTINGS_NONE)
		capture->settings = outbox_settings_enter(capture->source->settings);
}

/* Leave them.  What a condition has set for good stays. */
static void
leave_settings(Capture *capture)
{
	if (capture->source->settings != SETTINGS_NONE)
		outbox_settings_leave(capture->settings, true);
}

/* Return a rule's condition ready to be evaluated, which is made when first used. */
static ExprState *
condition_of(Capture *capture, OutboxOperation operation, int rule)
{
	OutboxSource *source = capture->source;
	EState	   *estate = estate_of(capture);
	ExprState **states = capture->conditions[operation];
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	if (states == NULL)
		states = capture->conditions[operation] = palloc0(sizeof(ExprState *) *
														  source->rule_count[operation]);
	if (states[rule] == NULL)
		states[rule] = ExecPrepareQual(source->rules[operation][rule].condition, estate);
	MemoryContextSwitchTo(old);
	return states[rule];
}

/* What an error in a condition is about */
typedef struct ConditionOrigin
{
	Relation	relation;
	OutboxRule *rule;
} ConditionOrigin;

/* Say which rule an error is about. */
static void
name_rule(void *argument)
{
	ConditionOrigin *origin = argument;

	errcontext("condition of rule \"%s\" of the outbox, on relation \"%s\"",
			   text_to_cstring(origin->rule->type), RelationGetRelationName(origin->relation));
}

/* Does the rule's condition hold? */
static bool
rule_applies(Capture *capture, OutboxOperation operation, int rule,
			 TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	ConditionOrigin origin = {capture->relation, &capture->source->rules[operation][rule]};
	ErrorContextCallback callback = {
		.previous = error_context_stack, .callback = name_rule, .arg = &origin
	};
	ExprState  *condition;
	ExprContext *context;
	bool		result;

	if (origin.rule->condition == NIL)
		return true;
	error_context_stack = &callback;
	condition = condition_of(capture, operation, rule);
	context = GetPerTupleExprContext(capture->estate);
	context->ecxt_innertuple = old_row;
	context->ecxt_outertuple = new_row;
	result = ExecQual(condition, context);
	error_context_stack = callback.previous;
	return result;
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

/*
 * Fill in the generated columns that an inserted row lacks, if there are any, until the row's
 * context is reset: under the settings of the session, as the partition does.
 */
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
	leave_settings(capture);
	for (int i = 0; i < source->generated_count; i++)
	{
		int			column = source->generated[i].number - 1;

		if (complete->tts_isnull[column])
			complete->tts_values[column] = ExecEvalExprSwitchContext(capture->generated[i], context, &complete->tts_isnull[column]);
	}
	enter_settings(capture);
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
	enter_settings(&capture);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		capture_inserted(&capture, data->tg_newtable);
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
		capture_deleted(&capture, data->tg_oldtable);
	else
		outbox_pairs_visit(data->tg_oldtable, data->tg_newtable, RelationGetDescr(data->tg_relation),
						   capture.source->key, capture_pair, &capture);
	leave_settings(&capture);
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
