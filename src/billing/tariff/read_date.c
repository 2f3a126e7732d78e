/*
 * read_date.c
 *		Lists of dates, and calendars, which are such lists by name.
 */
#include "postgres.h"

#include "lib/qunique.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "billing/tariff/read_date.h"

/* What one list may have, and what the conditions of a tariff may copy of them. */
#define MAX_DATES			10000
#define MAX_DATE_COPIES		1000000

/* "2024-12-25", of a year from 1 on. */
static bool
parse_date(const char *text, int32 *date)
{
	static const char form[] = "dddd-dd-dd";
	int			numbers[3] = {0};
	int			part = 0;
	int			year,
				month,
				day;

	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
		if (form[i] == '-')
			part++;
		else
			numbers[part] = numbers[part] * 10 + text[i] - '0';
	}
	if (numbers[0] == 0 || numbers[1] == 0 || numbers[1] > MONTHS_PER_YEAR || numbers[2] == 0)
		return false;
	/* only a date that there is comes back */
	j2date(date2j(numbers[0], numbers[1], numbers[2]), &year, &month, &day);
	*date = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return month == numbers[1] && day == numbers[2];
}

#define DATE_LENGTH	10

static DateRange
range_value(const JsonPlace *place)
{
	const char *text = json_place_string(place);
	size_t		length = strlen(text);
	DateRange	range;
	bool		valid = length >= DATE_LENGTH && parse_date(text, &range.first);

	if (valid && length == DATE_LENGTH)
		range.last = range.first;
	else if (!valid || length != 2 * DATE_LENGTH + 1 || text[DATE_LENGTH] != '/' ||
			 !parse_date(text + DATE_LENGTH + 1, &range.last))
		json_place_error(place, "Write it as in \"2024-12-25\" or \"2024-12-30/2025-01-02\".",
				   "%s is not a date, or two.", json_place_shown(place));
	if (range.last < range.first)
		json_place_error(place, NULL, "%s ends before it begins.", json_place_shown(place));
	return range;
}

static char *
date_text(int32 date)
{
	int			year,
				month,
				day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return psprintf("%04d-%02d-%02d", year, month, day);
}

static int
compare_ranges(const void *a, const void *b)
{
	const DateRange *x = a;
	const DateRange *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last > y->last) - (x->last < y->last);
}

/* Put them in order, and those that touch into one. */
static void
merge_ranges(DateList *dates)
{
	int			count = 0;

	qsort(dates->ranges, dates->count, sizeof(DateRange), compare_ranges);
	for (int i = 0; i < dates->count; i++)
	{
		DateRange	range = dates->ranges[i];

		if (count > 0 && range.first <= dates->ranges[count - 1].last + 1)
			dates->ranges[count - 1].last = Max(dates->ranges[count - 1].last, range.last);
		else
			dates->ranges[count++] = range;
	}
	dates->count = count;
}

/* A list of so many dates: written in order, each once, and kept merged. */
static void
read_date_list(TariffReader *reader, const JsonPlace *list, int count, DateList *dates)
{
	dates->ranges = palloc(count * sizeof(DateRange));
	for (int i = 0; i < count; i++)
	{
		JsonPlace	place = json_place_element(list, i);

		dates->ranges[i] = range_value(&place);
	}
	qsort(dates->ranges, count, sizeof(DateRange), compare_ranges);
	dates->count = (int) qunique(dates->ranges, count, sizeof(DateRange), compare_ranges);
	tariff_write_json(reader, "[");
	for (int i = 0; i < dates->count; i++)
	{
		DateRange	range = dates->ranges[i];
		const char *first = date_text(range.first);

		tariff_write_string(reader, range.first == range.last ? first : psprintf("%s/%s", first, date_text(range.last)));
	}
	tariff_end_list(reader);
	merge_ranges(dates);
}

/* The member `dates` of a condition; false if it is not there. */
bool
tariff_read_dates(TariffReader *reader, const JsonPlace *object, DateList *dates)
{
	JsonPlace	list;
	int			count = json_place_find_list(object, "dates", MAX_DATES, &list);

	if (count == 0)
		return false;
	tariff_write_key(reader, "dates");
	read_date_list(reader, &list, count, dates);
	return true;
}

/* The member `calendars` of the tariff. */
void
tariff_read_calendars(TariffReader *reader, const JsonPlace *top)
{
	Tariff	   *tariff = reader->tariff;
	int			start = reader->out->len;
	JsonPlace	calendars,
				list;
	JsonMembers members;

	if (!tariff_begin_member(reader, top, "calendars", NULL, &calendars))
		return;
	tariff->calendars = palloc0(json_place_member_count(&calendars, MAX_TARIFF_RULES) * sizeof(Calendar));
	members = json_place_members(&calendars);
	while (json_place_next_member(&members, &list))
	{
		Calendar   *calendar = &tariff->calendars[tariff->calendar_count++];
		int			count = json_place_list_length(&list, MAX_DATES);

		if (count == 0)
			json_place_error(&list, "Give its dates, or leave the calendar out if nothing names it.", "The calendar has no dates.");
		calendar->name = list.key;
		tariff_write_key(reader, list.key);
		read_date_list(reader, &list, count, &calendar->dates);
	}
	tariff_end_member(reader, start);
}

static const Calendar *
find_calendar(const Tariff *tariff, const char *name)
{
	for (int i = 0; i < tariff->calendar_count; i++)
		if (strcmp(tariff->calendars[i].name, name) == 0)
			return &tariff->calendars[i];
	return NULL;
}

/* The dates of one more calendar; those of a single one are not copied. */
static void
add_calendar(TariffReader *reader, const JsonPlace *place, const DateList *added, DateList *dates)
{
	DateRange  *both;

	if (dates->count == 0)
	{
		*dates = *added;
		return;
	}
	reader->date_copies += dates->count + added->count;
	if (reader->date_copies > MAX_DATE_COPIES)
		json_place_error(place, "Put the dates into one calendar, and name that.",
				   "The conditions that name several calendars have more than %d dates.", MAX_DATE_COPIES);
	both = palloc((dates->count + added->count) * sizeof(DateRange));
	memcpy(both, dates->ranges, dates->count * sizeof(DateRange));
	memcpy(both + dates->count, added->ranges, added->count * sizeof(DateRange));
	dates->ranges = both;
	dates->count += added->count;
	merge_ranges(dates);
}

static void
read_calendar_name(TariffReader *reader, const JsonPlace *place, DateList *dates)
{
	const char *name = json_place_string(place);
	const Calendar *calendar = find_calendar(reader->tariff, name);

	tariff_write_string(reader, name);
	if (calendar != NULL)
		add_calendar(reader, place, &calendar->dates, dates);
	else if (!reader->compiled->calendars_missing)
	{
		/* whoever keeps it may have the dates */
		reader->compiled->calendars_missing = true;
		reader->compiled->missing_calendar = name;
	}
}

/* The member `calendars` of a condition; false if it is not there. */
bool
tariff_read_calendar_names(TariffReader *reader, const JsonPlace *object, DateList *dates)
{
	JsonPlace	list;
	int			count = json_place_find_list(object, "calendars", MAX_TARIFF_RULES, &list);

	if (count == 0)
		return false;
	tariff_write_key(reader, "calendars");
	tariff_write_json(reader, "[");
	for (int i = 0; i < count; i++)
	{
		JsonPlace	place = json_place_element(&list, i);

		read_calendar_name(reader, &place, dates);
	}
	tariff_end_list(reader);
	return true;
}
