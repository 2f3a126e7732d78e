/*
 * names.c
 *		The words of tariffs and bills.
 */
#include "billing/tariff/names.h"

const char *const tariff_dimension_names[DIMENSION_COUNT] = {
	[DISTANCE] = "distance",
	[TIME] = "time",
	[MOVING] = "moving",
	[STOPPED] = "stopped",
	[RESERVED] = "reserved",
};

const char *const tariff_line_kind_names[LINE_KIND_COUNT] = {
	[LINE_DISTANCE] = "distance",
	[LINE_TIME] = "time",
	[LINE_MOVING] = "moving",
	[LINE_STOPPED] = "stopped",
	[LINE_RESERVED] = "reserved",
	[LINE_BASE] = "base",
	[LINE_FREE] = "free",
	[LINE_METER] = "meter",
	[LINE_GAP] = "gap",
	[LINE_WAITING] = "waiting",
	[LINE_FLAT] = "flat",
	[LINE_SURCHARGE] = "surcharge",
	[LINE_MINIMUM] = "minimum",
	[LINE_MAXIMUM] = "maximum",
	[LINE_CAP] = "cap",
	[LINE_DISCOUNT] = "discount",
	[LINE_TAX] = "tax",
	[LINE_ROUNDING] = "rounding",
	[LINE_CASH] = "cash",
	[LINE_FEE] = "fee",
	[LINE_TRIPS] = "trips",
	[LINE_DAILY_CAP] = "daily_cap",
	[LINE_ALLOWANCE] = "allowance",
};
