/*
 * currency.h
 *		Currencies of ISO 4217.  Pure C.
 */
#ifndef TRIPMETER_MONEY_CURRENCY_H
#define TRIPMETER_MONEY_CURRENCY_H

#include "billing/money/exact.h"

typedef struct Currency
{
	char		code[4];		/* three capitals */
	int			digits;			/* behind the point */
	Rational	cash_step;		/* the smallest coin or note, or the smallest unit */
} Currency;

extern bool currency_find(const char *code, Currency *currency);

#endif							/* TRIPMETER_MONEY_CURRENCY_H */
