/*
 * read_meter.c
 *		The taximeter of a tariff.
 */
#include "postgres.h"

#include "billing/tariff/names.h"
#include "billing/tariff/read_meter.h"

static const char *const meter_keys[] = {
	"mode", "distance", "time", "crossover", "increment", "charge", "covers", "gap", NULL
};
static const char *const meter_rate_keys[] = {"price", "unit", NULL};

static const char *const meter_mode_names[] = {
	[METER_S] = "S",
	[METER_D] = "D",
	[METER_K] = "K",
};
static const char *const charge_names[] = {"complete", "advance"};
static const char *const gap_names[] = {
	[GAP_AS_LEG] = "leg",
	[GAP_AS_DISTANCE] = "distance",
	[GAP_AS_TIME] = "time",
	[GAP_AS_NOTHING] = "nothing",
};

static void
read_meter_rate(TariffReader *reader, const JsonPlace *meter, Dimension dimension, MeterRate *rate)
{
	JsonPlace	place;
	Quantity	unit;

	if (!tariff_begin_member(reader, meter, tariff_dimension_names[dimension], meter_rate_keys, &place))
		return;
	rate->given = true;
	tariff_read_decimal(reader, &place, "price", REQUIRED | AMOUNT | NOT_NEGATIVE, &rate->price);
	tariff_read_quantity(reader, &place, "unit", REQUIRED | POSITIVE | tariff_dimension_kind(dimension), &unit);
	rate->unit = unit.value;
	rate->unit_name = unit.text;
	tariff_end_object(reader);
}

static void
check_meter_rates(const JsonPlace *place, const Meter *meter)
{
	if (!meter->distance.given && !meter->time.given)
		json_place_error(place, NULL, "Neither of the keys \"distance\" and \"time\" is given.");
	if (meter->mode != METER_D && !(meter->distance.given && meter->time.given))
		json_place_error(place, NULL, "Mode \"%s\" compares two tariffs, and \"%s\" is missing.",
				   meter_mode_names[meter->mode], meter->distance.given ? "time" : "distance");
}

static void
read_crossover(TariffReader *reader, const JsonPlace *place, Meter *meter)
{
	Quantity	speed;
	JsonPlace	member;

	meter->has_crossover = tariff_read_quantity(reader, place, "crossover", OF_SPEED | POSITIVE, &speed);
	meter->crossover = speed.value;
	if (meter->has_crossover && meter->mode == METER_D && json_place_find(place, "crossover", &member))
		json_place_error(&member, NULL, "Mode \"D\" charges distance and time at every speed.");
	if (!meter->has_crossover && meter->mode != METER_D && is_zero(meter->distance.price))
		json_place_error(place, "Give a \"crossover\".", "Where distance costs nothing, the tariffs are equal at no speed.");
}

static void
read_increment(TariffReader *reader, const JsonPlace *place, Meter *meter)
{
	JsonPlace	charge;

	meter->has_increment = tariff_read_decimal(reader, place, "increment", AMOUNT | POSITIVE, &meter->increment);
	if (!meter->has_increment && json_place_find(place, "charge", &charge))
		json_place_error(&charge, "Give the meter an \"increment\".", "A meter that runs continuously has no units to charge.");
	meter->in_advance = tariff_read_choice(reader, place, "charge", charge_names, lengthof(charge_names), 0) == 1;
}

/* What values a quantity has to be there. */
static void
check_given(const JsonPlace *place, const char *key, const MeterRate *rate, const char *name)
{
	JsonPlace	member;

	if (!rate->given && json_place_find(place, key, &member))
		json_place_error(&member, NULL, "It needs the tariff \"%s\", which the meter does not have.", name);
}

static void
read_covers(TariffReader *reader, const JsonPlace *place, Meter *meter)
{
	Quantity	covers;

	tariff_read_quantity(reader, place, "covers", OF_LENGTH | OF_TIME | ZERO_IS_DEFAULT, &covers);
	meter->covers = covers.value;
	meter->covers_time = covers.kind == OF_TIME;
	if (meter->covers_time)
		check_given(place, "covers", &meter->time, "time");
	else
		check_given(place, "covers", &meter->distance, "distance");
}

static void
read_gap(TariffReader *reader, const JsonPlace *place, Meter *meter)
{
	meter->gap = tariff_read_choice(reader, place, "gap", gap_names, lengthof(gap_names), GAP_AS_LEG);
	if (meter->gap == GAP_AS_TIME)
		check_given(place, "gap", &meter->time, "time");
	else if (meter->gap == GAP_AS_DISTANCE)
		check_given(place, "gap", &meter->distance, "distance");
}

void
tariff_read_meter(TariffReader *reader, const JsonPlace *top)
{
	Meter	   *meter = &reader->tariff->meter;
	JsonPlace	place;

	if (!tariff_begin_member(reader, top, "meter", meter_keys, &place))
		return;
	reader->tariff->has_meter = true;
	meter->mode = tariff_read_choice(reader, &place, "mode", meter_mode_names, lengthof(meter_mode_names), -1);
	read_meter_rate(reader, &place, DISTANCE, &meter->distance);
	read_meter_rate(reader, &place, TIME, &meter->time);
	check_meter_rates(&place, meter);
	read_crossover(reader, &place, meter);
	read_increment(reader, &place, meter);
	read_covers(reader, &place, meter);
	read_gap(reader, &place, meter);
	tariff_end_object(reader);
}
