/*
 * make_seeds.c
 *		Writes a few small tracks into a folder, for the fuzzer to begin with: one
 *		for each way in which a column is stored.
 */
#include <stdio.h>

#include "../unit/tap.h"
#include "fuzz.h"
#include "track/track_writer.h"

typedef struct Seed
{
	const char *name;
	int			count;
	int64_t		step;			/* microseconds */
	double		units;			/* of the coordinates; 0: all digits */
	bool		channels;
} Seed;

static const Seed seeds[] = {
	{"empty", 0, 0, 0, false},
	{"one", 1, 1000000, 1e7, true},
	{"seconds", 60, 1000000, 1e7, false},
	{"blocks", 700, 1000000, 1e5, false},
	{"microseconds", 40, 999983, 1e6, true},
	{"all_digits", 20, 100000, 0, true},
	{"far_apart", 12, INT64_C(86400123456), 10, true},
};

static double
rounded(double value, double units)
{
	return units == 0 ? value : rint(value * units) / units;
}

/* Each channel is missing at times, and has a value of another kind at others. */
static Channels
make_channels(int i)
{
	Channels	channels = NO_CHANNELS;

	if (i % 3 != 1)
		channels.values[ACCURACY] = (float) (i % 5) + 0.5f;
	if (i % 4 != 3)
		channels.values[SPEED] = i == 10 ? INFINITY : (float) random_between(0, 30);
	return channels;
}

static void
add_fixes(TrackWriter *writer, const Seed *seed)
{
	Position	at = {random_between(179.99, 180), random_between(-60, 60)};

	for (int i = 0; i < seed->count; i++)
	{
		Fix			fix = {INT64_C(757382400000000) + i * seed->step, at};
		Channels	channels = seed->channels ? make_channels(i) : NO_CHANNELS;

		fix.position.lon = rounded(at.lon, seed->units);
		fix.position.lat = rounded(at.lat, seed->units);
		position_normalize(&fix.position);
		fix.time += i == 7 ? 13 : 0;	/* a patch among whole seconds */
		track_writer_add(writer, &fix, &channels);
		at.lon += random_between(1e-4, 2e-4);
		at.lat += random_between(-1e-4, 1e-4);
	}
}

static bool
write_seed(const char *folder, const Seed *seed)
{
	static TrackWriter writer;
	char		path[1000];
	FILE	   *file;
	uint8_t    *bytes;
	size_t		size;
	bool		good;

	track_writer_init(&writer, grow_memory);
	add_fixes(&writer, seed);
	writer.header.left_out = (LeftOut) {1, 2, 3, 4, 5, seed->count};
	size = track_writer_finish(&writer);
	bytes = grow_memory(NULL, size);
	track_writer_copy(&writer, bytes);

	snprintf(path, sizeof(path), "%s/%s", folder, seed->name);
	file = fopen(path, "wb");
	if (file == NULL)
	{
		perror(path);
		return false;
	}
	good = fwrite(bytes, 1, size, file) == size;
	good &= fclose(file) == 0;
	free(bytes);
	free(writer.directory.bytes);
	free(writer.body.bytes);
	return good;
}

int
main(int argc, char **argv)
{
	bool		good = argc == 2;

	for (int i = 0; good && i < (int) (sizeof(seeds) / sizeof(seeds[0])); i++)
		good &= write_seed(argv[1], &seeds[i]);
	return good ? 0 : 1;
}
