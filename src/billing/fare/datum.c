/*
 * datum.c
 *		Bills as values of SQL.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/fare/datum.h"
#include "compat.h"

/* Digits behind the point of an exact amount. */
#define EXACT_DIGITS	"20"

void
fare_report_out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("fare out of range"),
			 errdetail("An amount or a fraction on the way to it does not fit into 128 bits."),
			 errhint("Look for a price or a quantity that is too large, or has too many digits.")));
}

/* Return an amount of so many units of the bill. */
Datum
fare_amount_datum(const FareBill *bill, int64 units)
{
	int			digits = bill->tariff->fare_digits;
	Int128		scaled = (Int128) units * bill->unit.num;

	for (int i = 0; i < digits; i++)
		scaled *= 10;
	scaled /= bill->unit.den;
	if (scaled > PG_INT64_MAX || scaled < PG_INT64_MIN)
		fare_report_out_of_range();
	return NumericGetDatum(int64_div_fast_to_numeric((int64) scaled, digits));
}

static void
print_int128(char *text, Int128 value)
{
	char		digits[40];
	int			count = 0;
	UInt128		rest = value < 0 ? -(UInt128) value : (UInt128) value;

	do
	{
		digits[count++] = '0' + (char) (rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*text++ = '-';
	while (count > 0)
		*text++ = digits[--count];
	*text = '\0';
}

static Datum
numeric_of_text(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/* Return a fraction to 20 places, without zeros at its end. */
static Datum
rational_datum(Rational value)
{
	char		num[48];
	char		den[48];
	Datum		quotient;

	value = rational_reduce(value);
	if (!in_range(value))
		fare_report_out_of_range();
	print_int128(num, value.num);
	if (value.den == 1)
		return numeric_of_text(num);
	strlcat(num, "e" EXACT_DIGITS, sizeof(num));
	print_int128(den, value.den);
	quotient = DirectFunctionCall2(numeric_div_trunc, numeric_of_text(num), numeric_of_text(den));
	quotient = DirectFunctionCall2(numeric_mul, quotient, numeric_of_text("1e-" EXACT_DIGITS));
	return DirectFunctionCall1(numeric_trim_scale, quotient);
}

/*
 * Write the columns quantity, billed_quantity, unit, rate, factor, exact_amount and
 * amount of a line.
 */
void
fare_line_columns(const FareBill *bill, const BillLine *line, Datum *values, bool *nulls)
{
	/* trips have prices of their own */
	bool		has_rate = line->unit != NULL && line->kind != LINE_TRIPS;

	nulls[0] = nulls[1] = nulls[2] = line->unit == NULL;
	nulls[3] = nulls[4] = !has_rate;
	nulls[5] = nulls[6] = false;
	if (line->unit != NULL)
	{
		values[0] = rational_datum(line->quantity);
		values[1] = rational_datum(line->billed);
		values[2] = CStringGetTextDatum(line->unit);
	}
	if (has_rate)
	{
		values[3] = rational_datum(line->rate);
		values[4] = rational_datum(line->factor);
	}
	values[5] = rational_datum(line->exact);
	values[6] = fare_amount_datum(bill, line->amount);
}
