/*
 * settle.h
 *		The bill of a state: an invoice.
 */
#ifndef TRIPMETER_INVOICE_SETTLE_H
#define TRIPMETER_INVOICE_SETTLE_H

#include "billing/fare/fare.h"
#include "billing/invoice/state.h"

extern FareRun *invoice_settle(FmgrInfo *flinfo, const InvoiceState *state);

#endif							/* TRIPMETER_INVOICE_SETTLE_H */
