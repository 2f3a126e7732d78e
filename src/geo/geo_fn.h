/*
 * geo_fn.h
 *		PostGIS values as arguments of SQL functions.
 */
#ifndef TRIPMETER_GEO_FN_H
#define TRIPMETER_GEO_FN_H

#include "geo/gserialized.h"

/* Room for a POINT, so that rows of points need no memory of their own. */
typedef struct PointValue
{
	int32		varlena_header;
	uint8		bytes[GSERIALIZED_POINT_SIZE];
} PointValue;

extern bool geo_point_argument(Datum value, Position *position);
extern pg_noinline void geo_report_damage(void);
extern void geo_line_argument(Datum value, struct varlena **bytes, Gserialized *g);
extern Datum geo_point_value(PointValue *room, Position position);
extern struct varlena *geo_make_value(Size size, uint8 **body, uint8 flags);

#endif							/* TRIPMETER_GEO_FN_H */
