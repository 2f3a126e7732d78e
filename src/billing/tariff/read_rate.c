/*
 * read_rate.c
 *		Rates and their tiers.
 */
#include "postgres.h"

#include "billing/tariff/names.h"
#include "billing/tariff/read_condition.h"
#include "billing/tariff/read_rate.h"

#define RATE_KEYS	"name", "dimension", "price", "unit", "tiers", "from", "to", "step", "rounding", "free"

static const char *const rate_keys[] = {RATE_KEYS, "per", "when", NULL};
static const char *const plan_rate_keys[] = {RATE_KEYS, NULL};
static const char *const tiers_keys[] = {"mode", "unit", "bounds", NULL};
static const char *const tier_keys[] = {"to", "price", "flat", NULL};

/* Of a plan's rates the dimensions are the first two. */
#define PLAN_DIMENSIONS		2

static const char *const tier_mode_names[] = {"graduated", "volume", "package"};
static const TierMode tier_modes[] = {GRADUATED, VOLUME, PACKAGE};
static const char *const step_rounding_names[] = {
	[STEP_UP] = "up",
	[STEP_DOWN] = "down",
	[STEP_NEAREST] = "nearest",
	[STEP_NONE] = "none",
};
static const char *const per_names[] = {"trip", "rental"};

#define ONCE	"once"

static void
read_unit(TariffReader *reader, const JsonPlace *object, Rate *rate)
{
	Quantity	unit;

	tariff_read_quantity(reader, object, "unit", REQUIRED | POSITIVE | tariff_dimension_kind(rate->dimension), &unit);
	rate->unit = unit.value;
	rate->unit_name = unit.text;
}

static void
read_price(TariffReader *reader, const JsonPlace *place, Rate *rate)
{
	JsonPlace	unit;

	tariff_read_decimal(reader, place, "price", REQUIRED | AMOUNT, &rate->price);
	unit = json_place_require(place, "unit");
	rate->once = unit.value.type == jbvString && strcmp(json_place_string(&unit), ONCE) == 0;
	if (!rate->once)
	{
		read_unit(reader, place, rate);
		return;
	}
	rate->unit = whole(1);
	rate->unit_name = ONCE;
	tariff_write_key(reader, "unit");
	tariff_write_string(reader, ONCE);
}

static void
read_tier(TariffReader *reader, const JsonPlace *place, void *item)
{
	Tier	   *tier = item;

	tariff_begin_object(reader, place, tier_keys);
	tier->has_to = tariff_read_decimal(reader, place, "to", POSITIVE, &tier->to);
	tariff_read_decimal(reader, place, "price", AMOUNT | ZERO_IS_DEFAULT, &tier->price);
	tariff_read_decimal(reader, place, "flat", AMOUNT | ZERO_IS_DEFAULT, &tier->flat);
	tariff_end_object(reader);
}

/* Bounds ascend, and the last tier has none. */
static void
check_tiers(const JsonPlace *tiers, const Rate *rate)
{
	JsonPlace	bounds = json_place_require(tiers, "bounds");
	int			last = rate->tier_count - 1;

	if (last < 0)
		json_place_error(&bounds, NULL, "The list is empty.");
	if (rate->tier_mode == PACKAGE && last > 0)
		json_place_error(&bounds, NULL, "Of packages there is one tier, not %d.", rate->tier_count);
	for (int i = 0; i <= last; i++)
	{
		const Tier *tier = &rate->tiers[i];
		JsonPlace	place = json_place_element(&bounds, i);

		if (tier->has_to == (i == last))
			json_place_error(&place, NULL, i == last ? "The last tier has a bound." : "Only the last tier has no bound.");
		if (i > 0 && i < last && rational_compare(tier->to, tier[-1].to) <= 0)
			json_place_error(&place, NULL, "The tier does not end above the one before it.");
		if (rate->tier_mode == PACKAGE && !is_zero(tier->flat))
			json_place_error(&place, NULL, "A package has no flat amount.");
	}
}

/* The member `tiers`; false if it is not there. */
static bool
read_tiers(TariffReader *reader, const JsonPlace *rate_place, Rate *rate)
{
	JsonPlace	tiers,
				other;

	if (!json_place_find(rate_place, "tiers", &tiers))
		return false;
	if (json_place_find(rate_place, "price", &other) || json_place_find(rate_place, "unit", &other))
		json_place_error(&other, "Tiers have prices and a unit of their own.",
				   "A rate with tiers has no %s.", other.key);
	tariff_write_key(reader, "tiers");
	tariff_begin_object(reader, &tiers, tiers_keys);
	rate->tier_mode = tier_modes[tariff_read_choice(reader, &tiers, "mode", tier_mode_names, lengthof(tier_mode_names), -1)];
	read_unit(reader, &tiers, rate);
	rate->tier_count = tariff_read_list(reader, &tiers, "bounds", MAX_TARIFF_RULES, sizeof(Tier), &rate->tiers, read_tier);
	check_tiers(&tiers, rate);
	tariff_end_object(reader);
	return true;
}

/* The part of the dimension, the steps, and the free units. */
static void
read_quantities(TariffReader *reader, const JsonPlace *place, Rate *rate)
{
	int			kind = tariff_dimension_kind(rate->dimension);
	Quantity	quantity;
	JsonPlace	rounding;

	tariff_read_quantity(reader, place, "from", kind | ZERO_IS_DEFAULT, &quantity);
	rate->from = quantity.value;
	rate->has_to = tariff_read_quantity(reader, place, "to", kind, &quantity);
	rate->to = quantity.value;
	if (rate->has_to && rational_compare(rate->from, rate->to) >= 0)
		json_place_error(place, NULL, "\"from\" is not below \"to\".");
	rate->has_step = tariff_read_quantity(reader, place, "step", kind | POSITIVE, &quantity);
	rate->step = quantity.value;
	if (!rate->has_step && json_place_find(place, "rounding", &rounding))
		json_place_error(&rounding, "Give the rate a \"step\".", "There is no step to round to.");
	rate->step_rounding = tariff_read_choice(reader, place, "rounding", step_rounding_names, lengthof(step_rounding_names), STEP_UP);
	tariff_read_quantity(reader, place, "free", kind | ZERO_IS_DEFAULT, &quantity);
	rate->free = quantity.value;
}

/* What rates of trips and of plans have both. */
static void
read_rate_proper(TariffReader *reader, const JsonPlace *place, Rate *rate, int dimensions)
{
	JsonPlace	dimension = json_place_require(place, "dimension");

	/* it is the name, too, where there is none */
	rate->dimension = json_place_choice(&dimension, tariff_dimension_names, dimensions);
	rate->name = tariff_read_string(reader, place, "name", tariff_dimension_names[rate->dimension]);
	tariff_write_key(reader, "dimension");
	tariff_write_string(reader, tariff_dimension_names[rate->dimension]);
	if (!read_tiers(reader, place, rate))
		read_price(reader, place, rate);
	read_quantities(reader, place, rate);
}

void
tariff_read_rate(TariffReader *reader, const JsonPlace *place, void *item)
{
	Rate	   *rate = item;
	JsonPlace	member;

	tariff_begin_object(reader, place, rate_keys);
	read_rate_proper(reader, place, rate, DIMENSION_COUNT);
	rate->per_rental = tariff_read_choice(reader, place, "per", per_names, lengthof(per_names), 0) == 1;
	if (rate->per_rental && rate->tier_mode == VOLUME && json_place_find(place, "per", &member))
		json_place_error(&member, NULL, "A rate with volume tiers cannot be per rental.");
	rate->when = tariff_read_condition(reader, place, EVALUATE_SEGMENT, true);
	if (rate->when != NULL && rate->when->evaluate == EVALUATE_UNIT && !rate->has_step && json_place_find(place, "when", &member))
		json_place_error(&member, "Give the rate a \"step\".", "The rate has no step that could be evaluated as a unit.");
	tariff_end_object(reader);
}

/* Rates of a plan are of what the trips of a period used together. */
void
tariff_read_plan_rate(TariffReader *reader, const JsonPlace *place, void *item)
{
	tariff_begin_object(reader, place, plan_rate_keys);
	read_rate_proper(reader, place, item, PLAN_DIMENSIONS);
	tariff_end_object(reader);
}
