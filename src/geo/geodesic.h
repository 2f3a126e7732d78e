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

extern Leg	geodesic_leg(Position from, Position to);
extern void geodesic_legs(Leg *legs, const double *lons, const double *lats, int count);
extern double geodesic_path(const double *lons, const double *lats, int count);
extern Position geodesic_between(Position from, Position to, double fraction);
extern Position geodesic_offset(Position from, double east, double north);

/*
 * Bring a recorded position to its one normal form: longitudes up to 360 are
 * wrapped to [-180, 180), which is exact, and -0 becomes 0, so that equal
 * places have equal bits.  False if it is no place on Earth.
 */
static inline bool
position_normalize(Position *position)
{
	double		lon = position->lon;
	double		lat = position->lat;

	/* written so that NaN fails */
	if (!(lat >= -90.0 && lat <= 90.0 && lon >= -180.0 && lon <= 360.0))
		return false;
	if (lon >= 180.0)
		lon -= 360.0;
	position->lon = lon + 0.0;
	position->lat = lat + 0.0;
	return true;
}

static inline double
geodesic_distance(Position from, Position to)
{
	return geodesic_leg(from, to).length;
}

#endif							/* TRIPMETER_GEODESIC_H */
