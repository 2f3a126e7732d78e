/*
 * geodesic.c
 *		The length of a leg on the WGS 84 ellipsoid, in metres.
 *
 * Legs between fixes are short, so Gauss' mid-latitude formula with its
 * second-order terms carries nearly all of them; PROJ's geodesic.h (Karney,
 * "Algorithms for geodesics", J. Geodesy 87, 2013) takes the long ones and
 * those beside a pole.  Only +, -, *, / and sqrt are used on the short path:
 * IEEE 754 defines their results to the last bit, so every machine agrees.
 */
#include <math.h>
#include <stddef.h>
#include <geodesic.h>

#include "geo/geodesic.h"

#define WGS84_A		6378137.0
#define WGS84_F		(1.0 / 298.257223563)
#define E2			(WGS84_F * (2.0 - WGS84_F)) /* first eccentricity squared */
#define EP2			(E2 / (1.0 - E2))	/* second eccentricity squared */
#define DEGREE		0.017453292519943295769

/*
 * The neglected terms grow with the fourth power of the coordinate
 * differences, alike at every latitude.  Up to this many degrees in either
 * they stay below 4e-10 of the length.
 */
#define MAX_SHORT_LEG_DEGREES	0.75

/*
 * Bring a recorded position to its one normal form: longitudes up to 360 are
 * wrapped to [-180, 180), which is exact, and -0 becomes 0, so that equal
 * places have equal bits.  False if it is no place on Earth.
 */
bool
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

/*
 * Squared sine, and cosine, of a latitude by Taylor series about the equator or
 * the pole, whichever is nearer; what they leave out is below 1e-16.
 */
static inline void
sin2_cos_degrees(double degrees, double *sin2, double *cosine)
{
	double		magnitude = fabs(degrees);
	bool		polar = magnitude > 45.0;
	double		x = (polar ? 90.0 - magnitude : magnitude) * DEGREE;
	double		y = x * x;
	double		s,
				c;

	s = x * (1.0 + y * (-1.0 / 6 + y * (1.0 / 120 + y * (-1.0 / 5040 +
		y * (1.0 / 362880 + y * (-1.0 / 39916800 +
		y * (1.0 / 6227020800 + y * (-1.0 / 1307674368000))))))));
	c = 1.0 + y * (-1.0 / 2 + y * (1.0 / 24 + y * (-1.0 / 720 +
		y * (1.0 / 40320 + y * (-1.0 / 3628800 +
		y * (1.0 / 479001600 + y * (-1.0 / 87178291200 +
		y * (1.0 / 20922789888000))))))));

	*sin2 = polar ? c * c : s * s;
	*cosine = polar ? s : c;
}

/*
 * Gauss' mid-latitude formula: the leg's components along the parallel and
 * the meridian at its mid latitude, each with its second-order correction
 * (Rapp, "Geometric Geodesy" I, 1991).  Differences in degrees.
 */
static inline Leg
short_leg(double mid_lat, double dlat_degrees, double dlon_degrees)
{
	double		dlat = dlat_degrees * DEGREE;
	double		dlon = dlon_degrees * DEGREE;
	double		dlat2 = dlat * dlat;
	double		dlon2 = dlon * dlon;
	double		sin2,
				cosine,
				cos2;

	sin2_cos_degrees(mid_lat, &sin2, &cosine);
	cos2 = cosine * cosine;

	double		w2 = 1.0 - E2 * sin2;
	double		inverse_w2 = 1.0 / w2;
	double		inverse_w4 = inverse_w2 * inverse_w2;
	double		n = WGS84_A * sqrt(inverse_w2);	/* radius in the prime vertical */
	double		m = n * inverse_w2 * (1.0 - E2);	/* radius in the meridian */

	double		east = n * cosine * dlon *
		(1.0 - dlon2 * sin2 * (1.0 / 24) +
		 dlat2 * (1.0 + EP2 * cos2 - 9.0 * EP2 * sin2) *
		 ((1.0 - E2) * (1.0 - E2) / 24) * inverse_w4);
	double		north = m * dlat *
		(1.0 - dlon2 * (1.0 / 8) + dlon2 * dlon2 * (1.0 / 384)) *
		(1.0 + dlon2 * cos2 * (1.0 - 2.0 * EP2 * cos2) * (1.0 / 24) +
		 dlat2 * ((cos2 - sin2) * w2 + 5.0 * E2 * sin2 * cos2) *
		 (E2 / 8) * inverse_w4);

	return (Leg) {sqrt(east * east + north * north), east, north};
}

/* Karney's solution, for any two positions. */
static Leg
long_leg(Position from, Position to)
{
	static struct geod_geodesic wgs84;
	Leg			leg = {0};

	if (wgs84.a == 0)
		geod_init(&wgs84, WGS84_A, WGS84_F);
	geod_inverse(&wgs84, from.lat, from.lon, to.lat, to.lon,
				 &leg.length, NULL, NULL);
	return leg;
}

/* The short way round between two longitudes. */
double
wrap_longitude_difference(double degrees)
{
	if (degrees > 180.0)
		return degrees - 360.0;
	if (degrees < -180.0)
		return degrees + 360.0;
	return degrees;
}

/*
 * The leg between two normalized positions.  Its length is within 1e-9 of
 * geod_inverse plus 10 nanometres, everywhere on Earth.
 */
Leg
geodesic_leg(Position from, Position to)
{
	double		dlat = to.lat - from.lat;
	double		dlon = wrap_longitude_difference(to.lon - from.lon);

	if (fabs(dlat) <= MAX_SHORT_LEG_DEGREES && fabs(dlon) <= MAX_SHORT_LEG_DEGREES)
		return short_leg(0.5 * (from.lat + to.lat), dlat, dlon);
	return long_leg(from, to);
}
