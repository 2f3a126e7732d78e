/*
 * amount_fn.c
 *		SQL: amounts that are shared out and rounded, whatever size they have.
 *
 * Only such operations of numeric are used as are exact: sums, products, and division
 * with a remainder.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/money/currency.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(tripmeter_allocate);
PG_FUNCTION_INFO_V1(tripmeter_round_amount);
PG_FUNCTION_INFO_V1(tripmeter_round_cash);

#define MAX_AMOUNT_DIGITS	12
#define MAX_WEIGHTS			1000000

static Numeric
calculate(PGFunction operation, Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(operation, NumericGetDatum(a), NumericGetDatum(b)));
}

static int
compare(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static Numeric
negate(Numeric a)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_uminus, NumericGetDatum(a)));
}

static Numeric
absolute(Numeric a)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_abs, NumericGetDatum(a)));
}

/* With so many decimals, rounding half up. */
static Numeric
to_scale(Numeric a, int digits)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(a), Int32GetDatum(digits)));
}

static Numeric
power_of_ten(int exponent)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e%d", exponent)),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static char *
numeric_text(Numeric a)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(a)));
}

static void
check_finite(Numeric amount)
{
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount must be finite"),
				 errdetail("It is %s.", numeric_text(amount))));
}

/* Allocation by the largest remainder */

typedef struct Share
{
	Numeric		units;			/* that it certainly has */
	Numeric		remainder;		/* over the sum of the weights: the part of a unit that it lacks */
	int			position;
} Share;

static void
check_digits(int digits, Numeric amount)
{
	if (digits < 0 || digits > MAX_AMOUNT_DIGITS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("digits of an allocation must be from 0 to %d", MAX_AMOUNT_DIGITS),
				 errdetail("They are %d.", digits)));
	if (compare(amount, to_scale(amount, digits)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount to allocate must have no more decimals than its shares"),
				 errdetail("It is %s, to be allocated in %d digits.", numeric_text(amount), digits),
				 errhint("Round it first, or allow more digits.")));
}

static void
check_weight(Numeric weight, int position)
{
	if (numeric_is_nan(weight) || numeric_is_inf(weight) || compare(weight, int64_to_numeric(0)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a weight of an allocation must be finite and not negative"),
				 errdetail("Weight %d is %s.", position, numeric_text(weight))));
}

/* The weights, as an array of *count Datums. */
static Datum *
read_weights(ArrayType *array, int *count)
{
	Datum	   *weights;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("the weights of an allocation must be an array of one dimension"),
				 errdetail("It has %d.", ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a weight of an allocation must not be NULL"),
				 errhint("Give 0 to whom nothing is allocated.")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*count == 0 || *count > MAX_WEIGHTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an allocation must have from 1 to %d weights", MAX_WEIGHTS),
				 errdetail("There are %d.", *count)));
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &weights, NULL, count);
	return weights;
}

static Numeric
sum_of_weights(const Datum *weights, int count)
{
	Numeric		sum = int64_to_numeric(0);

	for (int i = 0; i < count; i++)
	{
		Numeric		before = sum;

		check_weight(DatumGetNumeric(weights[i]), i + 1);
		sum = calculate(numeric_add, before, DatumGetNumeric(weights[i]));
		pfree(before);
		CHECK_FOR_INTERRUPTS();
	}
	if (compare(sum, int64_to_numeric(0)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the weights of an allocation must not all be 0")));
	return sum;
}

/* Whom the next unit goes to: the largest remainder, of equal ones the first. */
static int
compare_shares(const void *a, const void *b)
{
	const Share *x = a;
	const Share *y = b;
	int			order = compare(y->remainder, x->remainder);

	CHECK_FOR_INTERRUPTS();
	return order != 0 ? order : x->position - y->position;
}

/*
 * Share whole units out, which are not negative, in order of the remainders.  Returns
 * how many of the shares get one more.
 */
static int
share_units(Numeric units, const Datum *weights, int count, Share *shares)
{
	Numeric		sum = sum_of_weights(weights, count);
	Numeric		left = units;

	for (int i = 0; i < count; i++)
	{
		Numeric		product = calculate(numeric_mul, units, DatumGetNumeric(weights[i]));

		shares[i].position = i;
		shares[i].units = calculate(numeric_div_trunc, product, sum);
		shares[i].remainder = calculate(numeric_mod, product, sum);
		left = calculate(numeric_sub, left, shares[i].units);
		pfree(product);
		CHECK_FOR_INTERRUPTS();
	}
	qsort(shares, count, sizeof(Share), compare_shares);
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(left)));
}

/* allocate(amount numeric, weights numeric[], digits integer) */
Datum
tripmeter_allocate(PG_FUNCTION_ARGS)
{
	Numeric		amount = PG_GETARG_NUMERIC(0);
	int			digits = PG_GETARG_INT32(2);
	int			count;
	Datum	   *weights = read_weights(PG_GETARG_ARRAYTYPE_P(1), &count);
	Numeric		unit = power_of_ten(-digits);
	Numeric		one = int64_to_numeric(1);
	Datum	   *parts = palloc(count * sizeof(Datum));
	Share	   *shares = palloc(count * sizeof(Share));
	bool		negative;
	int			more;

	check_finite(amount);
	check_digits(digits, amount);
	negative = compare(amount, int64_to_numeric(0)) < 0;
	more = share_units(to_scale(calculate(numeric_mul, absolute(amount), power_of_ten(digits)), 0),
					   weights, count, shares);
	for (int i = 0; i < count; i++)
	{
		Numeric		units = i < more ? calculate(numeric_add, shares[i].units, one) : shares[i].units;
		Numeric		part = calculate(numeric_mul, units, unit);

		parts[shares[i].position] = NumericGetDatum(negative ? negate(part) : part);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(parts, count, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* Rounding */

static RoundingMode
find_mode(const char *name)
{
	for (int mode = ROUND_HALF_UP; mode <= ROUND_DOWN; mode++)
		if (strcmp(name, money_rounding_names[mode]) == 0)
			return mode;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown rounding mode: \"%s\"", name),
			 errhint("The modes are half_up, half_even, half_down, up and down.")));
}

static Currency
find_currency(const char *code)
{
	Currency	currency;

	if (!currency_find(code, &currency))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown currency: \"%s\"", code),
				 errhint("Give a code of ISO 4217 in capital letters, such as EUR.")));
	return currency;
}

/* Which of the multiples of a step around it, by the distance to the lower one? */
static bool
rounds_up(Numeric lower, Numeric above, Numeric step, RoundingMode mode)
{
	int			half = compare(calculate(numeric_add, above, above), step);

	switch (mode)
	{
		case ROUND_UP:
			return compare(above, int64_to_numeric(0)) > 0;
		case ROUND_DOWN:
			return false;
		case ROUND_HALF_UP:
			return half >= 0;
		case ROUND_HALF_DOWN:
			return half > 0;
		case ROUND_HALF_EVEN:
			break;
	}
	if (half == 0)
		return compare(calculate(numeric_mod, lower, calculate(numeric_add, step, step)),
					   int64_to_numeric(0)) != 0;
	return half > 0;
}

static Numeric
round_to_step(Numeric amount, Numeric step, RoundingMode mode)
{
	Numeric		size = absolute(amount);
	Numeric		above = calculate(numeric_mod, size, step);
	Numeric		lower = calculate(numeric_sub, size, above);
	Numeric		rounded = rounds_up(lower, above, step, mode) ? calculate(numeric_add, lower, step) : lower;

	return compare(amount, size) == 0 ? rounded : negate(rounded);
}

/* Both functions: (amount numeric, currency text, mode text) */
static Datum
round_argument(FunctionCallInfo fcinfo, bool cash)
{
	Numeric		amount = PG_GETARG_NUMERIC(0);
	Currency	currency = find_currency(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	RoundingMode mode = find_mode(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Numeric		step = power_of_ten(-currency.digits);

	check_finite(amount);
	/* a cash step is a fraction of a power of ten, so this division is exact */
	if (cash)
		step = calculate(numeric_div, int64_to_numeric((int64) currency.cash_step.num),
						 int64_to_numeric((int64) currency.cash_step.den));
	return NumericGetDatum(to_scale(round_to_step(amount, step, mode), currency.digits));
}

Datum
tripmeter_round_amount(PG_FUNCTION_ARGS)
{
	return round_argument(fcinfo, false);
}

Datum
tripmeter_round_cash(PG_FUNCTION_ARGS)
{
	return round_argument(fcinfo, true);
}
