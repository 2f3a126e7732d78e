/*
 * read_plan.c
 *		What a plan charges for a period.
 */
#include "postgres.h"

#include "billing/tariff/condition.h"
#include "billing/tariff/read.h"

static const char *const period_keys[] = {
	"fee", "allowances", "rates", "daily_cap", "minimum", "maximum", "discounts", NULL
};
static const char *const fee_keys[] = {"amount", "pooled", "prorated", NULL};
static const char *const allowance_keys[] = {"name", "dimension", "included", "pooled", "prorated", NULL};

static void
read_fee(TariffReader *reader, const JsonPlace *period_place, Period *period)
{
	JsonPlace	place;

	if (!begin_member(reader, period_place, "fee", fee_keys, &place))
		return;
	read_decimal(reader, &place, "amount", REQUIRED | AMOUNT, &period->fee);
	period->fee_pooled = read_flag(reader, &place, "pooled");
	period->fee_prorated = read_flag(reader, &place, "prorated");
	end_object(reader);
}

static void
read_allowance(TariffReader *reader, const JsonPlace *place, void *item)
{
	Allowance  *allowance = item;
	Quantity	included;

	begin_object(reader, place, allowance_keys);
	allowance->name = read_string(reader, place, "name", line_kind_names[LINE_ALLOWANCE]);
	/* distance or time, the first two */
	allowance->dimension = read_choice(reader, place, "dimension", dimension_names, 2, -1);
	read_quantity(reader, place, "included", REQUIRED | dimension_kind(allowance->dimension), &included);
	allowance->included = included.value;
	allowance->pooled = read_flag(reader, place, "pooled");
	allowance->prorated = read_flag(reader, place, "prorated");
	end_object(reader);
}

static void
read_plan_discount(TariffReader *reader, const JsonPlace *place, void *item)
{
	JsonPlace	when;

	read_discount(reader, place, item);
	if (json_find(place, "when", &when))
		json_error(&when, NULL, "A period is no trip: its discounts have no conditions.");
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

	if (asks_time(reader->tariff->cash_when) && json_find(top, "rounding", &rounding) &&
		json_find(&rounding, "cash", &cash) && json_find(&cash, "when", &when))
		json_error(&when, "Ask for attributes alone, or write the plan as a tariff of its own.",
				   "With a \"period\" it is also asked of invoices, which have no time.");
}

void
read_period(TariffReader *reader, const JsonPlace *top)
{
	Period	   *period = &reader->tariff->period;
	JsonPlace	place;

	if (!begin_member(reader, top, "period", period_keys, &place))
		return;
	period->given = true;
	check_cash_condition(reader, top);
	read_fee(reader, &place, period);
	period->allowance_count = read_list(reader, &place, "allowances", MAX_TARIFF_RULES, sizeof(Allowance),
										&period->allowances, read_allowance);
	period->rate_count = read_list(reader, &place, "rates", MAX_TARIFF_RULES, sizeof(Rate),
								   &period->rates, read_plan_rate);
	period->has_daily_cap = read_decimal(reader, &place, "daily_cap", AMOUNT | NOT_NEGATIVE, &period->daily_cap);
	period->has_minimum = read_decimal(reader, &place, "minimum", AMOUNT | NOT_NEGATIVE, &period->minimum);
	period->has_maximum = read_decimal(reader, &place, "maximum", AMOUNT | NOT_NEGATIVE, &period->maximum);
	check_not_above(&place, period->has_minimum && period->has_maximum, period->minimum, period->maximum);
	period->discount_count = read_list(reader, &place, "discounts", MAX_TARIFF_RULES, sizeof(Charge),
									   &period->discounts, read_plan_discount);
	end_object(reader);
}
