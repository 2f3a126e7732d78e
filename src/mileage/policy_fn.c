/*
 * policy_fn.c
 *		SQL: comparing mileage policies, by their bytes.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "compat.h"
#include "mileage/policy_io.h"

PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_cmp);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_eq);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_ne);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_lt);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_le);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_ge);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_gt);
PG_FUNCTION_INFO_V1(tripmeter_mileage_policy_hash);

/* An order for DISTINCT and GROUP BY, of no other meaning. */
static int
compare_arguments(FunctionCallInfo fcinfo)
{
	return memcmp(PG_GETARG_POINTER(0), PG_GETARG_POINTER(1), sizeof(MileagePolicy));
}

Datum
tripmeter_mileage_policy_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

Datum
tripmeter_mileage_policy_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum
tripmeter_mileage_policy_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum
tripmeter_mileage_policy_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum
tripmeter_mileage_policy_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum
tripmeter_mileage_policy_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum
tripmeter_mileage_policy_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum
tripmeter_mileage_policy_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_POINTER(0), sizeof(MileagePolicy));
}
