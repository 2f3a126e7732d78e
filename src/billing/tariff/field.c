/*
 * field.c
 *		The fields that a tariff's objects are made of: read, checked and written.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/json.h"

#include "billing/tariff/clock.h"
#include "billing/tariff/field.h"

/* Between two members, or two entries of a list. */
static void
separate(StringInfo out)
{
	char		last = out->len > 0 ? out->data[out->len - 1] : ' ';

	if (last != '{' && last != '[' && last != ' ')
		appendStringInfoString(out, ", ");
}

void
tariff_write_key(TariffReader *reader, const char *key)
{
	separate(reader->out);
	escape_json(reader->out, key);
	appendStringInfoString(reader->out, ": ");
}

void
tariff_write_string(TariffReader *reader, const char *text)
{
	separate(reader->out);
	escape_json(reader->out, text);
}

/* What is JSON already. */
void
tariff_write_json(TariffReader *reader, const char *json)
{
	separate(reader->out);
	appendStringInfoString(reader->out, json);
}

void
tariff_begin_object(TariffReader *reader, const JsonPlace *place, const char *const *keys)
{
	json_place_require_object(place, keys);
	tariff_write_json(reader, "{");
}

void
tariff_end_object(TariffReader *reader)
{
	appendStringInfoChar(reader->out, '}');
}

void
tariff_end_list(TariffReader *reader)
{
	appendStringInfoChar(reader->out, ']');
}

/* Begin an object that is a member of another; false if there is none. */
bool
tariff_begin_member(TariffReader *reader, const JsonPlace *object, const char *key,
			 const char *const *keys, JsonPlace *member)
{
	if (!json_place_find(object, key, member))
		return false;
	tariff_write_key(reader, key);
	tariff_begin_object(reader, member, keys);
	return true;
}

/* Take back what was written since the output had this length. */
void
tariff_unwrite(TariffReader *reader, int start)
{
	reader->out->len = start;
	reader->out->data[start] = '\0';
}

/*
 * End an object that is a member, and began when the output had this length.  One with
 * nothing in it is left out: false.
 */
bool
tariff_end_member(TariffReader *reader, int start)
{
	if (reader->out->data[reader->out->len - 1] == '{')
	{
		tariff_unwrite(reader, start);
		return false;
	}
	tariff_end_object(reader);
	return true;
}

/* Read a list of items, of none if it is not there; how many they are. */
int
tariff_read_list(TariffReader *reader, const JsonPlace *object, const char *key, int max,
		  size_t item_size, void *items, ReadItem read_item)
{
	JsonPlace	list;
	int			length;
	char	   *item;

	if (!json_place_find(object, key, &list))
		return 0;
	length = json_place_list_length(&list, max);
	if (length == 0)
		return 0;
	item = palloc0(length * item_size);
	*(void **) items = item;
	tariff_write_key(reader, key);
	tariff_write_json(reader, "[");
	for (int i = 0; i < length; i++, item += item_size)
	{
		JsonPlace	place = json_place_element(&list, i);

		read_item(reader, &place, item);
	}
	tariff_end_list(reader);
	return length;
}

/* A fraction of tenths, hundredths, ..., with at least so many digits behind the point. */
static char *
decimal_text(Rational value, int min_digits)
{
	int64		number = (int64) value.num;
	int64		den = (int64) value.den;
	int			digits = 0;

	while (den > 1)
	{
		den /= 10;
		digits++;
	}
	for (; digits > min_digits && number % 10 == 0; digits--)
		number /= 10;
	for (int i = 0; i < digits; i++)
		den *= 10;
	if (digits == 0 && min_digits == 0)
		return psprintf(INT64_FORMAT, number);
	return psprintf("%s%lld.%0*lld%.*s", number < 0 ? "-" : "", llabs(number / den),
					Max(digits, 1), llabs(number % den),
					Max(min_digits - Max(digits, 1), 0), "000000000");
}

static void
check_sign(const JsonPlace *place, int options, Rational value)
{
	if ((options & POSITIVE) && rational_sign(value) <= 0)
		json_place_error(place, NULL, "%s is not positive.", json_place_shown(place));
	if ((options & NOT_NEGATIVE) && rational_sign(value) < 0)
		json_place_error(place, NULL, "%s is negative.", json_place_shown(place));
}

/* A decimal; 0, and false, if it is not there. */
bool
tariff_read_decimal(TariffReader *reader, const JsonPlace *object, const char *key, int options, Rational *value)
{
	JsonPlace	place;
	const char *text;

	*value = whole(0);
	if (options & REQUIRED)
		place = json_place_require(object, key);
	else if (!json_place_find(object, key, &place))
		return false;
	*value = json_place_decimal(&place);
	check_sign(&place, options, *value);
	if ((options & ZERO_IS_DEFAULT) && is_zero(*value))
		return true;
	text = decimal_text(*value, options & AMOUNT ? reader->currency_digits : 0);
	/* the canonical form has to be a decimal, too, and equal ones the same fraction */
	if (!rational_parse(text, strlen(text), value))
		json_place_error(&place, NULL, "%s has more than 18 digits, with the %d of the currency behind the point.",
				   json_place_shown(&place), reader->currency_digits);
	tariff_write_key(reader, key);
	tariff_write_string(reader, text);
	return true;
}

void
tariff_check_not_above(const JsonPlace *object, bool both, Rational minimum, Rational maximum)
{
	JsonPlace	low,
				high;

	if (both && rational_compare(minimum, maximum) > 0 &&
		json_place_find(object, "minimum", &low) && json_place_find(object, "maximum", &high))
		json_place_error(&low, NULL, "The minimum, %s, is above the maximum, %s.", json_place_shown(&low), json_place_shown(&high));
}

static const struct
{
	const char *name;
	int			kind;
	Rational	size;
}			units[] = {
	{"m", OF_LENGTH, {1000, 1}},
	{"km", OF_LENGTH, {1000000, 1}},
	{"mi", OF_LENGTH, {1609344, 1}},
	{"yd", OF_LENGTH, {4572, 5}},
	{"ft", OF_LENGTH, {1524, 5}},
	{"s", OF_TIME, {1000000, 1}},
	{"min", OF_TIME, {60000000, 1}},
	{"h", OF_TIME, {INT64CONST(3600000000), 1}},
	{"day", OF_TIME, {MICROSECONDS_PER_DAY, 1}},
	{"km/h", OF_SPEED, {1, 3600}},
	{"mph", OF_SPEED, {1397, 3125000}},
	{"m/s", OF_SPEED, {1, 1000}},
};

/* What a quantity can be, and how much of it. */
static const struct
{
	int			kind;
	const char *name;
	Rational	max;
	const char *max_text;
}			kinds[] = {
	{OF_LENGTH, "a length", {INT64CONST(10000000000000), 1}, "10000000 km"},
	{OF_TIME, "a time", {INT64CONST(36525) * MICROSECONDS_PER_DAY, 1}, "36525 days"},
	{OF_SPEED, "a speed", {1000, 1}, "1000000 m/s"},
};

static int
kind_index(int options)
{
	int			i = 0;

	while ((kinds[i].kind & options) == 0)
		i++;
	return i;
}

static const char *
kinds_wanted(int options)
{
	if ((options & OF_LENGTH) && (options & OF_TIME))
		return "a length or a time";
	return kinds[kind_index(options)].name;
}

/* The unit's index; an error if it is none, or of another kind. */
static int
find_unit(const JsonPlace *place, int options, const char *name)
{
	const char *names[lengthof(units)];
	int			count = 0;

	for (int i = 0; i < (int) lengthof(units); i++)
	{
		if (units[i].kind & options)
			names[count++] = units[i].name;
		if (strcmp(units[i].name, name) != 0)
			continue;
		if (units[i].kind & options)
			return i;
		json_place_error(place, NULL, "%s is %s, and %s is wanted.", json_place_shown(place),
				   kinds[kind_index(units[i].kind)].name, kinds_wanted(options));
	}
	json_place_error(place, psprintf("Write a number and a unit, one of %s.", json_place_join_words(names, count)),
			   "%s is not %s.", json_place_shown(place), kinds_wanted(options));
}

/* A number, 1 if there is none, and a unit. */
static Quantity
quantity_value(const JsonPlace *place, int options)
{
	const char *text = place->value.type == jbvString ? json_place_string(place) : "";
	int			number_length = strspn(text, "-.0123456789");
	const char *name = text + number_length + strspn(text + number_length, " ");
	int			unit = find_unit(place, options, name);
	Quantity	quantity = {.value = whole(1), .kind = units[unit].kind, .text = name};
	int			kind = kind_index(quantity.kind);

	if (number_length > 0)
	{
		if (!rational_parse(text, number_length, &quantity.value))
			json_place_error(place, NULL, "\"%.*s\" is not a decimal of up to 18 digits, of which up to 9 are behind the point.",
					   number_length, text);
		if (rational_compare(quantity.value, whole(1)) != 0)
			quantity.text = psprintf("%s %s", decimal_text(quantity.value, 0), name);
	}
	quantity.value = rational_reduce(rational_multiply(quantity.value, units[unit].size));
	if (rational_compare(quantity.value, kinds[kind].max) > 0)
		json_place_error(place, NULL, "%s is more than %s.", json_place_shown(place), kinds[kind].max_text);
	return quantity;
}

/* A quantity, never negative; 0, and false, if it is not there. */
bool
tariff_read_quantity(TariffReader *reader, const JsonPlace *object, const char *key, int options,
			  Quantity *quantity)
{
	JsonPlace	place;

	*quantity = (Quantity) {.value = whole(0)};
	if (options & REQUIRED)
		place = json_place_require(object, key);
	else if (!json_place_find(object, key, &place))
		return false;
	*quantity = quantity_value(&place, options);
	check_sign(&place, options | NOT_NEGATIVE, quantity->value);
	if ((options & WHOLE) && quantity->value.den != 1)
		json_place_error(&place, NULL, "%s is not a whole number of microseconds.", json_place_shown(&place));
	if ((options & ZERO_IS_DEFAULT) && is_zero(quantity->value))
		return true;
	tariff_write_key(reader, key);
	tariff_write_string(reader, quantity->text);
	return true;
}

/* A string; `absent`, which may be NULL, if it is not there.  That is left out. */
const char *
tariff_read_string(TariffReader *reader, const JsonPlace *object, const char *key, const char *absent)
{
	JsonPlace	place;
	const char *text;

	if (!json_place_find(object, key, &place))
		return absent;
	text = json_place_string(&place);
	if (absent != NULL && strcmp(text, absent) == 0)
		return absent;
	tariff_write_key(reader, key);
	tariff_write_string(reader, text);
	return text;
}

/* Which of some words; `absent` if it is not there, which is an error if that is -1. */
int
tariff_read_choice(TariffReader *reader, const JsonPlace *object, const char *key,
			const char *const *words, int count, int absent)
{
	JsonPlace	place;
	int			choice;

	if (absent < 0)
		place = json_place_require(object, key);
	else if (!json_place_find(object, key, &place))
		return absent;
	choice = json_place_choice(&place, words, count);
	if (choice != absent)
	{
		tariff_write_key(reader, key);
		tariff_write_string(reader, words[choice]);
	}
	return choice;
}

/* true or false; by default false */
bool
tariff_read_flag(TariffReader *reader, const JsonPlace *object, const char *key)
{
	JsonPlace	place;

	if (!json_place_find(object, key, &place) || !json_place_bool(&place))
		return false;
	tariff_write_key(reader, key);
	tariff_write_json(reader, "true");
	return true;
}

/* What quantities of a dimension are. */
int
tariff_dimension_kind(Dimension dimension)
{
	return dimension == DISTANCE ? OF_LENGTH : OF_TIME;
}
