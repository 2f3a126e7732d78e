/*
 * read_charge.c
 *		What is multiplied, added, taken off and capped; and taxed.
 */
#include "postgres.h"

#include "billing/tariff/names.h"
#include "billing/tariff/read_charge.h"
#include "billing/tariff/read_condition.h"

static const char *const multiplier_keys[] = {"name", "factor", "group", "to", "when", NULL};
static const char *const flat_fare_keys[] = {"name", "amount", "when", NULL};
static const char *const surcharge_keys[] = {"name", "when", "amount", "attribute", NULL};
static const char *const discount_keys[] = {"name", "when", "percent", "amount", NULL};
static const char *const cap_keys[] = {"amount", "rolling", "calendar", NULL};
static const char *const tax_keys[] = {"percent", "by", "included", NULL};

/* In the order in which they are written. */
#define MULTIPLIED_COUNT	(DIMENSION_COUNT + 2)
static const char *const multiplied_names[MULTIPLIED_COUNT] = {
	"base", "distance", "time", "moving", "stopped", "reserved", "meter"
};
static const int multiplied_bits[MULTIPLIED_COUNT] = {
	MULTIPLIES_BASE, DISTANCE, TIME, MOVING, STOPPED, RESERVED, MULTIPLIES_METER
};

static const char *const calendar_cap_names[] = {"day", "week", "month"};
static const CapWindow calendar_caps[] = {CAP_DAY, CAP_WEEK, CAP_MONTH};

/* The number of the group that a name is of; a new one for a new name, and for none. */
static int
group_number(TariffReader *reader, const char *name)
{
	Tariff	   *tariff = reader->tariff;

	for (int i = 0; name != NULL && i < tariff->group_count; i++)
		if (reader->groups[i] != NULL && strcmp(reader->groups[i], name) == 0)
			return i;
	reader->groups[tariff->group_count] = name;
	return tariff->group_count++;
}

static uint32
read_multiplied(TariffReader *reader, const JsonPlace *place)
{
	const uint32 all = (1u << MULTIPLIED_COUNT) - 1;
	uint32		to = 0;
	JsonPlace	list;
	int			count = json_place_find_list(place, "to", MAX_TARIFF_RULES, &list);

	for (int i = 0; i < count; i++)
	{
		JsonPlace	name = json_place_element(&list, i);

		to |= 1u << multiplied_bits[json_place_choice(&name, multiplied_names, MULTIPLIED_COUNT)];
	}
	if (to == 0 || to == all)
		return all;
	tariff_write_key(reader, "to");
	tariff_write_json(reader, "[");
	for (int i = 0; i < MULTIPLIED_COUNT; i++)
		if (to & (1u << multiplied_bits[i]))
			tariff_write_string(reader, multiplied_names[i]);
	tariff_end_list(reader);
	return to;
}

static void
read_multiplier(TariffReader *reader, const JsonPlace *place, void *item)
{
	Multiplier *multiplier = item;

	tariff_begin_object(reader, place, multiplier_keys);
	multiplier->name = tariff_read_string(reader, place, "name", "multiplier");
	tariff_read_decimal(reader, place, "factor", REQUIRED | NOT_NEGATIVE, &multiplier->factor);
	multiplier->group = group_number(reader, tariff_read_string(reader, place, "group", NULL));
	multiplier->to = read_multiplied(reader, place);
	multiplier->when = tariff_read_condition(reader, place, EVALUATE_SEGMENT, true);
	tariff_end_object(reader);
}

void
tariff_read_multipliers(TariffReader *reader, const JsonPlace *top)
{
	Tariff	   *tariff = reader->tariff;

	tariff->multiplier_count = tariff_read_list(reader, top, "multipliers", MAX_MULTIPLIERS, sizeof(Multiplier),
										 &tariff->multipliers, read_multiplier);
}

static Condition *
read_charge_condition(TariffReader *reader, const JsonPlace *place)
{
	return tariff_read_condition(reader, place, EVALUATE_START, false);
}

void
tariff_read_flat_fare(TariffReader *reader, const JsonPlace *place, void *item)
{
	Charge	   *flat = item;

	tariff_begin_object(reader, place, flat_fare_keys);
	flat->attribute = -1;
	flat->name = tariff_read_string(reader, place, "name", tariff_line_kind_names[LINE_FLAT]);
	tariff_read_decimal(reader, place, "amount", REQUIRED | AMOUNT, &flat->amount);
	flat->when = read_charge_condition(reader, place);
	tariff_end_object(reader);
}

/* The index of an attribute among those that are amounts. */
static int
amount_attribute(Tariff *tariff, const char *name)
{
	for (int i = 0; i < tariff->amount_attribute_count; i++)
		if (strcmp(tariff->amount_attributes[i], name) == 0)
			return i;
	if (tariff->amount_attributes == NULL)
		tariff->amount_attributes = palloc(MAX_TARIFF_RULES * sizeof(char *));
	tariff->amount_attributes[tariff->amount_attribute_count] = name;
	return tariff->amount_attribute_count++;
}

void
tariff_read_surcharge(TariffReader *reader, const JsonPlace *place, void *item)
{
	Charge	   *surcharge = item;
	JsonPlace	attribute;
	const char *attribute_name = NULL;

	tariff_begin_object(reader, place, surcharge_keys);
	/* the attribute's name is its own, too, where there is none */
	if (!json_place_one_of(place, "amount", "attribute") && json_place_find(place, "attribute", &attribute))
		attribute_name = json_place_string(&attribute);
	surcharge->name = tariff_read_string(reader, place, "name",
								  attribute_name != NULL ? attribute_name : tariff_line_kind_names[LINE_SURCHARGE]);
	surcharge->when = read_charge_condition(reader, place);
	surcharge->attribute = -1;
	tariff_read_decimal(reader, place, "amount", AMOUNT, &surcharge->amount);
	if (attribute_name != NULL)
		surcharge->attribute = amount_attribute(reader->tariff, tariff_read_string(reader, place, "attribute", NULL));
	tariff_end_object(reader);
}

static void
check_percent(const JsonPlace *object, const char *key, Rational percent)
{
	JsonPlace	place;

	if (rational_compare(percent, whole(100)) > 0 && json_place_find(object, key, &place))
		json_place_error(&place, NULL, "%s is more than 100 percent.", json_place_shown(&place));
}

void
tariff_read_discount(TariffReader *reader, const JsonPlace *place, void *item)
{
	Charge	   *discount = item;

	tariff_begin_object(reader, place, discount_keys);
	discount->attribute = -1;
	discount->name = tariff_read_string(reader, place, "name", tariff_line_kind_names[LINE_DISCOUNT]);
	discount->when = read_charge_condition(reader, place);
	discount->is_percent = json_place_one_of(place, "percent", "amount");
	if (discount->is_percent)
	{
		tariff_read_decimal(reader, place, "percent", NOT_NEGATIVE, &discount->amount);
		check_percent(place, "percent", discount->amount);
	}
	else
		tariff_read_decimal(reader, place, "amount", AMOUNT | NOT_NEGATIVE, &discount->amount);
	tariff_end_object(reader);
}

void
tariff_read_cap(TariffReader *reader, const JsonPlace *place, void *item)
{
	Cap		   *cap = item;
	Quantity	length;

	tariff_begin_object(reader, place, cap_keys);
	tariff_read_decimal(reader, place, "amount", REQUIRED | AMOUNT | NOT_NEGATIVE, &cap->amount);
	cap->window = CAP_ROLLING;
	if (json_place_one_of(place, "rolling", "calendar"))
	{
		tariff_read_quantity(reader, place, "rolling", OF_TIME | WHOLE | POSITIVE, &length);
		cap->length = (int64) length.value.num;
	}
	else
		cap->window = calendar_caps[tariff_read_choice(reader, place, "calendar", calendar_cap_names, lengthof(calendar_cap_names), -1)];
	tariff_end_object(reader);
}

/* Lines that are taxed; what comes after tax is not. */
static bool
find_taxed_kind(const char *name, LineKind *kind)
{
	for (int i = 0; i < LINE_KIND_COUNT; i++)
		if (strcmp(tariff_line_kind_names[i], name) == 0)
		{
			*kind = i;
			return i != LINE_TAX && i != LINE_ROUNDING && i != LINE_CASH;
		}
	return false;
}

static void
read_tax_rules(TariffReader *reader, const JsonPlace *place, Tax *tax)
{
	int			start = reader->out->len;
	JsonPlace	by,
				member;
	JsonMembers members;

	if (!tariff_begin_member(reader, place, "by", NULL, &by))
		return;
	tax->rules = palloc0(json_place_member_count(&by, MAX_TARIFF_RULES) * sizeof(TaxRule));
	members = json_place_members(&by);
	while (json_place_next_member(&members, &member))
	{
		TaxRule    *rule = &tax->rules[tax->rule_count++];

		rule->name = member.key;
		rule->by_kind = find_taxed_kind(member.key, &rule->kind);
		tariff_read_decimal(reader, &by, member.key, NOT_NEGATIVE, &rule->percent);
	}
	tariff_end_member(reader, start);
}

void
tariff_read_tax(TariffReader *reader, const JsonPlace *top)
{
	Tax		   *tax = &reader->tariff->tax;
	int			start = reader->out->len;
	JsonPlace	place;

	if (!tariff_begin_member(reader, top, "tax", tax_keys, &place))
		return;
	tariff_read_decimal(reader, &place, "percent", NOT_NEGATIVE | ZERO_IS_DEFAULT, &tax->percent);
	read_tax_rules(reader, &place, tax);
	tax->included = tariff_read_flag(reader, &place, "included");
	reader->tariff->has_tax = tariff_end_member(reader, start);
}

static bool
names_charge(const char *name, const Charge *charges, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(charges[i].name, name) == 0)
			return true;
	return false;
}

static bool
names_rate(const char *name, const Rate *rates, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(rates[i].name, name) == 0)
			return true;
	return false;
}

static bool
names_line(const char *name, const Tariff *tariff)
{
	const Period *period = &tariff->period;

	return names_rate(name, tariff->rates, tariff->rate_count) ||
		names_charge(name, tariff->flat_fares, tariff->flat_fare_count) ||
		names_charge(name, tariff->surcharges, tariff->surcharge_count) ||
		names_charge(name, tariff->discounts, tariff->discount_count) ||
		names_rate(name, period->rates, period->rate_count) ||
		names_charge(name, period->discounts, period->discount_count);
}

/* Once all is read: is there what is taxed by name? */
void
tariff_check_tax_names(TariffReader *reader, const JsonPlace *top)
{
	const Tax  *tax = &reader->tariff->tax;
	JsonPlace	place,
				by,
				member;

	if (tax->rule_count == 0 || !json_place_find(top, "tax", &place) || !json_place_find(&place, "by", &by))
		return;
	for (int i = 0; i < tax->rule_count; i++)
		if (!tax->rules[i].by_kind && !names_line(tax->rules[i].name, reader->tariff) &&
			json_place_find(&by, tax->rules[i].name, &member))
			json_place_error(&member, "Name a kind of lines, such as distance or surcharge, or what a rate, flat fare, surcharge or discount is called.",
					   "No line is of this kind or name.");
}
