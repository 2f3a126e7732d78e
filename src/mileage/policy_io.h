/*
 * policy_io.h
 *		Mileage policies as values of SQL.
 */
#ifndef TRIPMETER_POLICY_IO_H
#define TRIPMETER_POLICY_IO_H

#include <string.h>

#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "mileage/policy.h"

#define DatumGetMileagePolicyP(datum)	((MileagePolicy *) DatumGetPointer(datum))
#define MileagePolicyPGetDatum(policy)	PointerGetDatum(policy)

extern const MileagePolicy default_mileage_policy;

extern double interval_seconds(const Interval *interval, const char *what);
extern char *mileage_policy_text(const MileagePolicy *policy);
extern void mileage_policy_write(const MileagePolicy *policy, StringInfo out);
extern void mileage_policy_read(MileagePolicy *policy, StringInfo in);

static inline bool
mileage_policy_equal(const MileagePolicy *a, const MileagePolicy *b)
{
	return memcmp(a, b, sizeof(MileagePolicy)) == 0;
}

#endif							/* TRIPMETER_POLICY_IO_H */
