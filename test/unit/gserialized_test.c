/*
 * gserialized_test.c
 *		PostGIS' bytes, version 1 and 2, written here by hand from its
 *		documentation, at every alignment; and bytes that are none.
 */
#include <stdlib.h>
#include <string.h>

#include "geo/gserialized.h"
#include "tap.h"

#define Z			0x01
#define M			0x02
#define BBOX		0x04
#define GEODETIC	0x08
#define EXTENDED	0x10		/* version 2 */
#define SOLID		0x20		/* version 1 */
#define VERSION_2	0x40

static uint8_t bytes[512];
static size_t size;

static void
put(const void *value, size_t length)
{
	memcpy(bytes + size, value, length);
	size += length;
}

static void
put_uint32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void
begin(uint8_t flags, int srid)
{
	uint8_t		header[4] = {(uint8_t) (srid >> 16 & 0x1F), (uint8_t) (srid >> 8), (uint8_t) srid, flags};
	int			dimensions = flags & GEODETIC ? 3 : 2 + !!(flags & Z) + !!(flags & M);

	size = 0;
	put(header, sizeof(header));
	if ((flags & VERSION_2) && (flags & EXTENDED))
		put("extended", 8);
	if (flags & BBOX)
		for (int i = 0; i < 2 * dimensions; i++)
			put(&(float) {-1}, sizeof(float));
}

static void
put_points(uint32_t type, uint32_t count, uint8_t flags)
{
	put_uint32(type);
	put_uint32(count);
	for (uint32_t i = 0; i < count; i++)
	{
		double		point[4] = {127 + i, 37 + i, 1000, 2000};

		put(point, (2 + !!(flags & Z) + !!(flags & M)) * sizeof(double));
	}
}

/* Does a line of three points read back, from any address? */
static bool
line_reads_back(uint8_t flags)
{
	uint8_t		moved[sizeof(bytes) + 8];

	begin(flags, WGS84_SRID);
	put_points(SHAPE_LINESTRING, 3, flags);
	for (int offset = 0; offset < 8; offset++)
	{
		Gserialized g;
		PointArray	points;

		memcpy(moved + offset, bytes, size);
		if (!gserialized_open(&g, moved + offset, size) ||
			g.srid != WGS84_SRID || g.type != SHAPE_LINESTRING ||
			!gserialized_points(&g, &points) || points.count != 3)
			return false;
		for (uint32_t i = 0; i < 3; i++)
		{
			Position	p = point_array_get(&points, i);

			if (p.lon != 127 + i || p.lat != 37 + i)
				return false;
		}
	}
	return true;
}

static void
test_versions(void)
{
	for (int flags = 0; flags < 128; flags++)
	{
		/* flags that mean nothing in this version, or only in polygons */
		if (flags & SOLID || (!(flags & VERSION_2) && flags & EXTENDED))
			continue;
		ok(line_reads_back((uint8_t) flags), "version %d%s%s%s%s%s",
		   flags & VERSION_2 ? 2 : 1, flags & Z ? ", Z" : "", flags & M ? ", M" : "",
		   flags & BBOX ? ", box" : "", flags & GEODETIC ? ", geodetic" : "",
		   flags & EXTENDED ? ", extended" : "");
	}
}

static int
srid_of(int srid)
{
	Gserialized g;

	begin(VERSION_2, srid);
	put_points(SHAPE_POINT, 1, 0);
	return gserialized_open(&g, bytes, size) ? g.srid : -999;
}

static void
test_srids(void)
{
	ok(srid_of(0) == 0, "no SRID");
	ok(srid_of(4326) == 4326, "SRID 4326");
	ok(srid_of(999999) == 999999, "largest SRID");
	ok(srid_of(-1) == -1, "negative SRID");
}

static void
test_multi(void)
{
	Gserialized g;
	PointArray	points;

	begin(Z, WGS84_SRID);
	put_uint32(SHAPE_MULTILINESTRING);
	put_uint32(3);
	put_points(SHAPE_LINESTRING, 2, Z);
	put_points(SHAPE_LINESTRING, 0, Z);
	put_points(SHAPE_LINESTRING, 5, Z);
	ok(gserialized_open(&g, bytes, size) && g.count == 3 &&
	   gserialized_next_line(&g, &points) && points.count == 2 &&
	   gserialized_next_line(&g, &points) && points.count == 0 &&
	   gserialized_next_line(&g, &points) && points.count == 5 &&
	   point_array_get(&points, 4).lon == 131, "lines of a multi line");
	ok(!gserialized_next_line(&g, &points), "no line after the last");
}

/* Read all that can be read; the sanitizers watch. */
static void
read_anything(const uint8_t *data, size_t length)
{
	Gserialized g;
	PointArray	points;
	PathLength	path = {0};

	if (!gserialized_open(&g, data, length))
		return;
	shape_type_name(g.type);
	if (gserialized_points(&g, &points))
		path_add_points(&path, &points, 0, points.count);
	for (uint32_t i = 0; i < g.count && gserialized_next_line(&g, &points); i++)
		path_add_points(&path, &points, 0, points.count);
}

static void
test_hostile(void)
{
	for (int round = 0; round < 200000; round++)
	{
		uint8_t		flags = (uint8_t) random_bits();
		size_t		length;
		uint8_t    *exact;

		begin(flags, WGS84_SRID);
		put_points(random_below(7), random_below(4), flags);
		put_points(random_below(3), random_below(4), flags);
		for (int i = random_below(4); i > 0; i--)
			bytes[random_below((int) size)] = (uint8_t) random_bits();
		/* a buffer of just this size, so that reading past it is seen */
		length = (size_t) random_below((int) size + 1);
		exact = malloc(length ? length : 1);
		memcpy(exact, bytes, length);
		read_anything(exact, length);
		free(exact);
	}
	ok(true, "200000 damaged values are read within their bounds");
}

int
main(void)
{
	test_versions();
	test_srids();
	test_multi();
	test_hostile();
	return done_testing();
}
