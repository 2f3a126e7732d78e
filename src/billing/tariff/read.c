/*
 * read.c
 *		A tariff as a whole: the keys of the document, in their order.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/tariff/read.h"

static const char *const tariff_keys[] = {
	"tariff", "name", "description", "currency", "time_zone", "rounding", "base", "rates", "select",
	"meter", "multipliers", "flat_fares", "surcharges", "minimum", "maximum", "caps", "discounts",
	"tax", "calendars", "period", NULL
};
static const char *const rounding_keys[] = {"line", "fare", "cash", NULL};
static const char *const line_rounding_keys[] = {"step", "mode", NULL};
static const char *const cash_rounding_keys[] = {"step", "mode", "when", NULL};

#define ROUNDING_MODES	(ROUND_DOWN + 1)

static const char *const selection_names[] = {"all", "first"};

static void
read_version(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	place = json_require(top, "tariff");
	const char *version = psprintf("%d", TARIFF_FORMAT_VERSION);

	if (place.value.type != jbvNumeric || strcmp(numeric_normalize(place.value.val.numeric), version) != 0)
		json_error(&place, NULL, "The version of the format is the number %s, not %s.", version, json_shown(&place));
	write_key(reader, "tariff");
	write_text(reader, version);
}

static Currency
read_currency(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	place = json_require(top, "currency");
	Currency	currency;

	if (!currency_find(json_string(&place), &currency))
		json_error(&place, "Write an ISO 4217 code in capitals, such as \"EUR\".", "%s is no currency.", json_shown(&place));
	write_key(reader, "currency");
	write_string(reader, currency.code);
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
	bool		given = json_find(top, "time_zone", &place);
	pg_tz	   *zone;

	if (given)
		name = json_string(&place);
	zone = pg_tzset(name);
	if (given && (zone == NULL || !pg_tz_acceptable(zone) || !is_named_zone(pg_get_timezone_name(zone))))
		json_error(&place, "Write the IANA name of an area and a place, such as \"Europe/Berlin\".",
				   "%s is not the name of a time zone.", json_shown(&place));
	reader->compiled->zone = zone;
	reader->tariff->time_zone = pstrdup(pg_get_timezone_name(zone));
	if (strcmp(reader->tariff->time_zone, "UTC") == 0)
		return;
	write_key(reader, "time_zone");
	write_string(reader, reader->tariff->time_zone);
}

/* A step, which is left out if it is the default, and a mode.  Without a default it is required. */
static void
read_step(TariffReader *reader, const JsonPlace *place, const Rational *absent, Rounding *rounding)
{
	int			start = reader->out->len;
	int			options = AMOUNT | POSITIVE | (absent == NULL ? REQUIRED : 0);

	if (!read_decimal(reader, place, "step", options, &rounding->step))
		rounding->step = *absent;
	else if (absent != NULL && rational_compare(rounding->step, *absent) == 0)
	{
		rounding->step = *absent;
		unwrite(reader, start);
	}
	rounding->given = true;
	rounding->mode = read_choice(reader, place, "mode", rounding_mode_names, ROUNDING_MODES, ROUND_HALF_UP);
}

/* Is it a whole number of units?  Or such a number one unit, if that will do? */
static void
check_step(const JsonPlace *place, Rational step, Rational unit, bool or_part)
{
	Rational	units = rational_reduce(rational_divide(step, unit));

	if (units.den != 1 && !(or_part && units.num == 1))
		json_error(place, NULL, "The step is not a whole number of the currency's smallest units%s.",
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

	if (begin_member(reader, rounding, "line", line_rounding_keys, &place))
	{
		read_step(reader, &place, NULL, &tariff->line_rounding);
		end_object(reader);
	}
	start = reader->out->len;
	if (begin_member(reader, rounding, "fare", line_rounding_keys, &place))
	{
		read_step(reader, &place, &unit, &tariff->fare_rounding);
		check_step(&place, tariff->fare_rounding.step, unit, true);
		end_member(reader, start);
	}
	if (begin_member(reader, rounding, "cash", cash_rounding_keys, &place))
	{
		read_step(reader, &place, &currency->cash_step, &tariff->cash_rounding);
		check_step(&place, tariff->cash_rounding.step, unit, false);
		tariff->cash_when = read_cash_condition(reader, &place);
		end_object(reader);
	}
}

static void
read_rounding(TariffReader *reader, const JsonPlace *top, const Currency *currency)
{
	Tariff	   *tariff = reader->tariff;
	int			start = reader->out->len;
	Rational	unit = whole(1);
	JsonPlace	place;

	for (int i = 0; i < currency->digits; i++)
		unit.den *= 10;
	tariff->fare_rounding = (Rounding) {.given = true, .step = unit, .mode = ROUND_HALF_UP};
	if (begin_member(reader, top, "rounding", rounding_keys, &place))
	{
		read_roundings(reader, &place, currency, unit);
		end_member(reader, start);
	}
	tariff->fare_digits = Max(currency->digits, decimal_places(tariff->fare_rounding.step));
}

static void
read_selection(TariffReader *reader, const JsonPlace *top)
{
	const char *keys[DIMENSION_COUNT + 1] = {NULL};
	int			start = reader->out->len;
	JsonPlace	place;

	memcpy(keys, dimension_names, sizeof(dimension_names));
	if (!begin_member(reader, top, "select", keys, &place))
		return;
	for (int d = 0; d < DIMENSION_COUNT; d++)
		reader->tariff->select_first[d] = read_choice(reader, &place, dimension_names[d], selection_names,
													  lengthof(selection_names), 0) == 1;
	end_member(reader, start);
}

/* Conditions name calendars that come after them: those are read first. */
static const char *
calendars_text(TariffReader *reader, const JsonPlace *top)
{
	StringInfo	out = reader->out;
	StringInfoData calendars;

	initStringInfo(&calendars);
	reader->out = &calendars;
	read_calendars(reader, top);
	reader->out = out;
	return calendars.data;
}

static void
read_head(TariffReader *reader, const JsonPlace *top)
{
	Currency	currency;

	read_version(reader, top);
	read_string(reader, top, "name", NULL);
	read_string(reader, top, "description", NULL);
	currency = read_currency(reader, top);
	read_time_zone(reader, top);
	read_rounding(reader, top, &currency);
	read_decimal(reader, top, "base", AMOUNT | ZERO_IS_DEFAULT, &reader->tariff->base);
}

static void
read_rules(TariffReader *reader, const JsonPlace *top)
{
	Tariff	   *tariff = reader->tariff;

	tariff->rate_count = read_list(reader, top, "rates", MAX_TARIFF_RULES, sizeof(Rate), &tariff->rates, read_rate);
	read_selection(reader, top);
	read_meter(reader, top);
	read_multipliers(reader, top);
	tariff->flat_fare_count = read_list(reader, top, "flat_fares", MAX_TARIFF_RULES, sizeof(Charge),
										&tariff->flat_fares, read_flat_fare);
	tariff->surcharge_count = read_list(reader, top, "surcharges", MAX_TARIFF_RULES, sizeof(Charge),
										&tariff->surcharges, read_surcharge);
	tariff->has_minimum = read_decimal(reader, top, "minimum", AMOUNT | NOT_NEGATIVE, &tariff->minimum);
	tariff->has_maximum = read_decimal(reader, top, "maximum", AMOUNT | NOT_NEGATIVE, &tariff->maximum);
	check_not_above(top, tariff->has_minimum && tariff->has_maximum, tariff->minimum, tariff->maximum);
	tariff->cap_count = read_list(reader, top, "caps", MAX_CAPS, sizeof(Cap), &tariff->caps, read_cap);
	tariff->discount_count = read_list(reader, top, "discounts", MAX_TARIFF_RULES, sizeof(Charge),
									   &tariff->discounts, read_discount);
	read_tax(reader, top);
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
	JsonPlace	top = json_document(document, escape);
	const char *calendars;

	begin_object(&reader, &top, tariff_keys);
	calendars = calendars_text(&reader, &top);
	read_head(&reader, &top);
	read_rules(&reader, &top);
	if (calendars[0] != '\0')
		write_text(&reader, calendars);
	read_period(&reader, &top);
	check_tax_names(&reader, &top);
	end_object(&reader);
	return compiled;
}
