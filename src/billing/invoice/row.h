/*
 * row.h
 *		A row of the aggregates of invoices: its arguments, added to the state of its group.
 */
#ifndef TRIPMETER_INVOICE_ROW_H
#define TRIPMETER_INVOICE_ROW_H

#include "billing/invoice/state.h"

/* Arguments of a transition function ... */
#define ARG_STATE	0
#define ARG_PLAN	1

/* ... and of the trip in a row, from its first one on; the last may be left out. */
enum
{
	ARG_START, ARG_DISTANCE, ARG_DURATION, ARG_AMOUNT, ARG_ATTRIBUTES
};

extern InvoiceState *invoice_add_row(FunctionCallInfo fcinfo, int first, PeriodTotals *trip);
extern struct varlena *invoice_required_argument(FunctionCallInfo fcinfo, int arg,
												 const char *name);

#endif							/* TRIPMETER_INVOICE_ROW_H */
