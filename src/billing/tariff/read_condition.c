/*
 * read_condition.c
 *		Conditions: what `when` says.
 */
#include "postgres.h"

#include "lib/qunique.h"
#include "utils/timestamp.h"

#include "billing/tariff/clock.h"
#include "billing/tariff/read_attribute.h"
#include "billing/tariff/read_condition.h"
#include "billing/tariff/read_date.h"

#define TEST_KEYS	"hours", "weekdays", "dates", "calendars", "date_of", "elapsed", "attributes"

static const char *const condition_keys[] = {TEST_KEYS, "not", "evaluate", NULL};
static const char *const negated_keys[] = {TEST_KEYS, NULL};
static const char *const elapsed_keys[] = {"from", "to", NULL};

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const date_of_names[] = {"window", "instant"};
static const char *const evaluation_names[] = {
	[EVALUATE_SEGMENT] = "segment",
	[EVALUATE_START] = "start",
	[EVALUATE_UNIT] = "unit",
};

/* When cash is rounded, if nothing else is said. */
#define CASH_NAME		"payment"
#define CASH_VALUE		"\"cash\""
#define CASH_CONDITION	"\"when\": {\"attributes\": {\"" CASH_NAME "\": " CASH_VALUE "}}"

/* Two digits, below a limit. */
static bool
parse_two_digits(const char **text, int limit, int *number)
{
	const char *at = *text;

	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return false;
	*number = (at[0] - '0') * 10 + at[1] - '0';
	*text += 2;
	return *number < limit;
}

/* "22:00" or "22:00:30", up to "24:00", before a separator that is not a colon. */
static bool
parse_time(const char **text, int64 *time)
{
	int			hour,
				minute,
				second = 0;

	if (!parse_two_digits(text, 25, &hour) || *(*text)++ != ':' || !parse_two_digits(text, 60, &minute))
		return false;
	if (**text == ':')
	{
		(*text)++;
		if (!parse_two_digits(text, 60, &second))
			return false;
	}
	*time = ((int64) hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE + second) * USECS_PER_SEC;
	return *time <= MICROSECONDS_PER_DAY;
}

static HourWindow
window_value(const JsonPlace *place)
{
	const char *text = json_place_string(place);
	HourWindow	window;

	if (!parse_time(&text, &window.from) || *text++ != '-' || !parse_time(&text, &window.to) || *text != '\0')
		json_place_error(place, "Write it as in \"22:00-06:00\".", "%s is not a window of local time.", json_place_shown(place));
	if (window.from % MICROSECONDS_PER_DAY == window.to)
		json_place_error(place, "Write \"00:00-24:00\" for the whole day.", "%s is empty.", json_place_shown(place));
	if (window.from == MICROSECONDS_PER_DAY)
		json_place_error(place, "Write \"00:00\" for the start of a day.", "%s begins at the end of the day.", json_place_shown(place));
	if (window.to < window.from)
		window.to += MICROSECONDS_PER_DAY;
	return window;
}

static char *
time_text(int64 time)
{
	int			seconds = (int) (time / USECS_PER_SEC);
	char	   *text = psprintf("%02d:%02d", seconds / SECS_PER_HOUR, seconds / SECS_PER_MINUTE % 60);

	return seconds % 60 == 0 ? text : psprintf("%s:%02d", text, seconds % 60);
}

static int
compare_windows(const void *a, const void *b)
{
	const HourWindow *x = a;
	const HourWindow *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void
read_hours(TariffReader *reader, const JsonPlace *object, Condition *condition)
{
	JsonPlace	list;
	int			count = json_place_find_list(object, "hours", MAX_TARIFF_RULES, &list);

	if (count == 0)
		return;
	condition->hours = palloc(count * sizeof(HourWindow));
	for (int i = 0; i < count; i++)
	{
		JsonPlace	place = json_place_element(&list, i);

		condition->hours[i] = window_value(&place);
	}
	qsort(condition->hours, count, sizeof(HourWindow), compare_windows);
	condition->hour_count = (int) qunique(condition->hours, count, sizeof(HourWindow), compare_windows);
	tariff_write_key(reader, "hours");
	tariff_write_json(reader, "[");
	for (int i = 0; i < condition->hour_count; i++)
	{
		HourWindow	window = condition->hours[i];
		bool		crosses = window.to > MICROSECONDS_PER_DAY;

		tariff_write_string(reader, psprintf("%s-%s", time_text(window.from),
									  time_text(window.to - (crosses ? MICROSECONDS_PER_DAY : 0))));
	}
	tariff_end_list(reader);
}

static void
read_weekdays(TariffReader *reader, const JsonPlace *object, Condition *condition)
{
	JsonPlace	list;
	int			count = json_place_find_list(object, "weekdays", MAX_TARIFF_RULES, &list);

	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
	{
		JsonPlace	place = json_place_element(&list, i);

		condition->weekdays |= 1 << json_place_choice(&place, day_names, lengthof(day_names));
	}
	tariff_write_key(reader, "weekdays");
	tariff_write_json(reader, "[");
	for (int day = 0; day < (int) lengthof(day_names); day++)
		if (condition->weekdays & (1 << day))
			tariff_write_string(reader, day_names[day]);
	tariff_end_list(reader);
}

static void
read_date_of(TariffReader *reader, const JsonPlace *object, Condition *condition)
{
	condition->date_of_instant = tariff_read_choice(reader, object, "date_of", date_of_names, lengthof(date_of_names), 0) == 1;
	if (condition->date_of_instant && condition->weekdays == 0 && !condition->has_dates && !condition->has_calendars)
		json_place_error(object, NULL, "\"date_of\" says how weekdays, dates and calendars are asked, and none is given.");
}

/* Even with no bounds it is a test: not before the start. */
static void
read_elapsed(TariffReader *reader, const JsonPlace *object, Condition *condition)
{
	JsonPlace	place;
	Quantity	from,
				to;

	if (!tariff_begin_member(reader, object, "elapsed", elapsed_keys, &place))
		return;
	condition->has_elapsed = true;
	tariff_read_quantity(reader, &place, "from", OF_TIME | WHOLE | ZERO_IS_DEFAULT, &from);
	condition->elapsed_from = (int64) from.value.num;
	condition->elapsed_to = PG_INT64_MAX;
	if (tariff_read_quantity(reader, &place, "to", OF_TIME | WHOLE, &to))
		condition->elapsed_to = (int64) to.value.num;
	if (condition->elapsed_from >= condition->elapsed_to)
		json_place_error(&place, NULL, "\"from\" is not before \"to\".");
	tariff_end_object(reader);
}

/* All tests but `not`; true if there is any. */
static bool
read_tests(TariffReader *reader, const JsonPlace *place, Condition *condition)
{
	read_hours(reader, place, condition);
	read_weekdays(reader, place, condition);
	condition->has_dates = tariff_read_dates(reader, place, &condition->dates);
	condition->has_calendars = tariff_read_calendar_names(reader, place, &condition->calendar_dates);
	read_date_of(reader, place, condition);
	read_elapsed(reader, place, condition);
	condition->first_attribute = reader->tariff->attribute_test_count;
	condition->attribute_count = tariff_read_attribute_tests(reader, place);
	return condition->hour_count > 0 || condition->weekdays != 0 || condition->has_dates ||
		condition->has_calendars || condition->has_elapsed || condition->attribute_count > 0;
}

static Condition *
read_negated(TariffReader *reader, const JsonPlace *place)
{
	JsonPlace	negated;
	Condition  *condition;

	if (!tariff_begin_member(reader, place, "not", negated_keys, &negated))
		return NULL;
	condition = palloc0(sizeof(Condition));
	if (!read_tests(reader, &negated, condition))
		json_place_error(&negated, NULL, "The condition is always true, so it never fails to hold.");
	tariff_end_object(reader);
	return condition;
}

static Evaluation
read_evaluation(TariffReader *reader, const JsonPlace *place, Evaluation absent, bool unit_allowed)
{
	JsonPlace	member;
	Evaluation	evaluate = tariff_read_choice(reader, place, "evaluate", evaluation_names, lengthof(evaluation_names), absent);

	if (evaluate == EVALUATE_UNIT && !unit_allowed && json_place_find(place, "evaluate", &member))
		json_place_error(&member, NULL, "Only rates and multipliers are evaluated by \"unit\".");
	return evaluate;
}

/* The member `when`; NULL if it always holds, or is not there. */
Condition *
tariff_read_condition(TariffReader *reader, const JsonPlace *object, Evaluation absent, bool unit_allowed)
{
	int			start = reader->out->len;
	JsonPlace	place;
	Condition  *condition;
	bool		has_tests;

	if (!tariff_begin_member(reader, object, "when", condition_keys, &place))
		return NULL;
	condition = palloc0(sizeof(Condition));
	has_tests = read_tests(reader, &place, condition);
	condition->negated = read_negated(reader, &place);
	condition->evaluate = read_evaluation(reader, &place, absent, unit_allowed);
	if (condition->negated != NULL)
		condition->negated->evaluate = condition->evaluate;
	else if (!has_tests && condition->evaluate != absent)
		json_place_error(&place, NULL, "The condition has nothing to evaluate.");
	return tariff_end_member(reader, start) ? condition : NULL;
}

/* The same for cash, of which an empty condition is not the default. */
Condition *
tariff_read_cash_condition(TariffReader *reader, const JsonPlace *cash)
{
	int			start = reader->out->len;
	const char *written;
	JsonPlace	when;
	Condition  *condition = tariff_read_condition(reader, cash, EVALUATE_START, false);

	if (condition == NULL && json_place_find(cash, "when", &when))
	{
		tariff_write_key(reader, "when");
		tariff_write_json(reader, "{}");
		return NULL;
	}
	if (condition == NULL)
	{
		condition = palloc0(sizeof(Condition));
		condition->evaluate = EVALUATE_START;
		condition->first_attribute = tariff_add_attribute_test(reader, CASH_NAME, "[" CASH_VALUE "]");
		condition->attribute_count = 1;
		return condition;
	}
	written = reader->out->data + start;
	if (strcmp(written + strspn(written, ", "), CASH_CONDITION) == 0)
		tariff_unwrite(reader, start);
	return condition;
}
