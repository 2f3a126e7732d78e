/*
 * currency.c
 *		ISO 4217: the digits of currencies, and the smallest steps of their cash.
 */
#include <string.h>

#include "billing/money/currency.h"

/* Four characters a code; all have two digits but those below. */
static const char codes[] =
"AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD "
"BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD "
"EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD "
"IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
"MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
"PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
"SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES "
"VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ";

static const char no_digits[] =
"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ";
static const char three_digits[] = "BHD IQD JOD KWD LYD OMR TND ";
static const char four_digits[] = "CLF UYW ";

/* Where the smallest coin or note is not the smallest unit. */
static const struct
{
	char		code[4];
	int			num;
	int			den;
}			cash_steps[] = {
	{"AUD", 1, 20}, {"CAD", 1, 20}, {"CHF", 1, 20}, {"NZD", 1, 10}, {"DKK", 1, 2},
	{"CZK", 1, 1}, {"HUF", 1, 1}, {"NOK", 1, 1}, {"SEK", 1, 1},
};

static bool
listed(const char *list, const char *code)
{
	for (; *list != '\0'; list += 4)
		if (memcmp(list, code, 3) == 0)
			return true;
	return false;
}

/* Look a currency up by its code; false if there is none. */
bool
currency_find(const char *code, Currency *currency)
{
	if (strlen(code) != 3 || !listed(codes, code))
		return false;
	memcpy(currency->code, code, 4);
	currency->digits = listed(no_digits, code) ? 0 : listed(three_digits, code) ? 3 :
		listed(four_digits, code) ? 4 : 2;
	currency->cash_step = rational_decimal_unit(currency->digits);
	for (int i = 0; i < (int) (sizeof(cash_steps) / sizeof(cash_steps[0])); i++)
		if (memcmp(cash_steps[i].code, code, 3) == 0)
			currency->cash_step = rational(cash_steps[i].num, cash_steps[i].den);
	return true;
}
