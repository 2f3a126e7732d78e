/*
 * track_format_test.c
 *		A track gives its fixes back bit for bit, says what they are, and has the
 *		same bytes however it was put together; damaged ones are refused.
 */
#include <geodesic.h>
#include <stdlib.h>

#include "tap.h"
#include "track/track_writer.h"

#define MAX_FIXES	20000
#define MAX_PARTS	40
#define ROUNDS		40

typedef enum Kind
{
	REGULAR_TIMES, JITTERED_TIMES, NO_BOUNDARIES, FEW_BOUNDARIES, ALL_BOUNDARIES,
	LONG_LEGS, ANTIMERIDIAN, ALL_DIGITS, KINDS
} Kind;

static const char *const kind_names[] = {
	"a fix a second", "fixes at any times", "no time at which a block begins",
	"long stretches without a block's beginning", "a block's beginning at every fix",
	"fixes far apart", "ways across the antimeridian", "all digits"
};

typedef struct Recording
{
	int			count;
	Fix			fixes[MAX_FIXES];
	Channels	channels[MAX_FIXES];
	LeftOut		left_out;
} Recording;

typedef struct Track
{
	uint8_t    *bytes;
	size_t		size;
} Track;

static int64_t
next_time(int64_t time, Kind kind, int i)
{
	bool		wanted = kind == ALL_BOUNDARIES;
	bool		choose = wanted || kind == NO_BOUNDARIES || (kind == FEW_BOUNDARIES && i % 3000 < 1800);

	time += kind == JITTERED_TIMES ? 1 + random_below(3000000) : 1000000;
	while (choose && track_block_begins_at(time) != wanted)
		time += 1000;
	return time;
}

static Position
next_position(Position last, Kind kind)
{
	double		units = kind == ALL_DIGITS ? 0x1p60 : 1e7;
	double		east = random_between(-3e-4, 3e-4);
	Position	next = {last.lon + east, last.lat + random_between(-3e-4, 3e-4)};

	if (kind == LONG_LEGS)
		next = (Position) {random_between(-180, 180), random_between(-90, 90)};
	next.lon = rint(next.lon * units) / units;
	next.lat = rint(fmax(-90, fmin(90, next.lat)) * units) / units;
	if (next.lon < -180)
		next.lon += 360;
	position_normalize(&next);
	return next;
}

/* 0: none; 1: speed, with gaps; 2: both, in stretches that begin anywhere */
static Channels
make_channels(int mode, int i)
{
	Channels	channels = NO_CHANNELS;

	if (mode == 1 && random_below(10) > 0)
		channels.values[SPEED] = (float) (random_below(3000) / 100.0);
	if (mode == 2 && i % 2100 >= 700)
	{
		channels.values[ACCURACY] = (float) random_between(0, 50);
		channels.values[SPEED] = random_below(2) == 0 ? UNKNOWN : (float) random_below(30);
	}
	return channels;
}

static int64_t
any_count(void)
{
	return random_below(2) == 0 ? 0 : (int64_t) (random_bits() >> (4 + random_below(60))) / 16;
}

static void
make_recording(Recording *recording, Kind kind, int count)
{
	int			mode = random_below(3);
	int64_t		time = ((int64_t) random_bits() >> 10) / 1000000 * 1000000;
	Position	at = {random_between(-180, 180), random_between(-80, 80)};

	if (kind == ANTIMERIDIAN)
		at.lon = -179.999;
	recording->count = count;
	for (int i = 0; i < count; i++)
	{
		time = next_time(time, kind, i);
		at = next_position(at, kind);
		recording->fixes[i] = (Fix) {time, at};
		recording->channels[i] = make_channels(mode, i);
	}
	recording->left_out = (LeftOut) {any_count(), any_count(), any_count(), any_count(),
	any_count(), any_count()};
}

static void *
grow_memory(void *bytes, size_t size)
{
	return realloc(bytes, size);
}

/* Whatever was in the writer's memory before. */
static void
begin_track(TrackWriter *writer)
{
	memset(writer, (int) (random_bits() & 0xFF), sizeof(*writer));
	track_writer_init(writer, grow_memory);
}

static Track
end_track(TrackWriter *writer)
{
	Track		track;

	track.size = track_writer_finish(writer);
	track.bytes = malloc(track.size);
	track_writer_copy(writer, track.bytes);
	free(writer->directory.bytes);
	free(writer->body.bytes);
	return track;
}

static void
add_fixes(TrackWriter *writer, const Recording *recording, int from, int to)
{
	for (int i = from; i < to; i++)
		track_writer_add(writer, &recording->fixes[i], &recording->channels[i]);
}

/* A track of the fixes from here to before there. */
static Track
write_part(const Recording *recording, int from, int to)
{
	static TrackWriter writer;

	begin_track(&writer);
	add_fixes(&writer, recording, from, to);
	writer.header.left_out = recording->left_out;
	return end_track(&writer);
}

static Track
write_whole(const Recording *recording)
{
	return write_part(recording, 0, recording->count);
}

static bool
same_tracks(Track a, Track b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* A count of fixes from 1 to MAX_FIXES, of each magnitude. */
static int
any_size(void)
{
	return (int) exp(random_between(0, log(MAX_FIXES + 1)));
}

static bool
block_has(const FixBlock *block, const Recording *recording, int from)
{
	bool		same = from + block->count <= recording->count;

	for (int i = 0; same && i < block->count; i++)
	{
		Fix			fix = fix_block_get(block, i);
		Channels	channels = fix_block_channels(block, i);

		same = memcmp(&fix, &recording->fixes[from + i], sizeof(Fix)) == 0 &&
			memcmp(&channels, &recording->channels[from + i], sizeof(Channels)) == 0;
	}
	return same;
}

/* Are these the recording's fixes, in blocks that begin where they should? */
static bool
gives_back(Track track, const Recording *recording)
{
	static FixBlock block;
	TrackReader reader;
	double		length,
				total = 0;
	int			count = 0;
	bool		full = true;	/* is the block before, if any? */
	bool		good = track_open(&reader, track.bytes, track.size);

	while (good && track_next_block(&reader))
	{
		good = track_read_block(&reader, &block, &length) && block_has(&block, recording, count) &&
			(full || track_block_begins_at(block.times[0]));
		for (int i = 1; i < block.count; i++)
			good &= !track_block_begins_at(block.times[i]);
		full = block.count == MAX_BLOCK_FIXES;
		count += block.count;
		total += length;
	}
	return good && count == recording->count && total == reader.header.length;
}

static void
test_round_trip(void)
{
	static Recording recording;

	for (Kind kind = 0; kind < KINDS; kind++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS; round++)
		{
			Track		track,
						again;

			make_recording(&recording, kind, round == 0 ? MAX_FIXES : any_size());
			track = write_whole(&recording);
			again = write_whole(&recording);
			same &= gives_back(track, &recording) && same_tracks(track, again) &&
				track_valid(track.bytes, track.size);
			free(track.bytes);
			free(again.bytes);
		}
		ok(same, "%d tracks of %s give their fixes back, and are valid", ROUNDS, kind_names[kind]);
	}
}

/* What a header has to say, found another way. */
static bool
header_right(const TrackHeader *header, const Recording *recording)
{
	static struct geod_geodesic wgs84;
	const Fix  *fixes = recording->fixes;
	int			last = recording->count - 1;
	double		length = 0,
				leg;
	bool		crosses = false;
	Extent		extent = {INFINITY, -INFINITY, INFINITY, -INFINITY, 90, -90};
	bool		has[CHANNEL_COUNT] = {false};

	geod_init(&wgs84, 6378137, 1 / 298.257223563);
	for (int i = 0; i <= last; i++)
	{
		Position	at = fixes[i].position;

		extent.south = fmin(extent.south, at.lat);
		extent.north = fmax(extent.north, at.lat);
		extent.west_min = fmin(extent.west_min, at.lon < 0 ? at.lon : INFINITY);
		extent.west_max = fmax(extent.west_max, at.lon < 0 ? at.lon : -INFINITY);
		extent.east_min = fmin(extent.east_min, at.lon < 0 ? INFINITY : at.lon);
		extent.east_max = fmax(extent.east_max, at.lon < 0 ? -INFINITY : at.lon);
		for (int c = 0; c < CHANNEL_COUNT; c++)
			has[c] |= !isnan(recording->channels[i].values[c]);
		if (i == 0)
			continue;
		geod_inverse(&wgs84, fixes[i - 1].position.lat, fixes[i - 1].position.lon,
					 at.lat, at.lon, &leg, NULL, NULL);
		length += leg;
		crosses |= fabs(at.lon - fixes[i - 1].position.lon) > 180;
	}
	return header->fix_count == (uint32_t) recording->count &&
		header->start_time == fixes[0].time && header->end_time == fixes[last].time &&
		fabs(header->length - length) <= 1e-9 * length &&
		header->crosses_antimeridian == crosses &&
		memcmp(&header->extent, &extent, sizeof(extent)) == 0 &&
		memcmp(header->has_channel, has, sizeof(has)) == 0 &&
		memcmp(&header->left_out, &recording->left_out, sizeof(LeftOut)) == 0;
}

static void
test_header(void)
{
	static Recording recording;

	for (Kind kind = 0; kind < KINDS; kind++)
	{
		bool		right = true;

		for (int round = 0; round < ROUNDS / 2; round++)
		{
			TrackHeader header;
			Track		track;

			make_recording(&recording, kind, any_size());
			track = write_whole(&recording);
			/* the first bytes are enough */
			right &= track_header_read(&header, track.bytes, fmin(track.size, MAX_TRACK_HEADER_SIZE)) > 0 &&
				header_right(&header, &recording);
			free(track.bytes);
		}
		ok(right, "the headers of %d tracks of %s are right", ROUNDS / 2, kind_names[kind]);
	}
}

/* Where parts end: anywhere, after one fix more, or after whole blocks. */
static int
next_cut(int from, int count, int parts_left)
{
	int			left = count - from;
	int			part;

	if (parts_left == 1 || left == 1)
		return count;
	switch (random_below(3))
	{
		case 0:
			part = 1;
			break;
		case 1:
			part = MAX_BLOCK_FIXES * (1 + random_below(3));
			break;
		default:
			part = 1 + random_below(1 + 2 * left / parts_left);
	}
	return from + (part < left ? part : left);
}

/* The recording in parts, each a track, or if `mixed` sometimes single fixes. */
static Track
join_parts(const Recording *recording, int parts, bool mixed, bool *good)
{
	static TrackWriter writer;
	TrackWriter joined;

	begin_track(&joined);
	for (int from = 0, to; from < recording->count; from = to)
	{
		TrackReader reader;
		Track		part;

		to = next_cut(from, recording->count, parts > 1 ? parts-- : 1);
		if (mixed && random_below(2) == 0)
		{
			add_fixes(&joined, recording, from, to);
			continue;
		}
		begin_track(&writer);
		add_fixes(&writer, recording, from, to);
		part = end_track(&writer);
		*good &= track_open(&reader, part.bytes, part.size) &&
			track_writer_add_track(&joined, &reader);
		free(part.bytes);
	}
	joined.header.left_out = recording->left_out;
	return end_track(&joined);
}

static void
test_parts(bool mixed)
{
	static Recording recording;

	for (Kind kind = 0; kind < KINDS; kind++)
	{
		bool		same = true;

		for (int round = 0; round < ROUNDS * 2; round++)
		{
			Track		whole,
						joined;

			make_recording(&recording, kind, round == 0 ? MAX_FIXES : any_size());
			whole = write_whole(&recording);
			joined = join_parts(&recording, 1 + random_below(MAX_PARTS), mixed, &same);
			same &= same_tracks(whole, joined);
			free(whole.bytes);
			free(joined.bytes);
		}
		ok(same, "%d tracks of %s, joined from parts%s, have the bytes of the whole",
		   ROUNDS * 2, kind_names[kind], mixed ? " and single fixes" : "");
	}
}

static void
test_empty(void)
{
	static Recording recording;
	static TrackWriter writer;
	TrackHeader header;
	Track		nothing,
				some,
				joined;
	bool		good = true;

	make_recording(&recording, REGULAR_TIMES, 2000);
	nothing = write_part(&recording, 0, 0);
	some = write_whole(&recording);
	ok(track_valid(nothing.bytes, nothing.size) &&
	   track_header_read(&header, nothing.bytes, nothing.size) > 0 &&
	   header.fix_count == 0 && header.length == 0 && header.start_time == 0 &&
	   header.end_time == 0 && header.extent.north == -INFINITY,
	   "a track may have no fixes");

	begin_track(&writer);
	for (int i = 0; i < 3; i++)
	{
		TrackReader reader;
		Track		part = i == 1 ? some : nothing;

		good &= track_open(&reader, part.bytes, part.size) && track_writer_add_track(&writer, &reader);
	}
	writer.header.left_out = recording.left_out;
	joined = end_track(&writer);
	ok(good && same_tracks(joined, some), "tracks without fixes add nothing");
	free(nothing.bytes);
	free(some.bytes);
	free(joined.bytes);
}

/* Worked by hand from the description of the format. */
static void
test_bytes(void)
{
	static const uint8_t expected[] = {
		1, 0, 0, 0,				/* version, flags */
		1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, /* fixes, blocks, directory */
		0x40, 0x42, 0x0F, 0, 0, 0, 0, 0,	/* a second after the epoch */
		0x40, 0x42, 0x0F, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, /* length */
		0, 0, 0, 0, 0, 0, 0xF0, 0x7F, 0, 0, 0, 0, 0, 0, 0xF0, 0xFF, /* nothing in the west */
		0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, /* 1.5 */
		0, 0, 0, 0, 0, 0, 0x00, 0xC0, 0, 0, 0, 0, 0, 0, 0x00, 0xC0, /* -2 */
		1, 2, 3, 4, 5, 0xAC, 0x02,	/* left out, the last 300 */
		0, 1, 18,				/* directory */
		0, 0, 0, 0, 0, 0, 0, 0, /* length */
		0, 6, 0, 0, 1, 0, 30, 0, 0, 3	/* see block_codec_test.c */
	};
	static Recording recording = {
		.count = 1,.fixes = {{1000000, {1.5, -2}}},.left_out = {1, 2, 3, 4, 5, 300}
	};
	Track		track;

	recording.channels[0] = NO_CHANNELS;
	track = write_whole(&recording);
	ok(track.size == sizeof(expected) && memcmp(track.bytes, expected, track.size) == 0,
	   "the bytes of a track of one fix");
	free(track.bytes);
}

/* A leg across the antimeridian is seen, in a block, between two, between tracks. */
static void
test_crossing(void)
{
	static Recording recording;

	for (int place = 1; place < 1200; place += 256)
	{
		TrackHeader header;
		Track		track;
		bool		ignored = true;

		make_recording(&recording, NO_BOUNDARIES, 1200);
		for (int i = 0; i < 1200; i++)
			recording.fixes[i].position = (Position) {i < place ? 179.9 : -179.9, 0};
		track = join_parts(&recording, 1 + place % MAX_PARTS, false, &ignored);
		track_header_read(&header, track.bytes, track.size);
		/* 0.2 degrees of the equator */
		ok(header.crosses_antimeridian &&
		   fabs(header.length - 6378137 * 3.14159265358979 / 900) < 1e-4,
		   "a leg across the antimeridian to fix %d is short, and noted", place);
		free(track.bytes);
	}
}

/* Is a track refused whose last fix is here, and later by this than it should be? */
static bool
refuses(int64_t later, Position position)
{
	static Recording recording;
	Track		track;
	bool		valid;

	make_recording(&recording, REGULAR_TIMES, 10);
	recording.fixes[9].position = position;
	recording.fixes[9].time += later;
	track = write_whole(&recording);
	valid = track_valid(track.bytes, track.size);
	free(track.bytes);
	return !valid;
}

static void
test_refused(void)
{
	ok(!refuses(0, (Position) {0, 0}), "a track of proper fixes is valid");
	ok(refuses(0, (Position) {180, 0}), "longitude 180 is refused");
	ok(refuses(0, (Position) {0, 90.5}), "latitude 90.5 is refused");
	ok(refuses(0, (Position) {NAN, 0}), "longitude NaN is refused");
	ok(refuses(-1000000, (Position) {0, 0}), "two fixes at one time are refused");
	ok(refuses(-1000001, (Position) {0, 0}), "a fix before the last is refused");
	ok(refuses(FIX_TIME_LIMIT + (INT64_C(1) << 54), (Position) {0, 0}),
	   "a time past the limit is refused");
}

/* Numbers that no decimals give keep their sign when they are written. */
static void
test_negative_zero(void)
{
	static Recording recording;
	Track		track;

	make_recording(&recording, REGULAR_TIMES, 10);
	for (int i = 0; i < 10; i++)
		recording.channels[i] = (Channels) {{UNKNOWN, i == 5 ? -0.0f : 0x1p-100f * (float) i}};
	track = write_whole(&recording);
	ok(!track_valid(track.bytes, track.size), "a speed of minus zero is refused");
	free(track.bytes);
}

static Track
make_small_track(Recording *recording, int count)
{
	make_recording(recording, random_below(KINDS), count);
	return write_whole(recording);
}

/* In memory that is no longer. */
static Track
copy_part(Track track, size_t size)
{
	Track		part = {malloc(size > 0 ? size : 1), size};

	memcpy(part.bytes, track.bytes, size);
	return part;
}

static void
test_truncated(void)
{
	static Recording recording;
	bool		refused = true;

	for (int round = 0; round < 10; round++)
	{
		Track		track = make_small_track(&recording, 1 + random_below(600));

		/* each of the header and the directory, and some others */
		for (size_t size = 0; size < track.size; size += size < 200 ? 1 : 1 + random_below(40))
		{
			Track		part = copy_part(track, size);

			refused &= !track_valid(part.bytes, part.size);
			free(part.bytes);
		}
		free(track.bytes);
	}
	ok(refused, "beginnings of 10 tracks are refused");
}

/* Joined to a good track, too, for what is stored is not checked again. */
static void
add_damaged(const Recording *recording, Track damaged)
{
	static TrackWriter writer;
	TrackReader reader;

	begin_track(&writer);
	add_fixes(&writer, recording, 0, 1 + random_below(recording->count));
	if (track_open(&reader, damaged.bytes, damaged.size))
		track_writer_add_track(&writer, &reader);
	free(end_track(&writer).bytes);
}

/* The track that a valid one's fixes make. */
static Track
rebuild(Track track)
{
	static TrackWriter writer;
	static FixBlock block;
	TrackReader reader;
	double		length;

	begin_track(&writer);
	track_open(&reader, track.bytes, track.size);
	while (track_next_block(&reader) && track_read_block(&reader, &block, &length))
		for (int i = 0; i < block.count; i++)
		{
			Fix			fix = fix_block_get(&block, i);
			Channels	channels = fix_block_channels(&block, i);

			track_writer_add(&writer, &fix, &channels);
		}
	writer.header.left_out = reader.header.left_out;
	return end_track(&writer);
}

static void
test_damaged(void)
{
	static Recording recording;
	int			accepted = 0;
	bool		good = true;

	for (int round = 0; round < 4000; round++)
	{
		Track		track = make_small_track(&recording, 1 + random_below(1000));
		Track		rebuilt,
					again;

		/* one of all bytes, and some of the header and the directory */
		track.bytes[random_below((int) track.size)] = (uint8_t) random_bits();
		for (int i = random_below(3); i > 0; i--)
			track.bytes[random_below(TRACK_HEAD_SIZE + 10)] = (uint8_t) random_bits();
		add_damaged(&recording, track);
		if (track_valid(track.bytes, track.size))
		{
			accepted++;
			rebuilt = rebuild(track);
			again = rebuild(rebuilt);
			good &= track_valid(rebuilt.bytes, rebuilt.size) && same_tracks(rebuilt, again);
			free(rebuilt.bytes);
			free(again.bytes);
		}
		free(track.bytes);
	}
	ok(good && accepted > 0, "%d damaged tracks are refused, and %d have fixes all the same",
	   4000 - accepted, accepted);
}

/*
 * A car with a receiver of one fix a second and seven decimals: it speeds up,
 * slows down and turns, and the receiver's error changes slowly.
 */
static void
test_size(void)
{
	static Recording recording;
	double		speed = 14,
				heading = 0,
				turn = 0;
	Position	at = {54.96, 56.25};
	Track		track;

	make_recording(&recording, REGULAR_TIMES, MAX_FIXES);
	for (int i = 0; i < MAX_FIXES; i++)
	{
		speed = fmax(0, fmin(33, speed + random_between(-1.5, 1.5)));
		turn = 0.7 * turn + random_between(-0.04, 0.04);
		heading += turn;
		at.lon += speed * sin(heading) / 61900;
		at.lat += speed * cos(heading) / 111300;
		recording.fixes[i].position.lon = rint(at.lon * 1e7) / 1e7;
		recording.fixes[i].position.lat = rint(at.lat * 1e7) / 1e7;
		recording.channels[i] = NO_CHANNELS;
	}
	track = write_whole(&recording);
	ok(track.size <= 2.6 * MAX_FIXES, "a recording of a fix a second takes %.2f bytes a fix",
	   (double) track.size / MAX_FIXES);
	free(track.bytes);
}

int
main(void)
{
	test_bytes();
	test_round_trip();
	test_header();
	test_parts(false);
	test_parts(true);
	test_empty();
	test_crossing();
	test_refused();
	test_negative_zero();
	test_truncated();
	test_damaged();
	test_size();
	return done_testing();
}
