/*
 * names.c
 *		The words of tariffs and bills.
 */
#include "billing/tariff/tariff.h"

const char *const dimension_names[DIMENSION_COUNT] = {
	[DISTANCE] = "distance",
	[TIME] = "time",
	[MOVING] = "moving",
	[STOPPED] = "stopped",
	[RESERVED] = "reserved",
};

const char *const line_kind_names[LINE_KIND_COUNT] = {
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

const char *const rounding_mode_names[] = {
	[ROUND_HALF_UP] = "half_up",
	[ROUND_HALF_EVEN] = "half_even",
	[ROUND_HALF_DOWN] = "half_down",
	[ROUND_UP] = "up",
	[ROUND_DOWN] = "down",
};
