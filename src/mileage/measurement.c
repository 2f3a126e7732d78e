/*
 * measurement.c
 *		The columns of a mileage report.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/timestamp.h"

#include "mileage/measurement.h"
#include "mileage/policy_io.h"

/*
 * Take the totals of a classifier that has finished, and count the rows that never
 * reached it.  One at (0,0) is invalid or as good as any other, as the policy says.
 */
void
measurement_init(Measurement *m, const LegClassifier *classifier, const LeftOut *left_out)
{
	m->totals = classifier->totals;
	m->left_out = *left_out;
	m->left_out.invalid_count += m->totals.null_island_count;
	if (classifier->policy.reject_null_island)
		m->left_out.invalid_count += left_out->null_island_duplicate_count +
			left_out->null_island_conflict_count;
	else
	{
		m->left_out.duplicate_count += left_out->null_island_duplicate_count;
		m->left_out.conflict_count += left_out->null_island_conflict_count;
	}
}

static double
distance_m(const MileageTotals *totals)
{
	return totals->measured_m + totals->gap_m;
}

/* Metres driven; NULL without a usable fix. */
Datum
mileage_datum(FunctionCallInfo fcinfo, const Measurement *m)
{
	if (m->totals.used_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(distance_m(&m->totals));
}

static Datum
interval_datum(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = microseconds;
	return IntervalPGetDatum(interval);
}

#define REPORT_COLUMNS	23

/* The columns of the type mileage_report, in order; no policy, no state. */
Datum
mileage_report_datum(FunctionCallInfo fcinfo, const Measurement *m,
					 const MileagePolicy *policy)
{
	const MileageTotals *t = &m->totals;
	TupleDesc	desc;
	bool		nulls[REPORT_COLUMNS] = {0};
	int			column = 0;
	Datum		values[REPORT_COLUMNS];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != REPORT_COLUMNS)
		elog(ERROR, "mileage_report has not the columns that this library knows");

	values[column++] = Float8GetDatum(distance_m(t));
	values[column++] = Float8GetDatum(t->raw_m);
	values[column++] = Float8GetDatum(t->jitter_m);
	values[column++] = Float8GetDatum(t->outlier_m);
	values[column++] = Float8GetDatum(t->inaccurate_m);
	values[column++] = Float8GetDatum(t->gap_m);
	values[column++] = Float8GetDatum(t->gap_excluded_m);
	values[column++] = interval_datum(t->moving);
	values[column++] = interval_datum(t->stopped);
	values[column++] = interval_datum(t->gap);
	nulls[column] = nulls[column + 1] = t->used_count == 0;
	values[column++] = TimestampTzGetDatum(t->first_time);
	values[column++] = TimestampTzGetDatum(t->last_time);
	values[column++] = Float8GetDatum(t->top_speed);
	values[column++] = Int64GetDatum(t->used_count);
	values[column++] = Int64GetDatum(t->jitter_count);
	values[column++] = Int64GetDatum(t->outlier_count);
	values[column++] = Int64GetDatum(t->inaccurate_count);
	values[column++] = Int64GetDatum(m->left_out.conflict_count);
	values[column++] = Int64GetDatum(m->left_out.duplicate_count);
	values[column++] = Int64GetDatum(m->left_out.invalid_count);
	values[column++] = Int64GetDatum(m->left_out.null_count);
	values[column++] = Int64GetDatum(t->gap_count);
	nulls[column] = policy == NULL;
	values[column++] = MileagePolicyPGetDatum(policy);
	Assert(column == REPORT_COLUMNS);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
