/*
 * read_attribute.c
 *		What a condition asks of the attributes of a trip.
 */
#include "postgres.h"

#include "utils/json.h"
#include "utils/numeric.h"

#include "billing/tariff/read_attribute.h"

/* A string, a number, true or false, as JSON; of equal numbers it is the same. */
static const char *
scalar_text(const JsonPlace *place)
{
	StringInfoData text;

	switch (place->value.type)
	{
		case jbvString:
			initStringInfo(&text);
			escape_json(&text, pnstrdup(place->value.val.string.val, place->value.val.string.len));
			return text.data;
		case jbvNumeric:
			return numeric_normalize(place->value.val.numeric);
		case jbvBool:
			return place->value.val.boolean ? "true" : "false";
		default:
			json_place_error(place, NULL, "An attribute is a string, a number, true or false, not %s.", json_place_shown(place));
	}
}

/* The JSON text of the array of the values. */
static const char *
read_values(TariffReader *reader, const JsonPlace *attributes, const JsonPlace *member)
{
	JsonPlace	list;
	int			count = json_place_find_list(attributes, member->key, MAX_TARIFF_RULES, &list);
	StringInfoData values;

	initStringInfo(&values);
	appendStringInfoChar(&values, '[');
	for (int i = 0; i < count; i++)
	{
		JsonPlace	place = json_place_element(&list, i);

		appendStringInfo(&values, "%s%s", i > 0 ? ", " : "", scalar_text(&place));
	}
	appendStringInfoChar(&values, ']');
	if (count > 1)
		tariff_write_json(reader, values.data);
	else
		tariff_write_json(reader, pnstrdup(values.data + 1, values.len - 2));
	return values.data;
}

static const char *
read_value(TariffReader *reader, const JsonPlace *attributes, const JsonPlace *member)
{
	const char *text;

	if (json_place_is_list(member))
		return read_values(reader, attributes, member);
	text = scalar_text(member);
	tariff_write_json(reader, text);
	return psprintf("[%s]", text);
}

/* The index of the new test; of both strings the reader becomes the owner. */
int
tariff_add_attribute_test(TariffReader *reader, const char *name, const char *values)
{
	Tariff	   *tariff = reader->tariff;

	if (tariff->attribute_test_count == reader->attribute_test_room)
	{
		reader->attribute_test_room = reader->attribute_test_room * 2 + 4;
		tariff->attribute_tests = tariff->attribute_tests == NULL ?
			palloc(reader->attribute_test_room * sizeof(AttributeTest)) :
			repalloc(tariff->attribute_tests, reader->attribute_test_room * sizeof(AttributeTest));
	}
	tariff->attribute_tests[tariff->attribute_test_count] = (AttributeTest) {.name = name, .values = values};
	return tariff->attribute_test_count++;
}

/* The member `attributes`, as tests at the end of the tariff's; how many they are. */
int
tariff_read_attribute_tests(TariffReader *reader, const JsonPlace *object)
{
	int			start = reader->out->len;
	int			count = 0;
	JsonPlace	attributes,
				member;
	JsonMembers members;

	if (!tariff_begin_member(reader, object, "attributes", NULL, &attributes))
		return 0;
	members = json_place_members(&attributes);
	for (; json_place_next_member(&members, &member); count++)
	{
		tariff_write_key(reader, member.key);
		tariff_add_attribute_test(reader, member.key, read_value(reader, &attributes, &member));
	}
	tariff_end_member(reader, start);
	return count;
}
