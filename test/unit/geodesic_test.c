/*
 * geodesic_test.c
 *		Every leg is within 1e-9 of PROJ's geod_inverse, plus 10 nanometres; every
 *		place on the way within a millimetre of where PROJ has it.
 */
#include <geodesic.h>
#include <stddef.h>

#include "geo/geodesic.h"
#include "tap.h"

#define LEGS	50000

static struct geod_geodesic wgs84;

/* Error in units of what is allowed. */
static double
relative_error(Position from, Position to)
{
	double		reference;

	position_normalize(&from);
	position_normalize(&to);
	geod_inverse(&wgs84, from.lat, from.lon, to.lat, to.lon, &reference, NULL, NULL);
	return fabs(geodesic_distance(from, to) - reference) / (1e-9 * reference + 10e-9);
}

/* A random leg of a length between these, from a latitude between those. */
static double
random_leg_error(double min_m, double max_m, double min_lat, double max_lat)
{
	Position	from = {random_between(-180, 180), random_between(min_lat, max_lat)};
	Position	to;
	double		length = exp(random_between(log(min_m), log(max_m)));

	geod_direct(&wgs84, from.lat, from.lon, random_between(0, 360), length,
				&to.lat, &to.lon, NULL);
	return relative_error(from, to);
}

static void
test_lengths(void)
{
	static const double lengths[] = {0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 2e7};

	for (int i = 0; i + 1 < (int) (sizeof(lengths) / sizeof(lengths[0])); i++)
	{
		double		worst = 0;

		for (int n = 0; n < LEGS; n++)
			worst = fmax(worst, random_leg_error(lengths[i], lengths[i + 1], -90, 90));
		ok(worst <= 1, "%d legs of %g to %g m: worst error %.3f of what is allowed",
		   LEGS, lengths[i], lengths[i + 1], worst);
	}
}

static void
test_latitudes(void)
{
	for (int lat = -90; lat < 90; lat += 15)
	{
		double		worst = 0;

		for (int n = 0; n < LEGS; n++)
			worst = fmax(worst, random_leg_error(0.1, 2e7, lat, lat + 15));
		ok(worst <= 1, "%d legs from latitudes %d to %d: worst error %.3f of what is allowed",
		   LEGS, lat, lat + 15, worst);
	}
}

/* Where one formula hands over to the next, and where degrees run out. */
static void
test_edges(void)
{
	static const double differences[] = {0.02, 0.75};
	static const double latitudes[] = {0, 84, -84, 89.99, -89.99};
	double		worst = 0;

	for (int n = 0; n < LEGS; n++)
	{
		double		difference = differences[random_below(2)] * random_between(0.99, 1.01);
		double		lat = latitudes[random_below(5)] + random_between(-0.01, 0.01);
		Position	from = {random_between(-180, 180), lat};
		Position	to = {from.lon + difference, fmax(-90, fmin(90, lat + random_between(-1, 1) * difference))};

		if (to.lon <= 360)
			worst = fmax(worst, relative_error(from, to));
	}
	ok(worst <= 1, "legs at the edges of the formulas: worst error %.3f of what is allowed", worst);

	worst = 0;
	for (int n = 0; n < LEGS; n++)
	{
		double		lat = random_between(-90, 90);
		double		dlon = exp(random_between(log(1e-6), log(1)));
		Position	from = {180 - dlon * random_between(0, 1), lat};
		Position	to = {from.lon + dlon, fmax(-90, fmin(90, lat + random_between(-1, 1) * dlon))};

		worst = fmax(worst, relative_error(from, to));
	}
	ok(worst <= 1, "legs across the antimeridian: worst error %.3f of what is allowed", worst);

	worst = 0;
	for (int n = 0; n < LEGS; n++)
	{
		double		pole = random_below(2) ? 90 : -90;
		double		off = exp(random_between(log(1e-9), log(1)));
		Position	from = {random_between(-180, 180), copysign(90 - off, pole)};
		Position	to = {random_between(-180, 180), copysign(90 - off * random_between(0, 2), pole)};

		worst = fmax(worst, relative_error(from, to));
	}
	ok(worst <= 1, "legs beside and over the poles: worst error %.3f of what is allowed", worst);
}

static void
test_symmetry(void)
{
	bool		same = true;

	for (int n = 0; n < LEGS; n++)
	{
		Position	a = {random_between(-180, 180), random_between(-89, 89)};
		Position	b = {a.lon + random_between(-0.7, 0.7), a.lat + random_between(-0.7, 0.7)};

		position_normalize(&b);
		same &= b.lon < a.lon - 180 || b.lon > a.lon + 180 ||
			geodesic_distance(a, b) == geodesic_distance(b, a);
	}
	ok(same, "a short leg is as long there as back, to the bit");
	ok(geodesic_distance((Position) {10, 20}, (Position) {10, 20}) == 0, "no leg, no length");
}

/* Metres between two places, however they are written. */
static double
metres_apart(Position a, Position b)
{
	double		metres;

	geod_inverse(&wgs84, a.lat, a.lon, b.lat, b.lon, &metres, NULL, NULL);
	return metres;
}

static bool
is_normal(Position position)
{
	Position	normal = position;

	return position_normalize(&normal) && normal.lon == position.lon && normal.lat == position.lat &&
		!(position.lon == 0 && signbit(position.lon)) && !(position.lat == 0 && signbit(position.lat));
}

/*
 * How far a place is from where PROJ has it: geod_direct, from the start as far as
 * the fraction says.  Infinite if it is not written in its one form.
 */
static double
between_error(Position from, Position to, double fraction)
{
	Position	reference;
	Position	place;
	double		length,
				azimuth;

	position_normalize(&from);
	position_normalize(&to);
	geod_inverse(&wgs84, from.lat, from.lon, to.lat, to.lon, &length, &azimuth, NULL);
	geod_direct(&wgs84, from.lat, from.lon, azimuth, fraction * length,
				&reference.lat, &reference.lon, NULL);
	place = geodesic_between(from, to, fraction);
	return is_normal(place) ? metres_apart(place, reference) : INFINITY;
}

static Position
random_place(double min_lat, double max_lat)
{
	return (Position) {random_between(-180, 180), random_between(min_lat, max_lat)};
}

/* A place so far away, in any direction. */
static Position
random_place_from(Position from, double length)
{
	Position	to;

	geod_direct(&wgs84, from.lat, from.lon, random_between(0, 360), length, &to.lat, &to.lon, NULL);
	return to;
}

static double
random_length(double min_m, double max_m)
{
	return exp(random_between(log(min_m), log(max_m)));
}

static void
report_millimetres(double worst, const char *which)
{
	ok(worst <= 1e-3, "places on legs %s: at most %.4f mm off", which, worst * 1e3);
}

static void
test_between(void)
{
	double		lengths = 0,
				handover = 0,
				antimeridian = 0,
				poles = 0;

	for (int n = 0; n < LEGS; n++)
	{
		double		fraction = random_between(0, 1);
		Position	from = random_place(-90, 90);
		double		dlon = exp(random_between(log(1e-6), log(0.2)));
		double		off = exp(random_between(log(1e-9), log(3)));
		double		pole = random_below(2) ? 1 : -1;
		Position	corner;

		/* beyond, the way to the other side of the Earth is any */
		lengths = fmax(lengths, between_error(from, random_place_from(from, random_length(1e-3, 1.9e7)), fraction));

		/* as long as the series carries, where it carries least */
		corner = (Position) {random_between(-180, 179), random_between(-84.1, 84.1)};
		handover = fmax(handover, between_error(corner, (Position) {
			corner.lon + 0.1 * random_between(0.99, 1.01),
			corner.lat + 0.1 * random_between(-1.01, 1.01)}, fraction));

		antimeridian = fmax(antimeridian, between_error((Position) {180 - dlon * random_between(0, 1), from.lat * 0.99},
			(Position) {180 + dlon * random_between(0, 1), from.lat * 0.99 + dlon * random_between(-1, 1) * 0.1}, fraction));
		antimeridian = fmax(antimeridian, between_error((Position) {180 + dlon, from.lat * 0.99},
			(Position) {180 - dlon, from.lat * 0.99}, fraction));

		poles = fmax(poles, between_error((Position) {from.lon, pole * (90 - off)},
			(Position) {random_between(-180, 180), pole * (90 - off * random_between(0, 2))}, fraction));
	}
	report_millimetres(lengths, "of all lengths and latitudes");
	report_millimetres(handover, "where the series hands over to PROJ");
	report_millimetres(antimeridian, "across the antimeridian");
	report_millimetres(poles, "beside and over the poles");
}

static void
test_between_ends(void)
{
	bool		ends = true;
	bool		still = true;

	for (int n = 0; n < LEGS; n++)
	{
		Position	from = random_place(-90, 90);
		Position	to = random_place_from(from, random_length(1e-3, 1.9e7));
		Position	start,
					end,
					same;

		position_normalize(&from);
		position_normalize(&to);
		start = geodesic_between(from, to, 0);
		end = geodesic_between(from, to, 1);
		same = geodesic_between(from, from, random_between(0, 1));
		ends &= start.lon == from.lon && start.lat == from.lat && end.lon == to.lon && end.lat == to.lat;
		still &= metres_apart(same, from) <= 1e-3;
	}
	ok(ends, "a leg begins and ends with its own positions, to the bit");
	ok(still, "on a leg of no length there is one place");
}

static void
test_offset(void)
{
	double		worst = 0;
	double		poles = 0;

	for (int n = 0; n < LEGS; n++)
	{
		double		length = random_length(1e-3, 1e4);
		double		azimuth = random_between(-180, 180);
		double		east = length * sin(azimuth * M_PI / 180);
		double		north = length * cos(azimuth * M_PI / 180);
		Position	from = random_below(4) ? random_place(-90, 90)
			: (Position) {random_between(-180, -179.99), random_between(-90, 90)};
		Position	polar = {from.lon, copysign(90 - exp(random_between(log(1e-9), log(0.1))), from.lat)};
		Position	reference,
					place;

		geod_direct(&wgs84, from.lat, from.lon, azimuth, length, &reference.lat, &reference.lon, NULL);
		place = geodesic_offset(from, east, north);
		worst = fmax(worst, is_normal(place) ? metres_apart(place, reference) : INFINITY);

		geod_direct(&wgs84, polar.lat, polar.lon, azimuth, length, &reference.lat, &reference.lon, NULL);
		place = geodesic_offset(polar, east, north);
		poles = fmax(poles, is_normal(place) ? metres_apart(place, reference) : INFINITY);
	}
	ok(worst <= 1e-3, "offsets up to 10 km: at most %.4f mm off", worst * 1e3);
	ok(poles <= 1e-3, "offsets beside the poles: at most %.4f mm off", poles * 1e3);
}

static void
test_normalize(void)
{
	static const struct
	{
		Position	given;
		bool		valid;
		Position	normal;
	}			cases[] = {
		{{0, 0}, true, {0, 0}},
		{{180, 90}, true, {-180, 90}},
		{{-180, -90}, true, {-180, -90}},
		{{190, 1}, true, {-170, 1}},
		{{360, 1}, true, {0, 1}},
		{{360.5, 1}, false, {0, 0}},
		{{-180.1, 1}, false, {0, 0}},
		{{1, 90.1}, false, {0, 0}},
		{{1, -90.1}, false, {0, 0}},
		{{NAN, 1}, false, {0, 0}},
		{{1, NAN}, false, {0, 0}},
		{{INFINITY, 1}, false, {0, 0}},
		{{1, -INFINITY}, false, {0, 0}},
	};
	Position	zero = {-0.0, -0.0};

	for (int i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++)
	{
		Position	p = cases[i].given;
		bool		valid = position_normalize(&p);

		ok(valid == cases[i].valid &&
		   (!valid || (p.lon == cases[i].normal.lon && p.lat == cases[i].normal.lat)),
		   "normalize (%g, %g)", cases[i].given.lon, cases[i].given.lat);
	}
	position_normalize(&zero);
	ok(!signbit(zero.lon) && !signbit(zero.lat), "-0 becomes 0");
}

int
main(void)
{
	geod_init(&wgs84, 6378137, 1 / 298.257223563);
	test_lengths();
	test_latitudes();
	test_edges();
	test_symmetry();
	test_between();
	test_between_ends();
	test_offset();
	test_normalize();
	return done_testing();
}
