/*
 * read_plan.c
 *		What a plan charges for a period.
 */
#include "postgres.h"

#include "billing/tariff/condition.h"
#include "billing/tariff/names.h"
#include "billing/tariff/read_charge.h"
#include "billing/tariff/read_plan.h"
#include "billing/tariff/read_rate.h"

static const char *const period_keys[] = {
	"fee", "allowances", "rates", "daily_cap", "minimum", "maximum", "discounts", NULL
};
static const char *const fee_keys[] = {"amount", "pooled", "prorated", NULL};
static const char *const allowance_keys[] = {"name", "dimension", "included", "pooled", "prorated", NULL};

static void
read_fee(TariffReader *reader, const JsonPlace *period_place, Period *period)
{
	JsonPlace	place;

	if (!tariff_begin_member(reader, period_place, "fee", fee_keys, &place))
		return;
	tariff_read_decimal(reader, &place, "amount", REQUIRED | AMOUNT, &period->fee);
	period->fee_pooled = tariff_read_flag(reader, &place, "pooled");
	period->fee_prorated = tariff_read_flag(reader, &place, "prorated");
	tariff_end_object(reader);
}

static void
read_allowance(TariffReader *reader, const JsonPlace *place, void *item)
{
	Allowance  *allowance = item;
	Quantity	included;

	tariff_begin_object(reader, place, allowance_keys);
	allowance->name = tariff_read_string(reader, place, "name", tariff_line_kind_names[LINE_ALLOWANCE]);
	/* distance or time, the first two */
	allowance->dimension = tariff_read_choice(reader, place, "dimension", tariff_dimension_names, 2, -1);
	tariff_read_quantity(reader, place, "included", REQUIRED | tariff_dimension_kind(allowance->dimension), &included);
	allowance->included = included.value;
	allowance->pooled = tariff_read_flag(reader, place, "pooled");
	allowance->prorated = tariff_read_flag(reader, place, "prorated");
	tariff_end_object(reader);
}

static void
read_plan_discount(TariffReader *reader, const JsonPlace *place, void *item)
{
	JsonPlace	when;

	tariff_read_discount(reader, place, item);
	if (json_place_find(place, "when", &when))
		json_place_error(&when, NULL, "A period is no trip: its discounts have no conditions.");
}

static bool
asks_time(const Condition *c)
{
	return c != NULL && (condition_has_windows(c) || c->has_elapsed || asks_time(c->negated));
}

/* A bill of a month is paid at no hour that the plan could know. */
static void
check_cash_condition(TariffReader *reader, const JsonPlace *top)
{
	JsonPlace	rounding,
				cash,
				when;

	if (asks_time(reader->tariff->cash_when) && json_place_find(top, "rounding", &rounding) &&
		json_place_find(&rounding, "cash", &cash) && json_place_find(&cash, "when", &when))
		json_place_error(&when, "Ask for attributes alone, or write the plan as a tariff of its own.",
				   "With a \"period\" it is also asked of invoices, which have no time.");
}

void
tariff_read_period(TariffReader *reader, const JsonPlace *top)
{
	Period	   *period = &reader->tariff->period;
	JsonPlace	place;

	if (!tariff_begin_member(reader, top, "period", period_keys, &place))
		return;
	period->given = true;
	check_cash_condition(reader, top);
	read_fee(reader, &place, period);
	period->allowance_count = tariff_read_list(reader, &place, "allowances", MAX_TARIFF_RULES, sizeof(Allowance),
										&period->allowances, read_allowance);
	period->rate_count = tariff_read_list(reader, &place, "rates", MAX_TARIFF_RULES, sizeof(Rate),
								   &period->rates, tariff_read_plan_rate);
	period->has_daily_cap = tariff_read_decimal(reader, &place, "daily_cap", AMOUNT | NOT_NEGATIVE, &period->daily_cap);
	period->has_minimum = tariff_read_decimal(reader, &place, "minimum", AMOUNT | NOT_NEGATIVE, &period->minimum);
	period->has_maximum = tariff_read_decimal(reader, &place, "maximum", AMOUNT | NOT_NEGATIVE, &period->maximum);
	tariff_check_not_above(&place, period->has_minimum && period->has_maximum, period->minimum, period->maximum);
	period->discount_count = tariff_read_list(reader, &place, "discounts", MAX_TARIFF_RULES, sizeof(Charge),
									   &period->discounts, read_plan_discount);
	tariff_end_object(reader);
}
