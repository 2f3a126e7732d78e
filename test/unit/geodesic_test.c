/*
 * geodesic_test.c
 *		Every leg is within 1e-9 of PROJ's geod_inverse, plus 10 nanometres.
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
	test_normalize();
	return done_testing();
}
