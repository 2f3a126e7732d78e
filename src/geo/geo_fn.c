/*
 * geo_fn.c
 *		SQL: route_length(geometry | geography), distance(point, point).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "geo/geo_fn.h"

/* Points between two looks at whether the query was cancelled. */
#define POINTS_PER_INTERRUPT_CHECK	65536

PG_FUNCTION_INFO_V1(tripmeter_route_length);
PG_FUNCTION_INFO_V1(tripmeter_distance);

pg_noinline void
geo_report_damage(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stored geometry is cut short"),
			 errhint("Restore the row from a backup, or load it again.")));
}

static pg_noinline void
report_srid(int32 srid)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("coordinates are not in SRID %d", WGS84_SRID),
			 errdetail("Their SRID is %d.", srid),
			 srid == 0
			 ? errhint("If they are longitude and latitude in degrees, use ST_SetSRID(..., %d).", WGS84_SRID)
			 : errhint("Use ST_Transform(..., %d).", WGS84_SRID)));
}

static void
check_srid(const Gserialized *g)
{
	if (unlikely(g->srid != WGS84_SRID))
		report_srid(g->srid);
}

/* Detoast no more than needed: a short header stays as it is. */
static struct varlena *
get_argument(Datum value)
{
	return PG_DETOAST_DATUM_PACKED(value);
}

static void
free_argument(Datum value, struct varlena *bytes)
{
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

static void
open_argument(Gserialized *g, struct varlena *bytes)
{
	if (unlikely(!gserialized_open(g, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes))))
		geo_report_damage();
	check_srid(g);
}

/* The position of any POINT, as recorded; false if it is empty. */
static pg_noinline bool
read_point(struct varlena *bytes, Position *position)
{
	Gserialized g;
	PointArray	points;

	open_argument(&g, bytes);
	if (g.type != SHAPE_POINT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("position is not a POINT"),
				 errdetail("It is a %s.", gserialized_type_name(g.type)),
				 errhint("Use ST_DumpPoints to turn it into points, or route_length for the length of a line.")));
	if (!gserialized_points(&g, &points))
		geo_report_damage();
	if (points.count == 0)
		return false;
	*position = point_array_get(&points, 0);
	return true;
}

/* The position of an argument, as recorded; false if it is empty. */
bool
geo_point_argument(Datum value, Position *position)
{
	struct varlena *bytes = get_argument(value);
	bool		present = true;

	if (!gserialized_plain_point(position, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)))
		present = read_point(bytes, position);
	free_argument(value, bytes);
	return present;
}

/* Open any geometry or geography in SRID 4326; its bytes may be a copy. */
void
geo_line_argument(Datum value, struct varlena **bytes, Gserialized *g)
{
	*bytes = get_argument(value);
	open_argument(g, *bytes);
}

/* A new value of this many bytes after its header, to be filled from `body` on. */
struct varlena *
geo_make_value(Size size, uint8 **body, uint8 flags)
{
	struct varlena *value = palloc(VARHDRSZ + GSERIALIZED_HEADER_SIZE + size);

	SET_VARSIZE(value, VARHDRSZ + GSERIALIZED_HEADER_SIZE + size);
	*body = gserialized_put_header((uint8 *) VARDATA(value), flags);
	return value;
}

/* A geometry(Point, 4326) that lives as long as its room. */
Datum
geo_point_value(PointValue *room, Position position)
{
	uint8	   *out = gserialized_put_header(room->bytes, 0);

	out = gserialized_put_shape(out, SHAPE_POINT, 1);
	memcpy(out, &position, sizeof(position));
	SET_VARSIZE(room, sizeof(*room));
	return PointerGetDatum(room);
}

static double
line_length(const PointArray *points)
{
	PathLength	path = {0};

	for (uint32 from = 0; from < points->count;)
	{
		uint32		to = from + Min(points->count - from, POINTS_PER_INTERRUPT_CHECK);

		CHECK_FOR_INTERRUPTS();
		gserialized_add_path(&path, points, from, to);
		from = to;
	}
	return path.metres;
}

static double
shape_length(Gserialized *g)
{
	PointArray	points;
	double		metres = 0;

	if (g->count == 0 || g->type == SHAPE_POINT)
		return 0;
	switch (g->type)
	{
		case SHAPE_LINESTRING:
			if (!gserialized_points(g, &points))
				geo_report_damage();
			return line_length(&points);
		case SHAPE_MULTILINESTRING:
			for (uint32 i = 0; i < g->count; i++)
			{
				if (!gserialized_next_line(g, &points))
					geo_report_damage();
				metres += line_length(&points);
			}
			return metres;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot measure the route length of a %s", gserialized_type_name(g->type)),
			 errdetail("A route is a LINESTRING or a MULTILINESTRING."),
			 errhint("Use ST_Boundary for the outline of an area, ST_CurveToLine for a curve, or ST_CollectionExtract(geometry, 2) for the lines of a collection.")));
}

/* route_length(geometry | geography) -> float8 metres */
Datum
tripmeter_route_length(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	struct varlena *bytes = get_argument(value);
	Gserialized g;
	double		metres;

	open_argument(&g, bytes);
	metres = shape_length(&g);
	free_argument(value, bytes);
	PG_RETURN_FLOAT8(metres);
}

/* distance(point, point) -> float8 metres; NULL where one is no position */
Datum
tripmeter_distance(PG_FUNCTION_ARGS)
{
	Position	from,
				to;
	bool		both = geo_point_argument(PG_GETARG_DATUM(0), &from);

	both &= geo_point_argument(PG_GETARG_DATUM(1), &to);
	if (!both || !position_normalize(&from) || !position_normalize(&to))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(geodesic_distance(from, to));
}
