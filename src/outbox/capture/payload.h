/*
 * payload.h
 *		Rows as jsonb, and the ids of aggregates as text.
 */
#ifndef TRIPMETER_OUTBOX_PAYLOAD_H
#define TRIPMETER_OUTBOX_PAYLOAD_H

#include "executor/tuptable.h"
#include "fmgr.h"

#include "outbox/capture/jsonb_object.h"
#include "outbox/capture/settings.h"

/* How a value becomes JSON: as to_jsonb() would have it. */
typedef enum ValueKind
{
	VALUE_BOOL, VALUE_INT2, VALUE_INT4, VALUE_INT8, VALUE_NUMERIC, VALUE_FLOAT4, VALUE_FLOAT8,
	VALUE_TEXT,					/* a varlena of characters */
	VALUE_TIME,					/* a date or time whose form is ISO 8601 */
	VALUE_OUTPUT,				/* the string that the output function makes */
	VALUE_JSONB,
	VALUE_OTHER					/* to_jsonb() itself */
} ValueKind;

/* A column that is read. */
typedef struct OutboxColumn
{
	AttrNumber	number;
	ValueKind	kind;
	Oid			type;			/* below its domains */
	FmgrInfo	function;		/* of VALUE_OUTPUT and VALUE_OTHER */
} OutboxColumn;

/* The columns that make an object, in the order in which jsonb keeps their names. */
typedef struct OutboxPayload
{
	int			count;
	AttrNumber	last;			/* the highest number */
	OutboxColumn *columns;
	JsonbKeys  *keys;			/* their names */
	OutboxSettings settings;	/* those that the values may depend on */
} OutboxPayload;

/* The columns that identify an aggregate. */
typedef struct OutboxKey
{
	int			count;
	AttrNumber	last;
	OutboxColumn *columns;
} OutboxKey;

extern OutboxPayload *outbox_payload_compile(TupleDesc descriptor, const AttrNumber *numbers, int count);
extern Jsonb *outbox_payload_make(OutboxPayload *payload, TupleTableSlot *row);
extern OutboxKey *outbox_key_compile(TupleDesc descriptor, const AttrNumber *numbers, int count);
extern text *outbox_key_make(OutboxKey *key, TupleTableSlot *row);

#endif							/* TRIPMETER_OUTBOX_PAYLOAD_H */
