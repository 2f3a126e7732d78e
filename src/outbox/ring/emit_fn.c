/*
 * emit_fn.c
 *		SQL: events that no row change makes, and what else C knows for SQL.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "compat.h"
#include "outbox/ring/writer.h"

PG_FUNCTION_INFO_V1(tripmeter_emit);
PG_FUNCTION_INFO_V1(tripmeter_outbox_bucket);

/* A text argument that an event cannot be without. */
static text *
required_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of an event cannot be NULL", name)));
	if (VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(number)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of an event cannot be empty", name)));
	return PG_GETARG_TEXT_PP(number);
}

/* emit(aggregate_type, aggregate_id, type, payload, version, schema_version): the event's id */
Datum
tripmeter_emit(PG_FUNCTION_ARGS)
{
	OutboxEvent event = {
		.aggregatetype = required_argument(fcinfo, 0, "aggregate_type"),
		.aggregateid = required_argument(fcinfo, 1, "aggregate_id"),
		.type = required_argument(fcinfo, 2, "type"),
		.payload = PG_ARGISNULL(3) ? (Datum) 0 : PG_GETARG_DATUM(3),
		.payload_null = PG_ARGISNULL(3),
		.version = PG_ARGISNULL(4) ? 0 : PG_GETARG_INT64(4),
		.version_null = PG_ARGISNULL(4),
		.schemaversion = PG_ARGISNULL(5) ? 1 : PG_GETARG_INT32(5)
	};
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	OutboxWriter *writer;

	PreventCommandIfReadOnly("tripmeter.emit()");
	PreventCommandDuringRecovery("tripmeter.emit()");
	writer = outbox_writer_begin();
	outbox_writer_add(writer, &event, id);
	outbox_writer_end(writer);
	PG_RETURN_UUID_P(id);
}

/* outbox_bucket(aggregate_type, aggregate_id) */
Datum
tripmeter_outbox_bucket(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(outbox_bucket(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}
