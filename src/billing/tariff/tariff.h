/*
 * tariff.h
 *		A tariff, compiled: what doc/billing.md describes, as structs.  Pure C.
 *
 * Lengths are in millimetres, times in microseconds, instants in microseconds of
 * PostgreSQL's epoch, dates in days of it, times of day in microseconds since local
 * midnight.  A list is a count and an array.  Names are never NULL.
 */
#ifndef TRIPMETER_TARIFF_H
#define TRIPMETER_TARIFF_H

#include "billing/money/exact.h"

#define TARIFF_FORMAT_VERSION	1

/* What a list of a tariff may hold at most, and how deep bits of masks go. */
#define MAX_TARIFF_RULES		1000
#define MAX_MULTIPLIERS			32
#define MAX_CAPS				8

typedef enum Dimension
{
	DISTANCE, TIME, MOVING, STOPPED, RESERVED,
	DIMENSION_COUNT
} Dimension;

/* What else a multiplier may be applied to, by the same kind of bit. */
#define MULTIPLIES_BASE		DIMENSION_COUNT
#define MULTIPLIES_METER	(DIMENSION_COUNT + 1)

typedef enum Evaluation
{
	EVALUATE_SEGMENT, EVALUATE_START, EVALUATE_UNIT
} Evaluation;

/* A window of the local clock; one that crosses midnight ends after 24 hours. */
typedef struct HourWindow
{
	int64_t		from;
	int64_t		to;
} HourWindow;

typedef struct DateRange
{
	int32_t		first;
	int32_t		last;			/* included */
} DateRange;

typedef struct DateList
{
	int			count;
	DateRange  *ranges;
} DateList;

/*
 * All that is given must hold.  A condition without any test is always true, and is
 * NULL where a rule points to its condition.
 */
typedef struct Condition
{
	Evaluation	evaluate;
	int			hour_count;
	HourWindow *hours;
	uint8_t		weekdays;		/* 1 << day, Monday is 0; 0: any day */
	bool		date_of_instant;
	bool		has_dates;
	DateList	dates;			/* of `dates`, in order of their first dates */
	bool		has_calendars;
	DateList	calendar_dates; /* of all the calendars named, together */
	bool		has_elapsed;
	int64_t		elapsed_from;
	int64_t		elapsed_to;		/* INT64_MAX: no end */
	int			attribute_count;	/* tests: Tariff.attribute_tests from the first on */
	int			first_attribute;
	struct Condition *negated;	/* `not`: must not hold; or NULL */
	int			window_test;	/* what the timeline calls its windows, from 1 on; 0: nothing */
	bool		only_windows;	/* so that the timeline's answer is all */
} Condition;

/* Is an attribute one of these values?  The values are the JSON text of an array. */
typedef struct AttributeTest
{
	const char *name;
	const char *values;
} AttributeTest;

typedef enum TierMode
{
	NO_TIERS, GRADUATED, VOLUME, PACKAGE
} TierMode;

typedef struct Tier
{
	bool		has_to;
	Rational	to;				/* in units, included */
	Rational	price;			/* a unit */
	Rational	flat;
} Tier;

typedef enum StepRounding
{
	STEP_UP, STEP_DOWN, STEP_NEAREST,
	STEP_NONE					/* the step is only what is judged as a unit */
} StepRounding;

typedef struct Rate
{
	const char *name;
	Dimension	dimension;
	bool		once;			/* the price is charged once, unit is not used */
	Rational	price;			/* a unit; not used with tiers */
	const char *unit_name;		/* as bills have it, such as "15 min" */
	Rational	unit;			/* mm or us, positive; of tiers too */
	TierMode	tier_mode;
	int			tier_count;
	Tier	   *tiers;
	Rational	from;			/* mm or us */
	bool		has_to;
	Rational	to;
	bool		has_step;
	Rational	step;
	StepRounding step_rounding;
	Rational	free;			/* 0: none */
	bool		per_rental;
	Condition  *when;			/* or NULL: always */
} Rate;

typedef enum MeterMode
{
	METER_S, METER_D, METER_K
} MeterMode;

typedef enum GapTreatment
{
	GAP_AS_LEG, GAP_AS_DISTANCE, GAP_AS_TIME, GAP_AS_NOTHING
} GapTreatment;

typedef struct MeterRate
{
	bool		given;
	Rational	price;			/* a unit */
	const char *unit_name;
	Rational	unit;			/* mm or us */
} MeterRate;

typedef struct Meter
{
	MeterMode	mode;
	MeterRate	distance;
	MeterRate	time;
	bool		has_crossover;
	Rational	crossover;		/* mm a us */
	bool		has_increment;
	Rational	increment;
	bool		in_advance;
	bool		covers_time;	/* is what the base covers a time? else a length */
	Rational	covers;			/* mm or us; 0: nothing */
	GapTreatment gap;
} Meter;

typedef struct Multiplier
{
	const char *name;
	int			group;			/* equal numbers: one group; from 0 on, in order */
	Rational	factor;
	uint32_t	to;				/* 1 << Dimension, MULTIPLIES_BASE, MULTIPLIES_METER */
	Condition  *when;
} Multiplier;

/* A flat fare, a surcharge, or a discount. */
typedef struct Charge
{
	const char *name;
	bool		is_percent;		/* of a discount */
	int			attribute;		/* the amount is Tariff.amount_attributes[this]; or -1 */
	Rational	amount;			/* or the percent */
	Condition  *when;
} Charge;

typedef enum CapWindow
{
	CAP_ROLLING, CAP_DAY, CAP_WEEK, CAP_MONTH
} CapWindow;

typedef struct Cap
{
	Rational	amount;
	CapWindow	window;
	int64_t		length;			/* of a rolling window, us */
} Cap;

/* Kinds of lines, in the order of a bill; the first are the dimensions. */
typedef enum LineKind
{
	LINE_DISTANCE, LINE_TIME, LINE_MOVING, LINE_STOPPED, LINE_RESERVED,
	LINE_BASE, LINE_FREE, LINE_METER, LINE_GAP, LINE_WAITING, LINE_FLAT, LINE_SURCHARGE,
	LINE_MINIMUM, LINE_MAXIMUM, LINE_CAP, LINE_DISCOUNT, LINE_TAX,
	LINE_ROUNDING, LINE_CASH,
	LINE_FEE, LINE_TRIPS, LINE_DAILY_CAP, LINE_ALLOWANCE,	/* of invoices */
	LINE_KIND_COUNT
} LineKind;

/* A percent for lines of a kind, or of a name. */
typedef struct TaxRule
{
	bool		by_kind;
	LineKind	kind;
	const char *name;
	Rational	percent;
} TaxRule;

typedef struct Tax
{
	Rational	percent;
	bool		included;
	int			rule_count;
	TaxRule    *rules;
} Tax;

typedef struct Rounding
{
	bool		given;
	Rational	step;
	RoundingMode mode;
} Rounding;

/* What a plan includes in a period. */
typedef struct Allowance
{
	const char *name;
	Dimension	dimension;		/* DISTANCE or TIME */
	Rational	included;		/* mm or us */
	bool		pooled;			/* for each member */
	bool		prorated;		/* by the days of the period */
} Allowance;

typedef struct Period
{
	bool		given;
	Rational	fee;
	bool		fee_pooled;
	bool		fee_prorated;
	int			allowance_count;
	Allowance  *allowances;
	int			rate_count;		/* over what the allowances leave; no conditions */
	Rate	   *rates;
	bool		has_daily_cap;
	Rational	daily_cap;
	bool		has_minimum;
	Rational	minimum;
	bool		has_maximum;
	Rational	maximum;
	int			discount_count;	/* without conditions */
	Charge	   *discounts;
} Period;

typedef struct Calendar
{
	const char *name;
	DateList	dates;
} Calendar;

typedef struct Tariff
{
	char		currency[4];
	int			currency_digits;
	int			fare_digits;	/* behind the point: of the currency, or of the fare's step */
	const char *time_zone;
	Rounding	line_rounding;
	Rounding	fare_rounding;	/* always given */
	Rounding	cash_rounding;
	Condition  *cash_when;
	Rational	base;
	bool		select_first[DIMENSION_COUNT];
	int			rate_count;
	Rate	   *rates;
	bool		has_meter;
	Meter		meter;
	int			multiplier_count;
	int			group_count;
	Multiplier *multipliers;
	int			flat_fare_count;
	Charge	   *flat_fares;
	int			surcharge_count;
	Charge	   *surcharges;
	bool		has_minimum;
	Rational	minimum;
	bool		has_maximum;
	Rational	maximum;
	int			cap_count;
	Cap		   *caps;
	int			discount_count;
	Charge	   *discounts;
	bool		has_tax;
	Tax			tax;
	int			calendar_count;
	Calendar   *calendars;
	Period		period;
	int			attribute_test_count;
	AttributeTest *attribute_tests;
	int			amount_attribute_count;
	const char **amount_attributes;
} Tariff;

#endif							/* TRIPMETER_TARIFF_H */
