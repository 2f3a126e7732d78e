/*
 * datum.h
 *		Bills as values of SQL.
 */
#ifndef TRIPMETER_FARE_DATUM_H
#define TRIPMETER_FARE_DATUM_H

#include "billing/fare/bill.h"

/* The columns of a line from its quantity on: see fare_line_columns(). */
#define FARE_LINE_COLUMNS	7

extern pg_noinline void fare_report_out_of_range(void) pg_attribute_noreturn();
extern Datum fare_amount_datum(const FareBill *bill, int64 units);
extern void fare_line_columns(const FareBill *bill, const BillLine *line, Datum *values,
							  bool *nulls);

#endif							/* TRIPMETER_FARE_DATUM_H */
