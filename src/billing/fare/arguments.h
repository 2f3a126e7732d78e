/*
 * arguments.h
 *		Arguments of SQL functions that describe a trip, checked.
 */
#ifndef TRIPMETER_FARE_ARGUMENTS_H
#define TRIPMETER_FARE_ARGUMENTS_H

#include "compat.h"

/* In millimetres and microseconds. */
extern int64 fare_distance_argument(FunctionCallInfo fcinfo, int arg);
extern int64 fare_duration_argument(FunctionCallInfo fcinfo, int arg);
extern int64 fare_start_argument(FunctionCallInfo fcinfo, int arg);
extern void fare_check_duration(int64 time);

#endif							/* TRIPMETER_FARE_ARGUMENTS_H */
