/*
 * track_fn.c
 *		SQL: what a track is as a whole, and comparing tracks.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "catalog/pg_type.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "track/track_value.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_track_fix_count);
PG_FUNCTION_INFO_V1(tripmeter_track_start_time);
PG_FUNCTION_INFO_V1(tripmeter_track_end_time);
PG_FUNCTION_INFO_V1(tripmeter_track_duration);
PG_FUNCTION_INFO_V1(tripmeter_track_period);
PG_FUNCTION_INFO_V1(tripmeter_track_length);
PG_FUNCTION_INFO_V1(tripmeter_track_bbox);
PG_FUNCTION_INFO_V1(tripmeter_track_cmp);
PG_FUNCTION_INFO_V1(tripmeter_track_eq);
PG_FUNCTION_INFO_V1(tripmeter_track_ne);
PG_FUNCTION_INFO_V1(tripmeter_track_lt);
PG_FUNCTION_INFO_V1(tripmeter_track_le);
PG_FUNCTION_INFO_V1(tripmeter_track_ge);
PG_FUNCTION_INFO_V1(tripmeter_track_gt);
PG_FUNCTION_INFO_V1(tripmeter_track_hash);
PG_FUNCTION_INFO_V1(tripmeter_track_hash_extended);

Datum
tripmeter_track_fix_count(PG_FUNCTION_ARGS)
{
	TrackHeader header;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	PG_RETURN_INT64(header.fix_count);
}

Datum
tripmeter_track_start_time(PG_FUNCTION_ARGS)
{
	TrackHeader header;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	if (header.fix_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(header.start_time);
}

Datum
tripmeter_track_end_time(PG_FUNCTION_ARGS)
{
	TrackHeader header;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	if (header.fix_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(header.end_time);
}

/* An interval of hours, as differences of times are here. */
Datum
tripmeter_track_duration(PG_FUNCTION_ARGS)
{
	TrackHeader header;
	Interval   *duration = palloc0(sizeof(Interval));

	track_argument_header(PG_GETARG_DATUM(0), &header);
	duration->time = header.end_time - header.start_time;
	PG_RETURN_INTERVAL_P(duration);
}

/* [start, end]; empty without fixes */
Datum
tripmeter_track_period(PG_FUNCTION_ARGS)
{
	TrackHeader header;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	if (header.fix_count == 0)
		PG_RETURN_RANGE_P(make_empty_range(lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO)));
	return track_period_value(header.start_time, header.end_time, true);
}

Datum
tripmeter_track_length(PG_FUNCTION_ARGS)
{
	TrackHeader header;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	PG_RETURN_FLOAT8(header.length);
}

/* A box of no width or no height is a line or a point, as ST_Envelope has it. */
static Datum
box_value(Position low, Position high)
{
	Position	corners[] = {low, high};
	int			points = low.lon == high.lon && low.lat == high.lat ? 1 : 2;
	struct varlena *value;
	uint8	   *body;

	if (low.lon != high.lon && low.lat != high.lat)
	{
		value = geo_make_value(GSERIALIZED_BOX_SIZE, &body, 0);
		gserialized_put_box(body, low, high);
		return PointerGetDatum(value);
	}
	value = geo_make_value(GSERIALIZED_SHAPE_SIZE + points * sizeof(Position), &body, 0);
	body = gserialized_put_shape(body, points == 1 ? SHAPE_POINT : SHAPE_LINESTRING, points);
	memcpy(body, corners, points * sizeof(Position));
	return PointerGetDatum(value);
}

/*
 * One box on either side of the antimeridian, wide and high enough to be valid.  If
 * they leave out so little that a leg may have crossed it, one box around the Earth.
 */
static Datum
split_box_value(const Extent *extent)
{
	double		nanodegree = 1e-9;
	double		south = Min(extent->south, 90.0 - nanodegree);
	double		north = Max(extent->north, south + nanodegree);
	double		east = Max(extent->west_max, nanodegree - 180.0);
	uint8	   *body;
	struct varlena *value;

	if (extent->east_min - extent->west_max <= 180.0)
		return box_value((Position) {-180.0, south}, (Position) {180.0, north});
	value = geo_make_value(GSERIALIZED_SHAPE_SIZE + 2 * GSERIALIZED_BOX_SIZE, &body, 0);
	body = gserialized_put_shape(body, SHAPE_MULTIPOLYGON, 2);
	body = gserialized_put_box(body, (Position) {extent->east_min, south},
							   (Position) {180.0, north});
	gserialized_put_box(body, (Position) {-180.0, south}, (Position) {east, north});
	return PointerGetDatum(value);
}

Datum
tripmeter_track_bbox(PG_FUNCTION_ARGS)
{
	TrackHeader header;
	const Extent *extent = &header.extent;
	uint8	   *body;

	track_argument_header(PG_GETARG_DATUM(0), &header);
	if (header.fix_count == 0)
	{
		struct varlena *empty = geo_make_value(GSERIALIZED_SHAPE_SIZE, &body, 0);

		gserialized_put_shape(body, SHAPE_POLYGON, 0);
		PG_RETURN_POINTER(empty);
	}
	if (header.crosses_antimeridian)
		return split_box_value(extent);
	return box_value((Position) {Min(extent->west_min, extent->east_min), extent->south},
					 (Position) {Max(extent->west_max, extent->east_max), extent->north});
}

/*
 * What a track's fixes are: its directory and its blocks.  A set of fixes has one form,
 * so that bytes decide; all but the lengths of the blocks, whose last bit may be libm's.
 */
typedef struct Content
{
	TrackReader reader;
	const uint8 *directory;
	Size		directory_size;
} Content;

static void
open_content(struct varlena *track, Content *content)
{
	if (!track_reader_open(&content->reader, (const uint8 *) VARDATA_ANY(track),
						   VARSIZE_ANY_EXHDR(track)))
		track_report_damage();
	content->directory = content->reader.directory.at;
	content->directory_size = content->reader.header.directory_size;
}

/* The next block's bytes after its length; false after the last. */
static bool
next_content(Content *content, const uint8 **bytes, Size *size)
{
	const BlockEntry *block = &content->reader.block;

	if (!track_next_block(&content->reader))
		return false;
	if (block->size < sizeof(double))
		track_report_damage();
	*bytes = block->bytes + sizeof(double);
	*size = block->size - sizeof(double);
	return true;
}

static int
compare_int64(int64 a, int64 b)
{
	return (a > b) - (a < b);
}

static int
compare_bytes(const uint8 *a, Size a_size, const uint8 *b, Size b_size)
{
	int			order = memcmp(a, b, Min(a_size, b_size));

	return order != 0 ? order : compare_int64(a_size, b_size);
}

/* By start, by end, then in an order of no meaning. */
static int
compare_contents(Content *a, Content *b)
{
	const TrackHeader *x = &a->reader.header;
	const TrackHeader *y = &b->reader.header;
	int			order = compare_int64(x->start_time, y->start_time);
	const uint8 *a_bytes,
			   *b_bytes;
	Size		a_size,
				b_size;

	if (order == 0)
		order = compare_int64(x->end_time, y->end_time);
	if (order == 0)
		order = compare_int64(x->fix_count, y->fix_count);
	if (order == 0)
		order = compare_bytes(a->directory, a->directory_size, b->directory, b->directory_size);
	while (order == 0 && next_content(a, &a_bytes, &a_size) && next_content(b, &b_bytes, &b_size))
		order = compare_bytes(a_bytes, a_size, b_bytes, b_size);
	return order;
}

static int
compare_arguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	Content		x,
				y;
	int			order;

	open_content(a, &x);
	open_content(b, &y);
	order = compare_contents(&x, &y);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

Datum
tripmeter_track_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_arguments(fcinfo));
}

Datum
tripmeter_track_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum
tripmeter_track_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum
tripmeter_track_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum
tripmeter_track_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum
tripmeter_track_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum
tripmeter_track_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

static uint64
hash_content(struct varlena *track, uint64 seed)
{
	Content		content;
	const uint8 *bytes;
	Size		size;
	uint64		hash;

	open_content(track, &content);
	hash = hash_bytes_extended(content.directory, content.directory_size, seed);
	hash = hash_combine64(hash, hash_bytes_uint32_extended((uint32) content.reader.header.start_time, seed));
	while (next_content(&content, &bytes, &size))
		hash = hash_combine64(hash, hash_bytes_extended(bytes, size, seed));
	return hash;
}

Datum
tripmeter_track_hash(PG_FUNCTION_ARGS)
{
	struct varlena *track = PG_GETARG_VARLENA_PP(0);
	uint64		hash = hash_content(track, 0);

	PG_FREE_IF_COPY(track, 0);
	PG_RETURN_INT32((int32) hash);
}

Datum
tripmeter_track_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *track = PG_GETARG_VARLENA_PP(0);
	uint64		hash = hash_content(track, (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(track, 0);
	PG_RETURN_INT64((int64) hash);
}
