/*
 * gserialized.c
 *		Reading PostGIS' stored bytes: serialized versions 1 and 2.
 *
 * The bytes may be unaligned (short varlena headers), so every number is
 * copied out.  Every length is checked against the size before it is used.
 */
#include "geo/gserialized.h"

#define HEADER_SIZE			GSERIALIZED_HEADER_SIZE
#define EXTENDED_SIZE		8
#define SHAPE_HEADER_SIZE	GSERIALIZED_SHAPE_SIZE

static uint32_t
read_uint32(const uint8_t *bytes)
{
	uint32_t	value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static int32_t
read_srid(const uint8_t *bytes)
{
	uint32_t	bits = (uint32_t) bytes[0] << 16 | (uint32_t) bytes[1] << 8 | bytes[2];

	bits &= 0x1FFFFF;
	return (bits & 0x100000) ? (int32_t) bits - 0x200000 : (int32_t) bits;
}

static size_t
bbox_size(uint8_t flags, int dimensions)
{
	if (!(flags & GSERIALIZED_BBOX))
		return 0;
	/* a geodetic box is one of unit vectors, in three dimensions */
	return 2 * sizeof(float) * ((flags & GSERIALIZED_GEODETIC) ? 3 : dimensions);
}

/* Look at a stored value without its varlena header; false if cut short. */
bool
gserialized_open(Gserialized *g, const void *bytes, size_t size)
{
	const uint8_t *start = bytes;
	uint8_t		flags;
	int			dimensions;
	size_t		offset = HEADER_SIZE;

	if (size < HEADER_SIZE)
		return false;
	flags = start[3];
	dimensions = 2 + !!(flags & GSERIALIZED_Z) + !!(flags & GSERIALIZED_M);
	if ((flags & GSERIALIZED_VERSION_2) && (flags & GSERIALIZED_EXTENDED))
		offset += EXTENDED_SIZE;
	offset += bbox_size(flags, dimensions);
	if (size < offset + SHAPE_HEADER_SIZE)
		return false;

	g->srid = read_srid(start);
	g->type = read_uint32(start + offset);
	g->count = read_uint32(start + offset + 4);
	g->point_size = dimensions * sizeof(double);
	g->has_m = (flags & GSERIALIZED_M) != 0;
	g->body = start + offset + SHAPE_HEADER_SIZE;
	g->end = start + size;
	return true;
}

/* The points of a POINT or LINESTRING; false if they are cut short. */
bool
gserialized_points(const Gserialized *g, PointArray *array)
{
	array->points = g->body;
	array->point_size = g->point_size;
	array->count = g->count;
	return g->count <= (size_t) (g->end - g->body) / g->point_size;
}

/*
 * The next line of a MULTILINESTRING; false if it is cut short or no line.
 * The caller counts the lines.
 */
bool
gserialized_next_line(Gserialized *g, PointArray *array)
{
	Gserialized line = *g;

	if (g->end - g->body < SHAPE_HEADER_SIZE)
		return false;
	line.count = read_uint32(g->body + 4);
	line.body = g->body + SHAPE_HEADER_SIZE;
	if (read_uint32(g->body) != SHAPE_LINESTRING || !gserialized_points(&line, array))
		return false;
	g->body = line.body + array->count * array->point_size;
	return true;
}

/* Begin a value in SRID 4326, of version 2, without a bounding box. */
uint8_t *
gserialized_put_header(uint8_t *out, uint8_t flags)
{
	*out++ = 0;
	*out++ = WGS84_SRID >> 8;
	*out++ = WGS84_SRID & 0xFF;
	*out++ = GSERIALIZED_VERSION_2 | flags;
	return out;
}

/* Begin a shape; its coordinates, or parts, follow. */
uint8_t *
gserialized_put_shape(uint8_t *out, ShapeType type, uint32_t count)
{
	uint32_t	header[] = {type, count};

	memcpy(out, header, sizeof(header));
	return out + sizeof(header);
}

/* A POLYGON, of one ring; its count of points is followed by padding. */
uint8_t *
gserialized_put_box(uint8_t *out, Position low, Position high)
{
	Position	corners[] = {
		low, {low.lon, high.lat}, high, {high.lon, low.lat}, low
	};
	uint32_t	ring[] = {5, 0};

	out = gserialized_put_shape(out, SHAPE_POLYGON, 1);
	memcpy(out, ring, sizeof(ring));
	memcpy(out + sizeof(ring), corners, sizeof(corners));
	return out + sizeof(ring) + sizeof(corners);
}

const char *
gserialized_type_name(uint32_t type)
{
	static const char *const names[] = {
		"unknown", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT",
		"MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
		"CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE",
		"MULTISURFACE", "POLYHEDRALSURFACE", "TRIANGLE", "TIN"
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : names[0];
}

/*
 * Add the legs to the points `from` up to before `to`.  A point that is no
 * place on Earth is left out.
 */
void
gserialized_add_path(PathLength *path, const PointArray *array, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
	{
		Position	position = point_array_get(array, i);

		if (!position_normalize(&position))
			continue;
		if (path->any)
			path->metres += geodesic_distance(path->last, position);
		path->any = true;
		path->last = position;
	}
}
