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
	gserialized_type_name(g.type);
	if (gserialized_points(&g, &points))
		gserialized_add_path(&path, &points, 0, points.count);
	for (uint32_t i = 0; i < g.count && gserialized_next_line(&g, &points); i++)
		gserialized_add_path(&path, &points, 0, points.count);
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

/* What the writer makes, beside the same by hand. */
static uint8_t written[512];

static bool
as_by_hand(const uint8_t *end)
{
	return (size_t) (end - written) == size && memcmp(written, bytes, size) == 0;
}

/* A line, or a point, of so many dimensions comes back with its M. */
static bool
written_reads_back(uint8_t flags, ShapeType type, uint32_t count)
{
	uint8_t    *end = gserialized_put_shape(gserialized_put_header(written, flags), type, count);
	bool		has_m = flags & GSERIALIZED_M;
	Gserialized g;
	PointArray	points;
	bool		same;

	begin(VERSION_2 | flags, WGS84_SRID);
	put_uint32(type);
	put_uint32(count);
	same = as_by_hand(end) && (size_t) (end - written) == GSERIALIZED_HEADER_SIZE + GSERIALIZED_SHAPE_SIZE;
	for (uint32_t i = 0; i < count; i++)
	{
		double		point[] = {-179.5 + i, 89 - (double) i, 1.7e9 + i};
		size_t		point_size = (2 + has_m) * sizeof(double);

		memcpy(end, point, point_size);
		end += point_size;
	}
	if (!gserialized_open(&g, written, (size_t) (end - written)) || g.srid != WGS84_SRID ||
		g.type != type || g.count != count || g.has_m != has_m ||
		!gserialized_points(&g, &points) || points.points + count * points.point_size != end)
		return false;
	for (uint32_t i = 0; i < count; i++)
	{
		Position	p = point_array_get(&points, i);

		same &= p.lon == -179.5 + i && p.lat == 89 - (double) i;
		same &= !has_m || point_array_get_m(&points, i) == 1.7e9 + i;
	}
	return same;
}

static void
put_ring(Position low, Position high)
{
	double		ring[] = {
		low.lon, low.lat, low.lon, high.lat, high.lon, high.lat, high.lon, low.lat, low.lon, low.lat
	};

	put_uint32(SHAPE_POLYGON);
	put_uint32(1);
	put_uint32(5);
	put_uint32(0);				/* rings of an odd number are padded */
	put(ring, sizeof(ring));
}

static void
test_writer(void)
{
	Position	low = {-1, -2};
	Position	high = {3, 4};
	Position	read;
	uint8_t    *end;

	for (uint32_t count = 0; count < 4; count++)
		ok(written_reads_back(0, SHAPE_LINESTRING, count) &&
		   written_reads_back(GSERIALIZED_M, SHAPE_LINESTRING, count) &&
		   written_reads_back(GSERIALIZED_M | GSERIALIZED_GEODETIC, SHAPE_LINESTRING, count),
		   "a written line of %u points reads back", count);
	ok(written_reads_back(0, SHAPE_POINT, 1) && written_reads_back(GSERIALIZED_M, SHAPE_POINT, 1),
	   "a written point reads back");

	end = gserialized_put_shape(gserialized_put_header(written, 0), SHAPE_POINT, 1);
	memcpy(end, &high, sizeof(high));
	ok(end + sizeof(high) - written == GSERIALIZED_POINT_SIZE &&
	   gserialized_plain_point(&read, written, GSERIALIZED_POINT_SIZE) && read.lon == 3 && read.lat == 4,
	   "a written point is a plain one");

	end = gserialized_put_box(gserialized_put_header(written, 0), low, high);
	begin(VERSION_2, WGS84_SRID);
	put_ring(low, high);
	ok(as_by_hand(end) && (size_t) (end - written) == GSERIALIZED_HEADER_SIZE + GSERIALIZED_BOX_SIZE,
	   "a written box is a polygon of one closed ring");

	end = gserialized_put_shape(gserialized_put_header(written, 0), SHAPE_MULTIPOLYGON, 2);
	end = gserialized_put_box(gserialized_put_box(end, low, high), high, low);
	begin(VERSION_2, WGS84_SRID);
	put_uint32(SHAPE_MULTIPOLYGON);
	put_uint32(2);
	put_ring(low, high);
	put_ring(high, low);
	ok(as_by_hand(end), "two written boxes are a multi polygon");
}

int
main(void)
{
	test_versions();
	test_srids();
	test_multi();
	test_hostile();
	test_writer();
	return done_testing();
}
