/*
 * read.c
 *		A tariff as a whole: the keys of the document, in their order.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/money/currency.h"
#include "billing/tariff/names.h"
#include "billing/tariff/read.h"
#include "billing/tariff/read_charge.h"
#include "billing/tariff/read_condition.h"
#include "billing/tariff/read_date.h"
#include "billing/tariff/read_meter.h"
#include "billing/tariff/read_plan.h"
#include "billing/tariff/read_rate.h"

static const char *const tariff_keys[] = {
	"tariff", "name", "description", "currency", "time_zone", "rounding", "base", "rates", "select",
	"meter", "multipliers", "flat_fares", "surcharges", "minimum", "maximum", "caps", "discounts",
	"tax", "calendars", "period", NULL
};
static const char *const rounding_keys[] = {"line", "fare", "cash", NULL};
static const char *const line_rounding_keys[] = {"step", "mode", NULL};
static const char *const cash_rounding_keys[] = {"step", "mode", "when", NULL};

static const char *const selection_names[] = {"all", "first"};

static void
read_version(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	place = json_place_require(top, "tariff");
	const char *version = psprintf("%d", TARIFF_FORMAT_VERSION);

	if (place.value.type != jbvNumeric || strcmp(numeric_normalize(place.value.val.numeric), version) != 0)
		json_place_error(&place, NULL, "The version of the format is the number %s, not %s.", version, json_place_shown(&place));
	tariff_write_key(reader, "tariff");
	tariff_write_json(reader, version);
}

static Currency
read_currency(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	place = json_place_require(top, "currency");
	Currency	currency;

	if (!currency_find(json_place_string(&place), &currency))
		json_place_error(&place, "Write an ISO 4217 code in capitals, such as \"EUR\".", "%s is no currency.", json_place_shown(&place));
	tariff_write_key(reader, "currency");
	tariff_write_string(reader, currency.code);
	strlcpy(reader->tariff->currency, currency.code, sizeof(reader->tariff->currency));
	reader->tariff->currency_digits = currency.digits;
	reader->currency_digits = currency.digits;
	return currency;
}

/* PostgreSQL also takes rules such as XYZ5, which have capitals alone, and the system's zone. */
static bool
is_named_zone(const char *name)
{
	bool		is_rule = strpbrk(name, "0123456789") != NULL &&
		strpbrk(name, "abcdefghijklmnopqrstuvwxyz") == NULL;

	return !is_rule && strcmp(name, "localtime") != 0 && strcmp(name, "posixrules") != 0;
}

static void
read_time_zone(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	place;
	const char *name = "UTC";
	bool		given = json_place_find(top, "time_zone", &place);
	pg_tz	   *zone;

	if (given)
		name = json_place_string(&place);
	zone = pg_tzset(name);
	if (given && (zone == NULL || !pg_tz_acceptable(zone) || !is_named_zone(pg_get_timezone_name(zone))))
		json_place_error(&place, "Write the IANA name of an area and a place, such as \"Europe/Berlin\".",
				   "%s is not the name of a time zone.", json_place_shown(&place));
	reader->compiled->zone = zone;
	reader->tariff->time_zone = pstrdup(pg_get_timezone_name(zone));
	if (strcmp(reader->tariff->time_zone, "UTC") == 0)
		return;
	tariff_write_key(reader, "time_zone");
	tariff_write_string(reader, reader->tariff->time_zone);
}

/* A step, which is left out if it is the default, and a mode.  Without a default it is required. */
static void
read_step(TariffReader *reader, const JsonPlace *place, const Rational *absent, Rounding *rounding)
{
	int			start = reader->out->len;
	int			options = AMOUNT | POSITIVE | (absent == NULL ? REQUIRED : 0);

	if (!tariff_read_decimal(reader, place, "step", options, &rounding->step))
		rounding->step = *absent;
	else if (absent != NULL && rational_compare(rounding->step, *absent) == 0)
	{
		rounding->step = *absent;
		tariff_unwrite(reader, start);
	}
	rounding->given = true;
	rounding->mode = tariff_read_choice(reader, place, "mode", money_rounding_names, ROUNDING_MODE_COUNT, ROUND_HALF_UP);
}

/* Is it a whole number of units?  Or such a number one unit, if that will do? */
static void
check_step(const JsonPlace *place, Rational step, Rational unit, bool or_part)
{
	Rational	units = rational_reduce(rational_divide(step, unit));

	if (units.den != 1 && !(or_part && units.num == 1))
		json_place_error(place, NULL, "The step is not a whole number of the currency's smallest units%s.",
				   or_part ? ", nor such a unit a whole number of steps" : "");
}

static int
decimal_places(Rational tenths)
{
	int			places = 0;

	for (; tenths.den > 1; tenths.den /= 10)
		places++;
	return places;
}

static void
read_roundings(TariffReader *reader, const JsonPlace *rounding, const Currency *currency, Rational unit)
{
	Tariff	   *tariff = reader->tariff;
	int			start;
	JsonPlace	place;

	if (tariff_begin_member(reader, rounding, "line", line_rounding_keys, &place))
	{
		read_step(reader, &place, NULL, &tariff->line_rounding);
		tariff_end_object(reader);
	}
	start = reader->out->len;
	if (tariff_begin_member(reader, rounding, "fare", line_rounding_keys, &place))
	{
		read_step(reader, &place, &unit, &tariff->fare_rounding);
		check_step(&place, tariff->fare_rounding.step, unit, true);
		tariff_end_member(reader, start);
	}
	if (tariff_begin_member(reader, rounding, "cash", cash_rounding_keys, &place))
	{
		read_step(reader, &place, &currency->cash_step, &tariff->cash_rounding);
		check_step(&place, tariff->cash_rounding.step, unit, false);
		tariff->cash_when = tariff_read_cash_condition(reader, &place);
		tariff_end_object(reader);
	}
}

static void
read_rounding(TariffReader *reader, const JsonPlace *top, const Currency *currency)
{
	Tariff	   *tariff = reader->tariff;
	int			start = reader->out->len;
	Rational	unit = rational_decimal_unit(currency->digits);
	JsonPlace	place;

	tariff->fare_rounding = (Rounding) {.given = true, .step = unit, .mode = ROUND_HALF_UP};
	if (tariff_begin_member(reader, top, "rounding", rounding_keys, &place))
	{
		read_roundings(reader, &place, currency, unit);
		tariff_end_member(reader, start);
	}
	tariff->fare_digits = Max(currency->digits, decimal_places(tariff->fare_rounding.step));
}

static void
read_selection(TariffReader *reader, const JsonPlace *top)
{
	const char *keys[DIMENSION_COUNT + 1] = {NULL};
	int			start = reader->out->len;
	JsonPlace	place;

	memcpy(keys, tariff_dimension_names, sizeof(tariff_dimension_names));
	if (!tariff_begin_member(reader, top, "select", keys, &place))
		return;
	for (int d = 0; d < DIMENSION_COUNT; d++)
		reader->tariff->select_first[d] = tariff_read_choice(reader, &place, tariff_dimension_names[d], selection_names,
													  lengthof(selection_names), 0) == 1;
	tariff_end_member(reader, start);
}

/* Conditions name calendars that come after them: those are read first. */
static const char *
calendars_text(TariffReader *reader, const JsonPlace *top)
{
	StringInfo	out = reader->out;
	StringInfoData calendars;

	initStringInfo(&calendars);
	reader->out = &calendars;
	tariff_read_calendars(reader, top);
	reader->out = out;
	return calendars.data;
}

static void
read_head(TariffReader *reader, const JsonPlace *top)
{
	Currency	currency;

	read_version(reader, top);
	tariff_read_string(reader, top, "name", NULL);
	tariff_read_string(reader, top, "description", NULL);
	currency = read_currency(reader, top);
	read_time_zone(reader, top);
	read_rounding(reader, top, &currency);
	tariff_read_decimal(reader, top, "base", AMOUNT | ZERO_IS_DEFAULT, &reader->tariff->base);
}

static void
read_rules(TariffReader *reader, const JsonPlace *top)
{
	Tariff	   *tariff = reader->tariff;

	tariff->rate_count = tariff_read_list(reader, top, "rates", MAX_TARIFF_RULES, sizeof(Rate), &tariff->rates, tariff_read_rate);
	read_selection(reader, top);
	tariff_read_meter(reader, top);
	tariff_read_multipliers(reader, top);
	tariff->flat_fare_count = tariff_read_list(reader, top, "flat_fares", MAX_TARIFF_RULES, sizeof(Charge),
										&tariff->flat_fares, tariff_read_flat_fare);
	tariff->surcharge_count = tariff_read_list(reader, top, "surcharges", MAX_TARIFF_RULES, sizeof(Charge),
										&tariff->surcharges, tariff_read_surcharge);
	tariff->has_minimum = tariff_read_decimal(reader, top, "minimum", AMOUNT | NOT_NEGATIVE, &tariff->minimum);
	tariff->has_maximum = tariff_read_decimal(reader, top, "maximum", AMOUNT | NOT_NEGATIVE, &tariff->maximum);
	tariff_check_not_above(top, tariff->has_minimum && tariff->has_maximum, tariff->minimum, tariff->maximum);
	tariff->cap_count = tariff_read_list(reader, top, "caps", MAX_CAPS, sizeof(Cap), &tariff->caps, tariff_read_cap);
	tariff->discount_count = tariff_read_list(reader, top, "discounts", MAX_TARIFF_RULES, sizeof(Charge),
									   &tariff->discounts, tariff_read_discount);
	tariff_read_tax(reader, top);
}

/*
 * Read a document: what it says in the current memory context, and its canonical form
 * at the end of `out`.  It may be of anyone, a stored one too.  A soft error escapes.
 */
CompiledTariff *
tariff_read(Jsonb *document, StringInfo out, JsonEscape *escape)
{
	CompiledTariff *compiled = palloc0(sizeof(CompiledTariff));
	TariffReader reader = {.compiled = compiled, .tariff = &compiled->tariff, .out = out};
	JsonPlace	top = json_place_document(document, escape);
	const char *calendars;

	tariff_begin_object(&reader, &top, tariff_keys);
	calendars = calendars_text(&reader, &top);
	read_head(&reader, &top);
	read_rules(&reader, &top);
	if (calendars[0] != '\0')
		tariff_write_json(&reader, calendars);
	tariff_read_period(&reader, &top);
	tariff_check_tax_names(&reader, &top);
	tariff_end_object(&reader);
	return compiled;
}
