/*
 * json_place.c
 *		Reading a JSON document with the place of each value at hand, for errors.
 *
 * The document is a tree of jsonb, which has parsed it.  Every error names the place as
 * a path: rates[2].price.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "billing/tariff/json_place.h"
#include "compat.h"

/* How much of a value an error shows. */
#define MAX_SHOWN_BYTES		100

static void
append_path(StringInfo path, const JsonPlace *place)
{
	if (place->parent == NULL)
		return;
	append_path(path, place->parent);
	if (place->key == NULL)
	{
		appendStringInfo(path, "[%d]", place->index);
		return;
	}
	if (path->len > 0)
		appendStringInfoChar(path, '.');
	if (place->key[0] != '\0' &&
		strspn(place->key, "abcdefghijklmnopqrstuvwxyz_") == strlen(place->key))
		appendStringInfoString(path, place->key);
	else
		escape_json(path, place->key);
}

static JsonEscape *
find_escape(const JsonPlace *place)
{
	while (place->parent != NULL)
		place = place->parent;
	return place->escape;
}

void
json_place_error(const JsonPlace *place, const char *hint, const char *detail,...)
{
	JsonEscape *escape = find_escape(place);
	StringInfoData path;
	StringInfoData text;

	initStringInfo(&path);
	append_path(&path, place);
	if (path.len == 0)
		appendStringInfoString(&path, "the top");
	initStringInfo(&text);
	for (;;)
	{
		va_list		arguments;
		int			needed;

		va_start(arguments, detail);
		needed = appendStringInfoVA(&text, detail, arguments);
		va_end(arguments);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	errsave(escape != NULL ? escape->escontext : NULL,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid tariff at %s", path.data),
			 errdetail("%s", text.data),
			 hint != NULL ? errhint("%s", hint) : 0));
	/* only a soft error comes here */
	siglongjmp(escape->target, 1);
}

/* The value as JSON, cut where it is long. */
const char *
json_place_shown(const JsonPlace *place)
{
	const JsonbValue *value = &place->value;
	StringInfoData text;

	initStringInfo(&text);
	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(&text, "null");
			break;
		case jbvBool:
			appendStringInfoString(&text, value->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			appendStringInfoString(&text, DatumGetCString(DirectFunctionCall1(numeric_out,
																			  NumericGetDatum(value->val.numeric))));
			break;
		case jbvString:
			escape_json(&text, pnstrdup(value->val.string.val, value->val.string.len));
			break;
		default:
			appendStringInfoString(&text, json_place_is_list(place) ? "a list" : "an object");
	}
	if (text.len > MAX_SHOWN_BYTES)
	{
		text.len = pg_mbcliplen(text.data, text.len, MAX_SHOWN_BYTES);
		text.data[text.len] = '\0';
		appendStringInfoString(&text, "...");
	}
	return text.data;
}

/* "a, b and c" */
const char *
json_place_join_words(const char *const *words, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : i == count - 1 ? " and " : ", ", words[i]);
	return text.data;
}

/* Return the place of a whole document. */
JsonPlace
json_place_document(Jsonb *document, JsonEscape *escape)
{
	JsonPlace	place = {.escape = escape};

	if (!JsonbExtractScalar(&document->root, &place.value))
	{
		place.value.type = jbvBinary;
		place.value.val.binary.data = &document->root;
		place.value.val.binary.len = VARSIZE(document) - VARHDRSZ;
	}
	return place;
}

static void
check_keys(const JsonPlace *object, const char *const *keys)
{
	JsonMembers members = json_place_members(object);
	JsonPlace	member;

	while (json_place_next_member(&members, &member))
	{
		int			count = 0;

		while (keys[count] != NULL && strcmp(keys[count], member.key) != 0)
			count++;
		if (keys[count] == NULL)
			json_place_error(object, psprintf("The keys here are %s.", json_place_join_words(keys, count)),
					   "The key \"%s\" is not known.", member.key);
	}
}

/* An object that has none but these keys; of any, if they are NULL. */
void
json_place_require_object(const JsonPlace *place, const char *const *keys)
{
	if (place->value.type != jbvBinary || json_place_is_list(place))
		json_place_error(place, NULL, "An object is wanted, not %s.", json_place_shown(place));
	if (keys != NULL)
		check_keys(place, keys);
}

/* The member of an object; false if there is none. */
bool
json_place_find(const JsonPlace *object, const char *key, JsonPlace *member)
{
	*member = (JsonPlace) {.parent = object, .key = key};
	return getKeyJsonValueFromContainer(object->value.val.binary.data, key, strlen(key),
										&member->value) != NULL;
}

JsonPlace
json_place_require(const JsonPlace *object, const char *key)
{
	JsonPlace	member;

	if (!json_place_find(object, key, &member))
		json_place_error(object, NULL, "The key \"%s\" is missing.", key);
	return member;
}

/* Of two keys one has to be there: the first? */
bool
json_place_one_of(const JsonPlace *object, const char *first, const char *second)
{
	JsonPlace	member;
	bool		has_first = json_place_find(object, first, &member);

	if (has_first == json_place_find(object, second, &member))
		json_place_error(object, psprintf("Give either \"%s\" or \"%s\".", first, second),
				   has_first ? "Both keys \"%s\" and \"%s\" are given." : "Neither of the keys \"%s\" and \"%s\" is given.",
				   first, second);
	return has_first;
}

static int
checked_count(const JsonPlace *place, int max)
{
	uint32		count = JsonContainerSize(place->value.val.binary.data);

	if (count > (uint32) max)
		json_place_error(place, NULL, "There are %u entries, and at most %d are allowed.", count, max);
	return (int) count;
}

/* How many members an object has, of at most so many. */
int
json_place_member_count(const JsonPlace *object, int max)
{
	return checked_count(object, max);
}

JsonMembers
json_place_members(const JsonPlace *object)
{
	JsonMembers members = {.object = object};
	JsonbValue	ignored;

	members.iterator = JsonbIteratorInit(object->value.val.binary.data);
	(void) JsonbIteratorNext(&members.iterator, &ignored, true);
	return members;
}

/* False at the end. */
bool
json_place_next_member(JsonMembers *members, JsonPlace *member)
{
	JsonbValue	key;

	if (JsonbIteratorNext(&members->iterator, &key, true) != WJB_KEY)
		return false;
	*member = (JsonPlace) {.parent = members->object};
	member->key = pnstrdup(key.val.string.val, key.val.string.len);
	(void) JsonbIteratorNext(&members->iterator, &member->value, true);
	return true;
}

bool
json_place_is_list(const JsonPlace *place)
{
	return place->value.type == jbvBinary && JsonContainerIsArray(place->value.val.binary.data);
}

/* The length of a list, of at most so many. */
int
json_place_list_length(const JsonPlace *list, int max)
{
	if (!json_place_is_list(list))
		json_place_error(list, NULL, "A list is wanted, not %s.", json_place_shown(list));
	return checked_count(list, max);
}

/* A member that is a list, and not an empty one: its length; 0 if it is not there. */
int
json_place_find_list(const JsonPlace *object, const char *key, int max, JsonPlace *list)
{
	int			length;

	if (!json_place_find(object, key, list))
		return 0;
	length = json_place_list_length(list, max);
	if (length == 0)
		json_place_error(list, "Leave the key out if it does not matter.", "The list is empty.");
	return length;
}

JsonPlace
json_place_element(const JsonPlace *list, int index)
{
	JsonPlace	element = {.parent = list, .index = index};
	JsonbValue *value = getIthJsonbValueFromContainer(list->value.val.binary.data, index);

	element.value = *value;
	pfree(value);
	return element;
}

/* A string that is not empty, palloc'd. */
const char *
json_place_string(const JsonPlace *place)
{
	if (place->value.type != jbvString || place->value.val.string.len == 0)
		json_place_error(place, NULL, "A string that is not empty is wanted, not %s.", json_place_shown(place));
	return pnstrdup(place->value.val.string.val, place->value.val.string.len);
}

bool
json_place_bool(const JsonPlace *place)
{
	if (place->value.type != jbvBool)
		json_place_error(place, NULL, "It must be true or false, not %s.", json_place_shown(place));
	return place->value.val.boolean;
}

/* A decimal in a string. */
Rational
json_place_decimal(const JsonPlace *place)
{
	const JsonbValue *value = &place->value;
	Rational	decimal;

	if (value->type == jbvNumeric)
		json_place_error(place, "Write \"1.20\", in quotes, so that no program makes a float of it.",
				   "The JSON number %s is not a decimal in a string.", json_place_shown(place));
	if (value->type != jbvString ||
		!rational_parse(value->val.string.val, value->val.string.len, &decimal))
		json_place_error(place, NULL,
				   "%s is not a decimal in a string, of up to 18 digits and up to 9 of them behind the point.",
				   json_place_shown(place));
	return decimal;
}

/* Which of some words a string is. */
int
json_place_choice(const JsonPlace *place, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (place->value.type == jbvString &&
			(size_t) place->value.val.string.len == strlen(words[i]) &&
			memcmp(place->value.val.string.val, words[i], strlen(words[i])) == 0)
			return i;
	json_place_error(place, NULL, "It must be one of %s, not %s.", json_place_join_words(words, count), json_place_shown(place));
}
