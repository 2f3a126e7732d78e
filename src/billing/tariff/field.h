/*
 * field.h
 *		The fields that the objects of a tariff are made of: read, checked and written.
 */
#ifndef TRIPMETER_TARIFF_FIELD_H
#define TRIPMETER_TARIFF_FIELD_H

#include "lib/stringinfo.h"

#include "billing/tariff/compiled.h"
#include "billing/tariff/json_place.h"

/* A document that is being read. */
typedef struct TariffReader
{
	CompiledTariff *compiled;
	Tariff	   *tariff;			/* of it */
	StringInfo	out;			/* the canonical form of what has been read so far */
	int			currency_digits;	/* amounts are written with at least so many */
	int			attribute_test_room;	/* of Tariff.attribute_tests */
	const char *groups[MAX_MULTIPLIERS];	/* names by number; NULL: of a multiplier without one */
	int			date_copies;	/* in conditions that name several calendars */
} TariffReader;

/* What a decimal or a quantity has to be. */
#define REQUIRED		1
#define NOT_NEGATIVE	2
#define POSITIVE		4
#define ZERO_IS_DEFAULT	8		/* left out of the canonical form */
#define AMOUNT			16		/* written with at least the currency's digits */
#define OF_LENGTH		32
#define OF_TIME			64
#define OF_SPEED		128
#define WHOLE			256		/* a whole number of mm or us */

typedef struct Quantity
{
	Rational	value;			/* in mm or us, or in mm a us */
	int			kind;			/* OF_LENGTH, OF_TIME or OF_SPEED */
	const char *text;			/* canonical */
} Quantity;

/* Writing the canonical form. */
extern void tariff_write_key(TariffReader *reader, const char *key);
extern void tariff_write_string(TariffReader *reader, const char *text);
extern void tariff_write_json(TariffReader *reader, const char *json);
extern void tariff_unwrite(TariffReader *reader, int start);

/* Reading an object or a list, and writing its brackets. */
typedef void (*ReadItem) (TariffReader *reader, const JsonPlace *place, void *item);
extern void tariff_begin_object(TariffReader *reader, const JsonPlace *place,
								const char *const *keys);
extern void tariff_end_object(TariffReader *reader);
extern bool tariff_begin_member(TariffReader *reader, const JsonPlace *object, const char *key,
								const char *const *keys, JsonPlace *member);
extern bool tariff_end_member(TariffReader *reader, int start);
extern void tariff_end_list(TariffReader *reader);
extern int	tariff_read_list(TariffReader *reader, const JsonPlace *object, const char *key, int max,
							 size_t item_size, void *items, ReadItem read_item);

/* Reading a field, and writing it. */
extern bool tariff_read_decimal(TariffReader *reader, const JsonPlace *object, const char *key,
								int options, Rational *value);
extern bool tariff_read_quantity(TariffReader *reader, const JsonPlace *object, const char *key,
								 int options, Quantity *quantity);
extern const char *tariff_read_string(TariffReader *reader, const JsonPlace *object,
									  const char *key, const char *absent);
extern int	tariff_read_choice(TariffReader *reader, const JsonPlace *object, const char *key,
							   const char *const *words, int count, int absent);
extern bool tariff_read_flag(TariffReader *reader, const JsonPlace *object, const char *key);

extern void tariff_check_not_above(const JsonPlace *object, bool both, Rational minimum,
								   Rational maximum);
extern int	tariff_dimension_kind(Dimension dimension);

#endif							/* TRIPMETER_TARIFF_FIELD_H */
