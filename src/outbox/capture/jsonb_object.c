/*
 * jsonb_object.c
 *		jsonb objects of keys that are known beforehand.
 *
 * JsonbValueToJsonb() would write the keys of every object anew, which takes longer than
 * the values of a row.  Here what does not change is written once and copied.  The stored form is
 * PostgreSQL's (utils/jsonb.h): a header; an entry for each key and then for each value, with
 * its type and its length, or in each 32nd where it ends; the keys; the values.  Numbers and
 * documents begin at multiples of 4 bytes, and what is skipped counts as theirs.
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "outbox/capture/jsonb_object.h"

struct JsonbKeys
{
	int			count;
	uint32		length;			/* of all */
	char	   *bytes;
	JEntry	   *entries;
};

/* An entry for the element of this number, which begins and ends so far behind the first key's beginning. */
static JEntry
entry_of(int number, uint32 type, Size begin, Size end)
{
	return number % JB_OFFSET_STRIDE == 0 ? type | JENTRY_HAS_OFF | (uint32) end : type | (uint32) (end - begin);
}

/* These names, in the order in which jsonb keeps keys; in the current memory context. */
JsonbKeys *
jsonb_keys_make(char *const *names, int count)
{
	JsonbKeys  *keys = palloc(sizeof(JsonbKeys));
	char	   *end;

	keys->count = count;
	keys->length = 0;
	for (int i = 0; i < count; i++)
		keys->length += strlen(names[i]);
	keys->bytes = end = palloc(keys->length + 1);
	keys->entries = palloc(sizeof(JEntry) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		char	   *begin = end;

		end = stpcpy(end, names[i]);
		keys->entries[i] = entry_of(i, JENTRY_ISSTRING, begin - keys->bytes, end - keys->bytes);
	}
	return keys;
}

/* What a value takes, at most. */
static Size
room_for(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return value->val.string.len;
		case jbvNumeric:
			return VARSIZE_ANY(value->val.numeric) + sizeof(uint32);
		case jbvBinary:
			return value->val.binary.len + sizeof(uint32);
		default:
			return 0;
	}
}

static char *
append(char *end, const void *bytes, Size length)
{
	memcpy(end, bytes, length);
	return end + length;
}

static char *
append_aligned(char *end, const void *bytes, Size length)
{
	char	   *begin = (char *) INTALIGN(end);

	memset(end, 0, begin - end);
	return append(begin, bytes, length);
}

/* Append a value, and tell its type. */
static char *
append_value(char *end, const JsonbValue *value, uint32 *type)
{
	switch (value->type)
	{
		case jbvNull:
			*type = JENTRY_ISNULL;
			return end;
		case jbvBool:
			*type = value->val.boolean ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
			return end;
		case jbvString:
			*type = JENTRY_ISSTRING;
			return append(end, value->val.string.val, value->val.string.len);
		case jbvNumeric:
			*type = JENTRY_ISNUMERIC;
			return append_aligned(end, value->val.numeric, VARSIZE_ANY(value->val.numeric));
		case jbvBinary:
			*type = JENTRY_ISCONTAINER;
			return append_aligned(end, value->val.binary.data, value->val.binary.len);
		default:
			elog(ERROR, "unexpected kind of jsonb value: %d", (int) value->type);
	}
}

/* What the object takes, at most; an error if jsonb might have no room for that. */
static Size
room_for_object(const JsonbKeys *keys, const JsonbValue *values)
{
	Size		room = offsetof(JsonbContainer, children) + sizeof(JEntry) * 2 * keys->count + keys->length;

	for (int i = 0; i < keys->count; i++)
		room += room_for(&values[i]);
	if (room > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the row is too large for jsonb"),
				 errdetail("It may take %zu bytes; an object may have %u.", room, JENTRY_OFFLENMASK),
				 errhint("Name the columns that consumers need in tripmeter.outbox_attach() or tripmeter.outbox_rule().")));
	return room;
}

/* An object of scalars and documents (jbvBinary), one for each key; in the current memory context. */
Jsonb *
jsonb_object_make(const JsonbKeys *keys, const JsonbValue *values)
{
	Jsonb	   *object = palloc(VARHDRSZ + room_for_object(keys, values));
	JEntry	   *entries = object->root.children;
	char	   *data = (char *) (entries + 2 * keys->count);
	char	   *end = append(data, keys->bytes, keys->length);

	object->root.header = keys->count | JB_FOBJECT;
	memcpy(entries, keys->entries, sizeof(JEntry) * keys->count);
	for (int i = 0; i < keys->count; i++)
	{
		Size		begin = end - data;
		uint32		type;

		end = append_value(end, &values[i], &type);
		entries[keys->count + i] = entry_of(keys->count + i, type, begin, end - data);
	}
	SET_VARSIZE(object, end - (char *) object);
	return object;
}
