/*
 * geodesic.c
 *		The length of a leg on the WGS 84 ellipsoid, in metres.
 *
 * Legs between fixes are short, so Gauss' mid-latitude formula with its
 * second-order terms carries nearly all of them; PROJ's geodesic.h (Karney,
 * "Algorithms for geodesics", J. Geodesy 87, 2013) takes the long ones and
 * those beside a pole.  Only +, -, *, / and sqrt are used on the short path:
 * IEEE 754 defines their results to the last bit, so every machine agrees.  PROJ
 * calls on libm, whose last bit may differ.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>
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
 * (Rapp, "Geometric Geodesy" I, 1991).
 */
static Leg
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

/*
 * The same for the legs of a track, whose latitude hardly changes from one to
 * the next.  The Earth is cut into bands of latitude; in a band the metres in
 * a degree are polynomials of the latitude, and the second-order corrections
 * are constants.  The band follows from the leg alone, so that a leg's length
 * depends on nothing else; the constants of the last few bands are kept.
 */
#define BANDS_PER_DEGREE		16
#define MAX_BAND_LEG_DEGREES	0.02
#define MAX_BAND_LATITUDE		84.0
#define BANDS_KEPT				8	/* a power of two */

typedef struct Band
{
	int			number;			/* its middle, in BANDS_PER_DEGREE */
	double		middle;			/* degrees */
	double		east[4];		/* metres in a degree, by the distance from the */
	double		north[3];		/* middle in degrees: powers 0, 1, 2, 3 */
	double		east_dlon2;		/* second-order corrections, by the squares of */
	double		east_dlat2;		/* the differences in degrees */
	double		north_dlon2;
	double		north_dlat2;
} Band;

/*
 * With W = sqrt(1 - e2 sin2), the radii N = a/W and M = a(1-e2)/W^3 give
 *		d(N cos)/dlat = -M sin,  dM/dlat = 3 e2 M sin cos / W^2
 * from which the higher derivatives follow.
 */
static void
fill_band(Band *band, int number)
{
	double		sin2,
				cosine;

	band->number = number;
	band->middle = (double) number / BANDS_PER_DEGREE;
	sin2_cos_degrees(band->middle, &sin2, &cosine);

	double		sine = copysign(sqrt(sin2), band->middle);
	double		cos2 = cosine * cosine;
	double		w2 = 1.0 - E2 * sin2;
	double		n = WGS84_A / sqrt(w2);
	double		m = n * (1.0 - E2) / w2;
	double		q = 3.0 * E2 / w2;	/* dM/dlat = q M sin cos */
	double		m1 = q * m * sine * cosine;
	double		m2 = q * m * (cos2 - sin2 + (q + 2.0 * E2 / w2) * sin2 * cos2);

	band->east[0] = n * cosine * DEGREE;
	band->east[1] = -m * sine * DEGREE * DEGREE;
	band->east[2] = -(m1 * sine + m * cosine) / 2 * (DEGREE * DEGREE * DEGREE);
	band->east[3] = -(m2 * sine + 2.0 * m1 * cosine - m * sine) / 6 *
		(DEGREE * DEGREE * DEGREE * DEGREE);
	band->north[0] = m * DEGREE;
	band->north[1] = m1 * DEGREE * DEGREE;
	band->north[2] = m2 / 2 * (DEGREE * DEGREE * DEGREE);

	band->east_dlon2 = -sin2 / 24 * (DEGREE * DEGREE);
	band->east_dlat2 = (1.0 + EP2 * cos2 - 9.0 * EP2 * sin2) *
		((1.0 - E2) / w2) * ((1.0 - E2) / w2) / 24 * (DEGREE * DEGREE);
	band->north_dlon2 = (cos2 * (1.0 - 2.0 * EP2 * cos2) / 24 - 1.0 / 8) *
		(DEGREE * DEGREE);
	band->north_dlat2 = ((cos2 - sin2) * w2 + 5.0 * E2 * sin2 * cos2) *
		E2 / (8 * w2 * w2) * (DEGREE * DEGREE);
}

static inline int
band_number(double mid_lat)
{
	return (int) (mid_lat * BANDS_PER_DEGREE + (mid_lat < 0 ? -0.5 : 0.5));
}

static inline const Band *
find_band(int number)
{
	static Band bands[BANDS_KEPT];
	Band	   *band = &bands[(unsigned) number % BANDS_KEPT];

	/* one that was never filled has no metres in its degrees */
	if (number != band->number || band->north[0] == 0)
		fill_band(band, number);
	return band;
}

static inline Leg
band_leg(const Band *band, double mid_lat, double dlat, double dlon)
{
	double		x = mid_lat - band->middle;
	double		dlat2 = dlat * dlat;
	double		dlon2 = dlon * dlon;
	double		east = dlon *
		(band->east[0] + x * (band->east[1] + x * (band->east[2] + x * band->east[3]))) *
		(1.0 + band->east_dlon2 * dlon2 + band->east_dlat2 * dlat2);
	double		north = dlat *
		(band->north[0] + x * (band->north[1] + x * band->north[2])) *
		(1.0 + band->north_dlon2 * dlon2 + band->north_dlat2 * dlat2);

	return (Leg) {sqrt(east * east + north * north), east, north};
}

static const struct geod_geodesic *
wgs84_geodesic(void)
{
	static struct geod_geodesic wgs84;

	if (wgs84.a == 0)
		geod_init(&wgs84, WGS84_A, WGS84_F);
	return &wgs84;
}

/* Karney's solution, for any two positions. */
static Leg
long_leg(Position from, Position to)
{
	Leg			leg = {0};

	geod_inverse(wgs84_geodesic(), from.lat, from.lon, to.lat, to.lon,
				 &leg.length, NULL, NULL);
	return leg;
}

/* The short way round between two longitudes. */
static inline double
wrap_difference(double dlon)
{
	if (dlon > 180.0)
		return dlon - 360.0;
	if (dlon < -180.0)
		return dlon + 360.0;
	return dlon;
}

static inline bool
both_within(double dlat, double dlon, double limit)
{
	return fabs(dlat) <= limit && fabs(dlon) <= limit;
}

/*
 * The leg between two normalized positions.  Its length is within 1e-9 of
 * geod_inverse plus 10 nanometres, everywhere on Earth.
 */
Leg
geodesic_leg(Position from, Position to)
{
	double		mid_lat = 0.5 * (from.lat + to.lat);
	double		dlat = to.lat - from.lat;
	double		dlon = wrap_difference(to.lon - from.lon);

	if (both_within(dlat, dlon, MAX_BAND_LEG_DEGREES) && fabs(mid_lat) <= MAX_BAND_LATITUDE)
		return band_leg(find_band(band_number(mid_lat)), mid_lat, dlat, dlon);
	if (both_within(dlat, dlon, MAX_SHORT_LEG_DEGREES))
		return short_leg(mid_lat, dlat, dlon);
	return long_leg(from, to);
}

/*
 * Legs that are measured together, if all are short and their mid latitudes are in one
 * band, surely so: a nanodegree from its edges.
 */
#define PATH_STEP			32
#define MAX_FROM_MIDDLE		(0.5 / BANDS_PER_DEGREE - 1e-9)

typedef struct LegDifferences
{
	double		mid_lat[PATH_STEP];
	double		dlat[PATH_STEP];
	double		dlon[PATH_STEP];
} LegDifferences;

static inline void
take_differences(LegDifferences *legs, const double *lons, const double *lats)
{
	for (int i = 0; i < PATH_STEP; i++)
	{
		legs->mid_lat[i] = 0.5 * (lats[i] + lats[i + 1]);
		legs->dlat[i] = lats[i + 1] - lats[i];
		legs->dlon[i] = lons[i + 1] - lons[i];
	}
}

static inline bool
all_in_band(const LegDifferences *legs, double middle)
{
	int			outside = 0;

	for (int i = 0; i < PATH_STEP; i++)
		outside |= !(fabs(legs->mid_lat[i] - middle) <= MAX_FROM_MIDDLE) |
			!(fabs(legs->dlat[i]) <= MAX_BAND_LEG_DEGREES) |
			!(fabs(legs->dlon[i]) <= MAX_BAND_LEG_DEGREES);
	return !outside;
}

/* The legs between PATH_STEP + 1 positions; the same bits as geodesic_leg's. */
static inline void
measure_step(Leg *measured, const double *lons, const double *lats)
{
	LegDifferences legs;

	take_differences(&legs, lons, lats);
	if (fabs(legs.mid_lat[0]) < MAX_BAND_LATITUDE - 1)
	{
		const Band	band = *find_band(band_number(legs.mid_lat[0]));

		if (all_in_band(&legs, band.middle))
		{
			for (int i = 0; i < PATH_STEP; i++)
				measured[i] = band_leg(&band, legs.mid_lat[i], legs.dlat[i], legs.dlon[i]);
			return;
		}
	}
	for (int i = 0; i < PATH_STEP; i++)
		measured[i] = geodesic_leg((Position) {lons[i], lats[i]},
								   (Position) {lons[i + 1], lats[i + 1]});
}

/* A step that is not full is filled with its last position. */
static void
measure_last_step(Leg *measured, const double *lons, const double *lats, int legs)
{
	double		full_lons[PATH_STEP + 1];
	double		full_lats[PATH_STEP + 1];

	for (int i = 0; i <= PATH_STEP; i++)
	{
		full_lons[i] = lons[i < legs ? i : legs];
		full_lats[i] = lats[i < legs ? i : legs];
	}
	measure_step(measured, full_lons, full_lats);
}

/* The legs between `count` positions: one less than these. */
void
geodesic_legs(Leg *legs, const double *lons, const double *lats, int count)
{
	int			i = 0;

	for (; i + PATH_STEP < count; i += PATH_STEP)
		measure_step(legs + i, lons + i, lats + i);
	if (i + 1 < count)
	{
		Leg			last[PATH_STEP];

		measure_last_step(last, lons + i, lats + i, count - 1 - i);
		memcpy(legs + i, last, (count - 1 - i) * sizeof(Leg));
	}
}

/*
 * The length of the path through these positions: the sum of its legs, one after the
 * other.
 */
double
geodesic_path(const double *lons, const double *lats, int count)
{
	double		length = 0;
	Leg			legs[PATH_STEP];
	int			i = 0;

	for (; i + PATH_STEP < count; i += PATH_STEP)
	{
		measure_step(legs, lons + i, lats + i);
		for (int k = 0; k < PATH_STEP; k++)
			length += legs[k].length;
	}
	if (i + 1 < count)
	{
		measure_last_step(legs, lons + i, lats + i, count - 1 - i);
		for (int k = 0; k < count - 1 - i; k++)
			length += legs[k].length;
	}
	return length;
}

/*
 * A place on a leg of up to this many degrees, within a tenth of a millimetre.  As
 * functions of the distance, a geodesic's coordinates have
 *		lat'' = -N/M sin lat cos lat lon'^2 - 3 e2 sin lat cos lat / W^2 lat'^2
 *		lon'' = 2 M/N tan lat lat' lon'
 * at mid latitude; of the third derivatives the sphere's are enough.
 */
#define MAX_BETWEEN_DEGREES		0.1

static Position
short_between(Position from, double dlat, double dlon, double fraction)
{
	double		sin2,
				cosine;

	sin2_cos_degrees(from.lat + 0.5 * dlat, &sin2, &cosine);

	double		sine = copysign(sqrt(sin2), from.lat + 0.5 * dlat);
	double		sc = sine * cosine;
	double		tangent = sine / cosine;
	double		w2 = 1.0 - E2 * sin2;
	double		n_m = w2 / (1.0 - E2);
	double		lat2 = -n_m * sc * dlon * dlon - 3.0 * E2 * sc / w2 * dlat * dlat;
	double		lon2 = 2.0 / n_m * tangent * dlat * dlon;
	double		lat3 = -(cosine * cosine - sin2) * dlat * dlon * dlon - 2.0 * sc * dlon * lon2;
	double		lon3 = 2.0 / (cosine * cosine) * dlat * dlat * dlon +
		2.0 * tangent * (lat2 * dlon + dlat * lon2);
	double		second = 0.5 * fraction * (fraction - 1.0) * DEGREE;
	double		third = fraction * (fraction - 1.0) * (2.0 * fraction - 1.0) / 12 *
		(DEGREE * DEGREE);

	return (Position) {
		from.lon + fraction * dlon + second * lon2 + third * lon3,
		from.lat + fraction * dlat + second * lat2 + third * lat3
	};
}

/* Not near a pole. */
static inline bool
both_below(Position from, Position to, double lat)
{
	return fabs(from.lat) <= lat && fabs(to.lat) <= lat;
}

static Position
long_between(Position from, Position to, double fraction)
{
	struct geod_geodesicline line;
	Position	place;

	geod_inverseline(&line, wgs84_geodesic(), from.lat, from.lon, to.lat, to.lon, 0);
	geod_position(&line, fraction * line.s13, &place.lat, &place.lon, NULL);
	return place;
}

/* To a nanodegree, a tenth of a millimetre, where libm's last bit is gone. */
static Position
rounded(Position place)
{
	place.lon = rint(place.lon * 1e9) / 1e9;
	place.lat = rint(place.lat * 1e9) / 1e9;
	if (place.lon < -180.0)
		place.lon += 360.0;
	position_normalize(&place);
	return place;
}

/*
 * The place that is reached after a fraction of the way, 0 to 1, from one
 * position to another: on the geodesic within a millimetre.
 */
Position
geodesic_between(Position from, Position to, double fraction)
{
	double		dlat = to.lat - from.lat;
	double		dlon = wrap_difference(to.lon - from.lon);
	Position	place;

	if (fraction <= 0)
		return from;
	if (fraction >= 1)
		return to;
	if (both_within(dlat, dlon, MAX_BETWEEN_DEGREES) && both_below(from, to, MAX_BAND_LATITUDE))
		place = short_between(from, dlat, dlon, fraction);
	else
		place = long_between(from, to, fraction);
	return rounded(place);
}

/* The place so many metres east and north of another; they are few. */
Position
geodesic_offset(Position from, double east, double north)
{
	Position	place;

	geod_direct(wgs84_geodesic(), from.lat, from.lon, atan2(east, north) / DEGREE,
				sqrt(east * east + north * north), &place.lat, &place.lon, NULL);
	return rounded(place);
}
