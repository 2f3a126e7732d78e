/*
 * read.h
 *		Reading a tariff: each function reads a key, checks it, fills the struct, and
 *		writes the canonical form.
 *
 * Reading the canonical form again gives the same struct, and the same form.
 */
#ifndef TRIPMETER_TARIFF_READ_H
#define TRIPMETER_TARIFF_READ_H

#include "lib/stringinfo.h"

#include "billing/tariff/json_place.h"
#include "billing/tariff/value.h"

typedef struct TariffReader
{
	CompiledTariff *compiled;
	Tariff	   *tariff;			/* of it */
	StringInfo	out;			/* the canonical form of what was read so far */
	int			currency_digits;
	int			attribute_test_room;
	const char *groups[MAX_MULTIPLIERS];	/* of multipliers; NULL: of one without */
	int			date_copies;	/* in conditions that name several calendars */
} TariffReader;

/* What a decimal or a quantity has to be. */
#define REQUIRED		1
#define NOT_NEGATIVE	2
#define POSITIVE		4
#define ZERO_IS_DEFAULT	8		/* left out of the canonical form */
#define AMOUNT			16		/* with at least the currency's digits */
#define OF_LENGTH		32
#define OF_TIME			64
#define OF_SPEED		128
#define WHOLE			256		/* a whole number of mm or us */

/* A quantity in mm or us, or a speed in mm a us. */
typedef struct Quantity
{
	Rational	value;
	int			kind;			/* OF_LENGTH, OF_TIME or OF_SPEED */
	const char *text;			/* canonical */
} Quantity;

/* tariff_field.c: the fields of objects, and writing */
extern void write_key(TariffReader *reader, const char *key);
extern void write_string(TariffReader *reader, const char *text);
extern void write_text(TariffReader *reader, const char *json);
extern void begin_object(TariffReader *reader, const JsonPlace *place, const char *const *keys);
extern void end_object(TariffReader *reader);
extern void end_list(TariffReader *reader);
extern void unwrite(TariffReader *reader, int start);
extern bool end_member(TariffReader *reader, int start);
extern bool begin_member(TariffReader *reader, const JsonPlace *object, const char *key,
						 const char *const *keys, JsonPlace *member);

typedef void (*ReadItem) (TariffReader *reader, const JsonPlace *place, void *item);
extern int	read_list(TariffReader *reader, const JsonPlace *object, const char *key, int max,
					  size_t item_size, void *items, ReadItem read_item);

extern bool read_decimal(TariffReader *reader, const JsonPlace *object, const char *key, int options,
						 Rational *value);
extern void check_not_above(const JsonPlace *object, bool both, Rational minimum, Rational maximum);
extern bool read_quantity(TariffReader *reader, const JsonPlace *object, const char *key, int options,
						  Quantity *quantity);
extern const char *read_string(TariffReader *reader, const JsonPlace *object, const char *key,
							   const char *absent);
extern int	read_choice(TariffReader *reader, const JsonPlace *object, const char *key,
						const char *const *words, int count, int absent);
extern bool read_flag(TariffReader *reader, const JsonPlace *object, const char *key);
extern int	dimension_kind(Dimension dimension);

/* condition_read.c */
extern Condition *read_condition(TariffReader *reader, const JsonPlace *object, Evaluation absent,
								 bool unit_allowed);
extern Condition *read_cash_condition(TariffReader *reader, const JsonPlace *cash);

/* attribute_read.c */
extern int	read_attribute_tests(TariffReader *reader, const JsonPlace *object);
extern int	add_attribute_test(TariffReader *reader, const char *name, const char *values);

/* date_read.c */
extern bool read_dates(TariffReader *reader, const JsonPlace *object, DateList *dates);
extern void read_calendars(TariffReader *reader, const JsonPlace *top);
extern bool read_calendar_names(TariffReader *reader, const JsonPlace *object, DateList *dates);

/* rate_read.c */
extern void read_rate(TariffReader *reader, const JsonPlace *place, void *item);
extern void read_plan_rate(TariffReader *reader, const JsonPlace *place, void *item);

/* meter_read.c */
extern void read_meter(TariffReader *reader, const JsonPlace *top);

/* charge_read.c */
extern void read_multipliers(TariffReader *reader, const JsonPlace *top);
extern void read_flat_fare(TariffReader *reader, const JsonPlace *place, void *item);
extern void read_surcharge(TariffReader *reader, const JsonPlace *place, void *item);
extern void read_discount(TariffReader *reader, const JsonPlace *place, void *item);
extern void read_cap(TariffReader *reader, const JsonPlace *place, void *item);
extern void read_tax(TariffReader *reader, const JsonPlace *top);
extern void check_tax_names(TariffReader *reader, const JsonPlace *top);

/* plan_read.c */
extern void read_period(TariffReader *reader, const JsonPlace *top);

/* tariff_read.c */
extern CompiledTariff *tariff_read(Jsonb *document, StringInfo out, JsonEscape *escape);

/* tariff_value.c */
extern bool tariff_value(Jsonb *document, Node *escontext, Datum *value);
extern bool tariff_parse(const char *text, size_t length, Node *escontext, Jsonb **document);

#endif							/* TRIPMETER_TARIFF_READ_H */
