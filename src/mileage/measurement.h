/*
 * measurement.h
 *		A mileage and its account as values of SQL, wherever its fixes come from.
 */
#ifndef TRIPMETER_MEASUREMENT_H
#define TRIPMETER_MEASUREMENT_H

#include "mileage/leg_classifier.h"

/* What became of the rows of a recording. */
typedef struct Measurement
{
	MileageTotals totals;
	LeftOut		left_out;		/* under the policy: those at (0,0) are with the others */
} Measurement;

extern void measurement_init(Measurement *m, const LegClassifier *classifier,
							 const LeftOut *left_out);
extern Datum mileage_datum(FunctionCallInfo fcinfo, const Measurement *m);
extern Datum mileage_report_datum(FunctionCallInfo fcinfo, const Measurement *m,
								  const MileagePolicy *policy);

#endif							/* TRIPMETER_MEASUREMENT_H */
