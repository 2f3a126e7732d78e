/*
 * attributes.c
 *		The attributes of a trip, a JSON object: read as a tariff needs them.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "billing/fare/attributes.h"
#include "compat.h"

/* A member of an object; NULL if it is absent, or null. */
static JsonbValue *
find_member(JsonbContainer *object, const char *name, JsonbValue *room)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, name, strlen(name), room);

	return value != NULL && value->type == jbvNull ? NULL : value;
}

/*
 * The text of a member that is a number, or a string; NULL if it is absent.  Errors
 * name it by its path.
 */
static char *
number_text(JsonbContainer *object, const char *name, const char *path)
{
	JsonbValue	room;
	JsonbValue *value = find_member(object, name, &room);

	if (value == NULL)
		return NULL;
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("attribute \"%s\" of a trip is neither a number nor a string", path)));
}

/* Zeros at the end of a fraction, but for its first digit, say nothing. */
static int
length_without_zeros(const char *text)
{
	size_t		length = strlen(text);

	if (strchr(text, '.') != NULL)
		while (text[length - 1] == '0' && text[length - 2] != '.')
			length--;
	return (int) length;
}

/* A decimal; 0 if it is absent. */
Rational
fare_decimal_attribute(JsonbContainer *object, const char *name)
{
	Rational	decimal = whole(0);
	char	   *text = number_text(object, name, name);

	if (text != NULL && !rational_parse(text, length_without_zeros(text), &decimal))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" of a trip is not a decimal", name),
				 errdetail("Its value is \"%s\".", text),
				 errhint("Use a decimal of at most 18 digits, of which at most 9 are behind the point.")));
	return decimal;
}

/* A quantity among the attributes, in so many parts of its unit. */
typedef struct TripQuantity
{
	const char *name;
	const char *path;			/* for errors */
	int64		parts;
	int64		most;
} TripQuantity;

#define USED(member, parts, most)	{member, "used." member, parts, most}

static const TripQuantity reserved_time = {"reserved_s", "reserved_s", USECS_PER_SEC, MAX_TRIP_MICROSECONDS};
static const TripQuantity used_quantities[DIMENSION_COUNT] = {
	[DISTANCE] = USED("distance_m", 1000, MAX_TRIP_MILLIMETRES),
	[TIME] = USED("time_s", USECS_PER_SEC, MAX_TRIP_MICROSECONDS),
	[MOVING] = USED("moving_s", USECS_PER_SEC, MAX_TRIP_MICROSECONDS),
	[STOPPED] = USED("stopped_s", USECS_PER_SEC, MAX_TRIP_MICROSECONDS),
	[RESERVED] = USED("reserved_s", USECS_PER_SEC, MAX_TRIP_MICROSECONDS),
};

/* Of any length.  Of other text the server's own error would not name the attribute. */
static bool
is_decimal(const char *text)
{
	static const char digits[] = "0123456789";
	size_t		whole_digits,
				fraction_digits;

	text += text[0] == '-';
	whole_digits = strspn(text, digits);
	text += whole_digits;
	if (whole_digits == 0 || text[0] != '.')
		return whole_digits > 0 && text[0] == '\0';
	fraction_digits = strspn(text + 1, digits);
	return fraction_digits > 0 && text[1 + fraction_digits] == '\0';
}

/* Rounded to whole parts; 0 if it is absent. */
static int64
quantity_member(JsonbContainer *object, const TripQuantity *of)
{
	char	   *text = number_text(object, of->name, of->path);
	Datum		zero = NumericGetDatum(int64_to_numeric(0));
	Datum		quantity;

	if (text == NULL)
		return 0;
	if (!is_decimal(text))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" of a trip is not a decimal", of->path),
				 errdetail("Its value is \"%s\".", text),
				 errhint("Use a number, or a decimal in a string such as \"90.5\".")));
	quantity = DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	quantity = DirectFunctionCall2(numeric_round,
								   DirectFunctionCall2(numeric_mul, quantity, NumericGetDatum(int64_to_numeric(of->parts))),
								   Int32GetDatum(0));
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, quantity, zero)) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, quantity, NumericGetDatum(int64_to_numeric(of->most)))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("attribute \"%s\" of a trip is out of range", of->path),
				 errdetail("Its value is \"%s\".", text)));
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, quantity));
}

/* A misspelt member would price the rental as if nothing had been used. */
static void
check_used_members(JsonbContainer *used)
{
	JsonbIterator *members = JsonbIteratorInit(used);
	JsonbValue	key,
				value;

	(void) JsonbIteratorNext(&members, &key, true);
	while (JsonbIteratorNext(&members, &key, true) == WJB_KEY)
	{
		bool		known = false;

		for (int d = 0; d < DIMENSION_COUNT && !known; d++)
			known = key.val.string.len == (int) strlen(used_quantities[d].name) &&
				memcmp(key.val.string.val, used_quantities[d].name, key.val.string.len) == 0;
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("attribute \"used.%.*s\" of a trip is not known", key.val.string.len, key.val.string.val),
					 errhint("The members of \"used\" are distance_m, time_s, moving_s, stopped_s and reserved_s.")));
		(void) JsonbIteratorNext(&members, &value, true);
	}
}

static void
read_used(JsonbContainer *attributes, Trip *trip)
{
	JsonbValue	room;
	JsonbValue *used = find_member(attributes, "used", &room);

	if (used == NULL)
		return;
	if (used->type != jbvBinary || !JsonContainerIsObject(used->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"used\" of a trip is not an object"),
				 errhint("Write it as in {\"used\": {\"distance_m\": 12000, \"time_s\": 600}}.")));
	check_used_members(used->val.binary.data);
	for (int d = 0; d < DIMENSION_COUNT; d++)
		trip->used[d] = quantity_member(used->val.binary.data, &used_quantities[d]);
}

/* The lists of values that the tariff's conditions look for, read once. */
static void
read_test_values(CompiledTariff *compiled)
{
	const Tariff *t = &compiled->tariff;
	MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(compiled));
	Jsonb	  **values = palloc(t->attribute_test_count * sizeof(Jsonb *));

	for (int i = 0; i < t->attribute_test_count; i++)
		values[i] = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(t->attribute_tests[i].values)));
	compiled->attribute_values = values;
	MemoryContextSwitchTo(caller);
}

static bool
attribute_passes(JsonbContainer *attributes, const AttributeTest *test, Jsonb *values)
{
	JsonbValue	room;
	JsonbValue *value = getKeyJsonValueFromContainer(attributes, test->name, strlen(test->name), &room);

	return value != NULL && value->type != jbvBinary &&
		findJsonbValueFromContainer(&values->root, JB_FARRAY, value) != NULL;
}

/*
 * Read the attributes that a tariff asks for into a trip.  `results` and `amounts` have
 * room for one of each Tariff.attribute_tests and Tariff.amount_attributes.
 */
void
fare_read_attributes(CompiledTariff *compiled, Jsonb *attributes, Trip *trip,
					 bool *results, Rational *amounts)
{
	const Tariff *t = &compiled->tariff;
	JsonbContainer *object = &attributes->root;

	if (!JB_ROOT_IS_OBJECT(attributes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attributes of a trip are not a JSON object"),
				 errhint("Write them as in {\"class\": \"van\"}.")));
	if (t->attribute_test_count > 0 && compiled->attribute_values == NULL)
		read_test_values(compiled);
	for (int i = 0; i < t->attribute_test_count; i++)
		results[i] = attribute_passes(object, &t->attribute_tests[i], compiled->attribute_values[i]);
	for (int i = 0; i < t->amount_attribute_count; i++)
		amounts[i] = fare_decimal_attribute(object, t->amount_attributes[i]);
	trip->attribute_results = results;
	trip->attribute_amounts = amounts;
	if (JB_ROOT_COUNT(attributes) == 0)
		return;
	trip->reserved = quantity_member(object, &reserved_time);
	read_used(object, trip);
}
