/*
 * payload.c
 *		Rows as jsonb, and the ids of aggregates as text.
 *
 * A payload is what to_jsonb() makes of the row under the settings of settings.c.  What to_jsonb() looks up for every
 * value is looked up once, here, and the values of common types are not turned into text
 * and parsed again; all others go to to_jsonb() itself.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "compat.h"
#include "outbox/capture/payload.h"

/* A type of no special form is a string for to_jsonb(), unless it is cast to json. */
static bool
is_output_string(Oid type)
{
	Oid			function;

	if (type_is_array(type) || type_is_rowtype(type) || type == JSONOID)
		return false;
	return type < FirstNormalObjectId ||
		find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC;
}

static ValueKind
kind_of(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return VALUE_BOOL;
		case INT2OID:
			return VALUE_INT2;
		case INT4OID:
			return VALUE_INT4;
		case INT8OID:
			return VALUE_INT8;
		case NUMERICOID:
			return VALUE_NUMERIC;
		case FLOAT4OID:
			return VALUE_FLOAT4;
		case FLOAT8OID:
			return VALUE_FLOAT8;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return VALUE_TEXT;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return VALUE_TIME;
		case JSONBOID:
			return VALUE_JSONB;
		default:
			return is_output_string(type) ? VALUE_OUTPUT : VALUE_OTHER;
	}
}

/* A column's values are what the output function of their type makes. */
static void
compile_output(OutboxColumn *column)
{
	Oid			function;
	bool		varlena;

	column->kind = VALUE_OUTPUT;
	getTypeOutputInfo(column->type, &function, &varlena);
	fmgr_info(function, &column->function);
}

/* Look up, in the current memory context, what a column's values need. */
static void
compile_column(OutboxColumn *column, Form_pg_attribute attribute)
{
	column->number = attribute->attnum;
	column->type = getBaseType(attribute->atttypid);
	column->kind = kind_of(column->type);
	if (column->kind == VALUE_OUTPUT)
		compile_output(column);
	else if (column->kind == VALUE_OTHER)
	{
		/* to_jsonb() asks the call what type its argument is */
		Node	   *argument = (Node *) makeNullConst(attribute->atttypid, attribute->atttypmod, attribute->attcollation);

		fmgr_info(F_TO_JSONB, &column->function);
		fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument), InvalidOid,
												 InvalidOid, COERCE_EXPLICIT_CALL), &column->function);
	}
}

static void
set_string(JsonbValue *result, char *string, int length)
{
	result->type = jbvString;
	result->val.string.val = string;
	result->val.string.len = length;
}

/* The value of a column of integers. */
static int64
integer_of(const OutboxColumn *column, Datum value)
{
	return column->kind == VALUE_INT2 ? DatumGetInt16(value) :
		column->kind == VALUE_INT4 ? DatumGetInt32(value) : DatumGetInt64(value);
}

/* A number as its type writes it; NaN and the infinities are strings. */
static void
set_number(JsonbValue *result, char *string)
{
	if (strpbrk(string, "Nn") != NULL)
		set_string(result, string, strlen(string));
	else
	{
		result->type = jbvNumeric;
		result->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(string),
																  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
}

static void
set_numeric(JsonbValue *result, Numeric value)
{
	if (numeric_is_nan(value) || numeric_is_inf(value))
		set_number(result, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value))));
	else
	{
		result->type = jbvNumeric;
		result->val.numeric = value;
	}
}

/* ISO 8601; a time with a zone is in UTC. */
static void
set_time(JsonbValue *result, Datum value, Oid type)
{
	static const int utc = 0;
	char	   *buffer = palloc(MAXDATELEN + 1);

	JsonEncodeDateTime(buffer, value, type, &utc);
	set_string(result, buffer, strlen(buffer));
}

/* What is in a document: a scalar, or the document itself. */
static void
set_document(JsonbValue *result, Jsonb *document)
{
	if (JB_ROOT_IS_SCALAR(document))
		JsonbExtractScalar(&document->root, result);
	else
	{
		result->type = jbvBinary;
		result->val.binary.data = &document->root;
		result->val.binary.len = VARSIZE(document) - VARHDRSZ;
	}
}

/* A value of a column, in the current memory context; it may point into the row. */
static void
set_value(JsonbValue *result, OutboxColumn *column, Datum value)
{
	switch (column->kind)
	{
		case VALUE_BOOL:
			result->type = jbvBool;
			result->val.boolean = DatumGetBool(value);
			break;
		case VALUE_INT2:
		case VALUE_INT4:
		case VALUE_INT8:
			result->type = jbvNumeric;
			result->val.numeric = int64_to_numeric(integer_of(column, value));
			break;
		case VALUE_NUMERIC:
			set_numeric(result, DatumGetNumeric(value));
			break;
		case VALUE_FLOAT4:
			set_number(result, float_to_shortest_decimal(DatumGetFloat4(value)));
			break;
		case VALUE_FLOAT8:
			set_number(result, double_to_shortest_decimal(DatumGetFloat8(value)));
			break;
		case VALUE_TEXT:
			{
				text	   *string = DatumGetTextPP(value);

				set_string(result, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
				break;
			}
		case VALUE_TIME:
			set_time(result, value, column->type);
			break;
		case VALUE_OUTPUT:
			{
				char	   *string = OutputFunctionCall(&column->function, value);

				set_string(result, string, strlen(string));
				break;
			}
		case VALUE_JSONB:
			set_document(result, DatumGetJsonbP(value));
			break;
		case VALUE_OTHER:
			set_document(result, DatumGetJsonbP(FunctionCall1(&column->function, value)));
			break;
	}
}

/* The order in which jsonb keeps keys: the shorter first, then by their bytes. */
static int
compare_names(const void *a, const void *b, void *descriptor)
{
	const char *name_a = NameStr(TupleDescAttr((TupleDesc) descriptor, *(const AttrNumber *) a - 1)->attname);
	const char *name_b = NameStr(TupleDescAttr((TupleDesc) descriptor, *(const AttrNumber *) b - 1)->attname);
	size_t		length_a = strlen(name_a);
	size_t		length_b = strlen(name_b);

	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return memcmp(name_a, name_b, length_a);
}

/* The settings that the JSON of a column's values may depend on: none where it is made here. */
static OutboxSettings
settings_of_column(const OutboxColumn *column)
{
	switch (column->kind)
	{
		case VALUE_FLOAT4:
		case VALUE_FLOAT8:
		case VALUE_TIME:
			return SETTINGS_NONE;
		default:
			return outbox_settings_of_type(column->type);
	}
}

/* The object of these columns, which are different ones; in the current memory context. */
OutboxPayload *
outbox_payload_compile(TupleDesc descriptor, const AttrNumber *numbers, int count)
{
	OutboxPayload *payload = palloc0(sizeof(OutboxPayload));
	AttrNumber *sorted = palloc(sizeof(AttrNumber) * Max(count, 1));
	char	  **names = palloc(sizeof(char *) * Max(count, 1));

	memcpy(sorted, numbers, sizeof(AttrNumber) * count);
	qsort_arg(sorted, count, sizeof(AttrNumber), compare_names, descriptor);
	payload->count = count;
	payload->columns = palloc0(sizeof(OutboxColumn) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, sorted[i] - 1);

		compile_column(&payload->columns[i], attribute);
		names[i] = NameStr(attribute->attname);
		payload->settings = Max(payload->settings, settings_of_column(&payload->columns[i]));
		payload->last = Max(payload->last, attribute->attnum);
	}
	payload->keys = jsonb_keys_make(names, count);
	pfree(names);
	pfree(sorted);
	return payload;
}

/* The object of a row, in the current memory context, with what making it took. */
Jsonb *
outbox_payload_make(OutboxPayload *payload, TupleTableSlot *row)
{
	JsonbValue *values = palloc(sizeof(JsonbValue) * Max(payload->count, 1));

	slot_getsomeattrs(row, payload->last);
	for (int i = 0; i < payload->count; i++)
	{
		int			place = payload->columns[i].number - 1;

		if (row->tts_isnull[place])
			values[i].type = jbvNull;
		else
			set_value(&values[i], &payload->columns[i], row->tts_values[place]);
	}
	return jsonb_object_make(payload->keys, values);
}

/* A type whose text no setting changes: an aggregate has one id, whoever writes. */
static bool
identifies(const OutboxColumn *column)
{
	switch (column->kind)
	{
		case VALUE_BOOL:
		case VALUE_INT2:
		case VALUE_INT4:
		case VALUE_INT8:
		case VALUE_NUMERIC:
		case VALUE_TEXT:
		case VALUE_TIME:
			return true;
		default:
			return column->type == UUIDOID || type_is_enum(column->type);
	}
}

/* Look up what a column of an id needs; an error if it cannot be one. */
static void
compile_key_column(OutboxColumn *column, Form_pg_attribute attribute)
{
	compile_column(column, attribute);
	if (!identifies(column))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot identify an aggregate", NameStr(attribute->attname)),
				 errdetail("It is of type %s, whose text may depend on settings.", format_type_be(attribute->atttypid)),
				 errhint("An id is made of text, integers, numeric, uuid, boolean, enums, dates and timestamps.")));
	if (OidIsValid(attribute->attcollation) && !get_collation_isdeterministic(attribute->attcollation))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot identify an aggregate", NameStr(attribute->attname)),
				 errdetail("Its collation is not deterministic: values that are equal would be several ids.")));
	/* also where it is cast to json */
	if (type_is_enum(column->type))
		compile_output(column);
}

/* What identifies an aggregate, from these columns; in the current memory context. */
OutboxKey *
outbox_key_compile(TupleDesc descriptor, const AttrNumber *numbers, int count)
{
	OutboxKey  *key = palloc0(sizeof(OutboxKey));

	key->count = count;
	key->columns = palloc0(sizeof(OutboxColumn) * count);
	for (int i = 0; i < count; i++)
	{
		compile_key_column(&key->columns[i], TupleDescAttr(descriptor, numbers[i] - 1));
		key->last = Max(key->last, numbers[i]);
	}
	return key;
}

/* An id that is NULL is an error of whoever wrote the row. */
static void
check_key_value(OutboxColumn *column, TupleTableSlot *row)
{
	if (row->tts_isnull[column->number - 1])
	{
		TupleDesc	descriptor = row->tts_tupleDescriptor;
		const char *name = NameStr(TupleDescAttr(descriptor, column->number - 1)->attname);
		char	   *table = get_rel_name(TupleDescAttr(descriptor, column->number - 1)->attrelid);

		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\", which identifies an aggregate of the outbox",
						name, table ? table : "?"),
				 errhint("Declare the column NOT NULL.")));
	}
}

/* A value in an id: those that are equal are the same, and no setting changes them. */
static void
set_key_value(JsonbValue *result, OutboxColumn *column, Datum value)
{
	if (column->kind == VALUE_NUMERIC)
		value = DirectFunctionCall1(numeric_trim_scale, value);
	set_value(result, column, value);
	if (column->type == BPCHAROID)
		result->val.string.len = bpchartruelen(result->val.string.val, result->val.string.len);
}

/* The only value of an id as text: a string is its characters, all else is as JSON has it. */
static text *
key_text(OutboxColumn *column, Datum datum)
{
	JsonbValue	value;

	if (column->kind == VALUE_INT2 || column->kind == VALUE_INT4 || column->kind == VALUE_INT8)
	{
		char		digits[MAXINT8LEN + 1];

		return cstring_to_text_with_len(digits, pg_lltoa(integer_of(column, datum), digits));
	}
	set_key_value(&value, column, datum);
	switch (value.type)
	{
		case jbvString:
			return cstring_to_text_with_len(value.val.string.val, value.val.string.len);
		case jbvBool:
			return cstring_to_text(value.val.boolean ? "true" : "false");
		default:
			return cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))));
	}
}

/* The id of a row's aggregate, in the current memory context: of several columns, a JSON array. */
text *
outbox_key_make(OutboxKey *key, TupleTableSlot *row)
{
	JsonbValue *elements;
	JsonbValue	array;
	Jsonb	   *document;

	slot_getsomeattrs(row, key->last);
	for (int i = 0; i < key->count; i++)
		check_key_value(&key->columns[i], row);
	if (key->count == 1)
		return key_text(&key->columns[0], row->tts_values[key->columns[0].number - 1]);
	elements = palloc(sizeof(JsonbValue) * key->count);
	for (int i = 0; i < key->count; i++)
		set_key_value(&elements[i], &key->columns[i], row->tts_values[key->columns[i].number - 1]);
	array.type = jbvArray;
	array.val.array.nElems = key->count;
	array.val.array.elems = elements;
	array.val.array.rawScalar = false;
	document = JsonbValueToJsonb(&array);
	return cstring_to_text(JsonbToCString(NULL, &document->root, VARSIZE(document)));
}
