/*
 * geo_fn.h
 *		PostGIS values as arguments of SQL functions.
 */
#ifndef TRIPMETER_GEO_FN_H
#define TRIPMETER_GEO_FN_H

#include "geo/geodesic.h"

extern bool point_argument(Datum value, Position *position);

#endif							/* TRIPMETER_GEO_FN_H */
