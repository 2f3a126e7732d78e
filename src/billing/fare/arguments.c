/*
 * arguments.c
 *		Arguments of SQL functions that describe a trip, checked.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "billing/fare/arguments.h"
#include "billing/fare/trip.h"
#include "compat.h"

/* Return a distance in metres as millimetres. */
int64
fare_distance_argument(FunctionCallInfo fcinfo, int arg)
{
	float8		metres = PG_GETARG_FLOAT8(arg);
	float8		mm = rint(metres * 1000);

	/* NaN is not >= 0 */
	if (!(metres >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("distance of a trip must not be negative"),
				 errdetail("Its value is %g.", metres)));
	if (mm > (float8) MAX_TRIP_MILLIMETRES)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("distance of a trip is out of range"),
				 errdetail("Its value is %g metres.", metres)));
	return (int64) mm;
}

void
fare_check_duration(int64 time)
{
	if (time > MAX_TRIP_MICROSECONDS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("duration of a trip is out of range"),
				 errdetail("It is more than a century.")));
}

/* Return an interval as microseconds. */
int64
fare_duration_argument(FunctionCallInfo fcinfo, int arg)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(arg);
	int64		time;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration of a trip must not contain months or years"),
				 errdetail("A month has no fixed length."),
				 errhint("Give it in days, hours, minutes or seconds.")));
	if (__builtin_add_overflow((int64) interval->day * USECS_PER_DAY, interval->time, &time))
		time = PG_INT64_MAX;
	fare_check_duration(time);
	if (time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration of a trip must not be negative")));
	return time;
}

int64
fare_start_argument(FunctionCallInfo fcinfo, int arg)
{
	TimestampTz start = PG_GETARG_TIMESTAMPTZ(arg);

	if (TIMESTAMP_NOT_FINITE(start))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("start of a trip must be finite")));
	return start;
}
