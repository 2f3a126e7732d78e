/*
 * gserialized.h
 *		PostGIS' stored geometries and geographies, read in place.  Pure C.
 *
 * The layout, in the machine's byte order, after the varlena header (PostGIS,
 * liblwgeom/gserialized*.txt):
 *
 *		3 bytes		SRID, the highest byte first, 21 bits signed
 *		1 byte		flags: Z, M, bounding box, geodetic, extended (v2), v2
 *		8 bytes		extended flags, where announced
 *		n floats	bounding box, where announced
 *		shape		uint32 type, uint32 count, then coordinates or shapes
 */
#ifndef TRIPMETER_GSERIALIZED_H
#define TRIPMETER_GSERIALIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "geo/geodesic.h"

#define WGS84_SRID	4326

/* The flags */
#define GSERIALIZED_Z			0x01
#define GSERIALIZED_M			0x02
#define GSERIALIZED_BBOX		0x04
#define GSERIALIZED_GEODETIC	0x08
#define GSERIALIZED_EXTENDED	0x10	/* version 2 only */
#define GSERIALIZED_VERSION_2	0x40

typedef enum ShapeType
{
	SHAPE_POINT = 1,
	SHAPE_LINESTRING = 2,
	SHAPE_POLYGON = 3,
	SHAPE_MULTILINESTRING = 5,
	SHAPE_MULTIPOLYGON = 6
} ShapeType;

/* A view of the bytes; nothing is copied. */
typedef struct Gserialized
{
	int32_t		srid;
	uint32_t	type;			/* a ShapeType, or one of PostGIS' others */
	uint32_t	count;			/* of points, or of parts */
	size_t		point_size;		/* bytes from one point to the next */
	bool		has_m;			/* which is the last of a point's numbers */
	const uint8_t *body;		/* the coordinates, or the first part */
	const uint8_t *end;
} Gserialized;

/* Points in a row, unaligned: two doubles each, then maybe Z and M. */
typedef struct PointArray
{
	const uint8_t *points;
	size_t		point_size;
	uint32_t	count;
} PointArray;

/* The length of a path that is fed in pieces. */
typedef struct PathLength
{
	bool		any;
	Position	last;
	double		metres;
} PathLength;

extern bool gserialized_open(Gserialized *g, const void *bytes, size_t size);
extern bool gserialized_points(const Gserialized *g, PointArray *array);
extern bool gserialized_next_line(Gserialized *g, PointArray *array);
extern uint8_t *gserialized_put_header(uint8_t *out, uint8_t flags);
extern uint8_t *gserialized_put_shape(uint8_t *out, ShapeType type, uint32_t count);
extern uint8_t *gserialized_put_box(uint8_t *out, Position low, Position high);
extern const char *gserialized_type_name(uint32_t type);
extern void gserialized_add_path(PathLength *path, const PointArray *array,
							uint32_t from, uint32_t to);

/* Sizes of what is written, without the varlena header. */
#define GSERIALIZED_HEADER_SIZE	4
#define GSERIALIZED_SHAPE_SIZE	8
#define GSERIALIZED_POINT_SIZE	(GSERIALIZED_HEADER_SIZE + GSERIALIZED_SHAPE_SIZE + sizeof(Position))
#define GSERIALIZED_BOX_SIZE	(2 * GSERIALIZED_SHAPE_SIZE + 5 * sizeof(Position))

static inline Position
point_array_get(const PointArray *array, uint32_t index)
{
	Position	position;

	memcpy(&position, array->points + (size_t) index * array->point_size, sizeof(position));
	return position;
}

/* The M of a point, where it has one. */
static inline double
point_array_get_m(const PointArray *array, uint32_t index)
{
	double		m;

	memcpy(&m, array->points + ((size_t) index + 1) * array->point_size - sizeof(m), sizeof(m));
	return m;
}

/*
 * Most positions are stored alike: SRID 4326, X and Y, no box.  These need no
 * further look.  False for all others.
 */
static inline bool
gserialized_plain_point(Position *position, const void *bytes, size_t size)
{
	static const uint8_t srid[] = {0, WGS84_SRID >> 8, WGS84_SRID & 0xFF};
	static const uint32_t shape[] = {SHAPE_POINT, 1};
	const uint8_t *start = bytes;

	if (size != 4 + sizeof(shape) + sizeof(*position) ||
		memcmp(start, srid, sizeof(srid)) != 0 ||
		(start[3] & ~(GSERIALIZED_GEODETIC | GSERIALIZED_VERSION_2)) != 0 ||
		memcmp(start + 4, shape, sizeof(shape)) != 0)
		return false;
	memcpy(position, start + 4 + sizeof(shape), sizeof(*position));
	return true;
}

#endif							/* TRIPMETER_GSERIALIZED_H */
