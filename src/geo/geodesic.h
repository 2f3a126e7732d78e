/*
 * geodesic.h
 *		Where on Earth, and how far apart: positions and legs on the WGS 84
 *		ellipsoid.  Pure C, no PostgreSQL.
 */
#ifndef TRIPMETER_GEODESIC_H
#define TRIPMETER_GEODESIC_H

#include <stdbool.h>

/* A place, in degrees. */
typedef struct Position
{
	double		lon;			/* [-180, 180) once normalized */
	double		lat;			/* [-90, 90] */
} Position;

/* The geodesic from one position to another, in metres. */
typedef struct Leg
{
	double		length;
	double		east;			/* its components at mid latitude; 0 for a leg */
	double		north;			/* too long to have one direction */
} Leg;

extern bool position_normalize(Position *position);
extern double wrap_longitude_difference(double degrees);
extern Leg	geodesic_leg(Position from, Position to);

static inline double
geodesic_distance(Position from, Position to)
{
	return geodesic_leg(from, to).length;
}

#endif							/* TRIPMETER_GEODESIC_H */
