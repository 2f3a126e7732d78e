/*
 * stop_finder_test.c
 *		Simulated drives whose stops are known: each is found, when and where it was,
 *		and no other.
 */
#include <string.h>

#include "mileage/stop_finder.h"
#include "tap.h"

#define SECOND		INT64_C(1000000)
#define DRIVES		3000
#define MAX_STOPS	5
#define MIN_STOP	60			/* seconds; what is shorter may be found or not */

/*
 * Where the way into the radius looks like a turn, the classifier counts it as driven
 * up to where it sees the rest.
 */
#define REST		20			/* seconds */

typedef struct Stops
{
	int			count;
	Stop		stops[64];
} Stops;

/* A vehicle on its way, and what is found of it. */
typedef struct Drive
{
	LegClassifier classifier;
	StopFinder	finder;
	Stops		planned;
	Stops		found;
	Position	at;
	int64_t		time;
	int64_t		interval;		/* between fixes */
	double		speed;
	double		noise;			/* metres, at most, either way */
	double		east;			/* where it is heading */
	double		north;
} Drive;

static void
note_stop(void *context, const Stop *stop)
{
	Stops	   *stops = context;

	if (stop->end_time - stop->start_time >= MIN_STOP * SECOND && stops->count < 64)
		stops->stops[stops->count++] = *stop;
}

static void
see_leg(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	stop_finder_see(context, c, leg);
}

static double
random_noise(const Drive *d)
{
	return random_between(-d->noise, d->noise);
}

static void
record(Drive *d, double east, double north)
{
	Fix			fix = {d->time, geodesic_offset(d->at, east + random_noise(d), north + random_noise(d))};

	classifier_add(&d->classifier, &fix, NAN, NULL);
	d->time += d->interval;
}

static void
start(Drive *d, double radius)
{
	MileagePolicy policy = {
		.version = MILEAGE_ALGORITHM_VERSION, .reject_null_island = 1, .reanchor_fixes = 3,
		.max_speed = 70, .jitter_radius = radius, .max_accuracy = 100, .gap_threshold = 300 * SECOND
	};
	double		heading = random_between(0, 2 * M_PI);

	memset(d, 0, sizeof(*d));
	d->finder = (StopFinder) {.radius = radius, .found = note_stop, .context = &d->found};
	classifier_init(&d->classifier, &policy);
	classifier_tell(&d->classifier, see_leg, &d->finder);
	d->at = (Position) {random_below(2) ? random_between(-180, 179) : 179.99, random_between(-80, 80)};
	d->interval = (1 + random_below(6)) * SECOND;
	d->speed = random_between(8, 25);
	d->noise = random_between(0, radius / 5);
	d->east = cos(heading);
	d->north = sin(heading);
}

static void
drive(Drive *d, double metres)
{
	double		step = d->speed * (double) d->interval * 1e-6;

	for (double driven = 0; driven < metres; driven += step)
	{
		d->at = geodesic_offset(d->at, step * d->east, step * d->north);
		record(d, 0, 0);
	}
}

/* Stand for so long.  The stop is a planned one if it is long enough. */
static void
stand(Drive *d, int seconds)
{
	Stop		stop = {.start_time = d->time - d->interval, .center = d->at};
	int64_t		end = stop.start_time + seconds * SECOND;

	for (; d->time < end; stop.fix_count++)
		record(d, 0, 0);
	stop.end_time = d->time - d->interval;
	note_stop(&d->planned, &stop);
}

static void
finish(Drive *d)
{
	classifier_finish(&d->classifier);
	stop_finder_finish(&d->finder);
}

/* What takes the vehicle from the middle of a circle to its edge, and a fix more. */
static int64_t
tolerance(const Drive *d)
{
	return (int64_t) (2 * d->finder.radius / d->speed * 1e6) + 3 * d->interval;
}

static int64_t
apart(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* Were the planned stops found, and no others?  They may begin so late. */
static bool
as_planned(const Drive *d, int64_t late)
{
	bool		good = d->found.count == d->planned.count;

	for (int i = 0; good && i < d->found.count; i++)
	{
		const Stop *found = &d->found.stops[i];
		const Stop *planned = &d->planned.stops[i];
		int64_t		fixes = (found->end_time - found->start_time) / d->interval + 1;

		good &= apart(found->start_time, planned->start_time) <= tolerance(d) + late &&
			apart(found->end_time, planned->end_time) <= tolerance(d) &&
			geodesic_distance(found->center, planned->center) <= d->finder.radius / 2 &&
			found->fix_count <= fixes && (found->fix_count + late / d->interval) * 10 >= planned->fix_count * 9;
	}
	return good;
}

static void
report(const Drive *d)
{
	printf("# radius %g, noise %g, speed %g, interval %lld s\n", d->finder.radius, d->noise,
		   d->speed, (long long) (d->interval / SECOND));
	for (int i = 0; i < d->planned.count; i++)
		printf("# planned %lld to %lld\n", (long long) (d->planned.stops[i].start_time / SECOND),
			   (long long) (d->planned.stops[i].end_time / SECOND));
	for (int i = 0; i < d->found.count; i++)
		printf("# found %lld to %lld, %g m off\n", (long long) (d->found.stops[i].start_time / SECOND),
			   (long long) (d->found.stops[i].end_time / SECOND),
			   i < d->planned.count ? geodesic_distance(d->found.stops[i].center, d->planned.stops[i].center) : -1.0);
}

/* Drive from stop to stop; the first may be where the drive begins, the last where it ends. */
static void
test_stops(void)
{
	static Drive d;
	int			good = 0;
	int			prompt = 0;
	int			stops = 0;

	for (int n = 0; n < DRIVES; n++)
	{
		int			planned = random_below(MAX_STOPS + 1);

		start(&d, random_between(20, 60));
		if (random_below(2))
			drive(&d, random_between(500, 3000));
		for (int i = 0; i < planned; i++)
		{
			stand(&d, MIN_STOP + 30 + random_below(900));
			drive(&d, random_between(500, 3000));
		}
		if (random_below(2))
			stand(&d, MIN_STOP + 30 + random_below(900));
		finish(&d);
		stops += d.planned.count;
		prompt += as_planned(&d, 0);
		good += as_planned(&d, REST * SECOND);
		if (!as_planned(&d, REST * SECOND) && n - good < 3)
			report(&d);
	}
	ok(good == DRIVES, "of %d drives with %d stops, %d have theirs and no others", DRIVES, stops, good);
	ok(prompt >= DRIVES * 98 / 100, "in %d of them every stop begins on arrival", prompt);
}

/* At a red light a vehicle stands too briefly, in slow traffic it does not stand. */
static void
test_no_stops(void)
{
	static Drive d;
	int			good = 0;

	for (int n = 0; n < DRIVES; n++)
	{
		start(&d, random_between(20, 40));
		for (int i = 0; i < 4; i++)
		{
			drive(&d, random_between(200, 1000));
			stand(&d, random_below(MIN_STOP - 30));
		}
		d.speed = random_between(3, 5);
		drive(&d, 500);
		finish(&d);
		good += d.found.count == 0;
	}
	ok(good == DRIVES, "%d of %d drives without a stop have none", good, DRIVES);
}

/* Echoes that lead out of the radius and back are part of a stop; a street farther is another. */
static void
test_echoes(void)
{
	static Drive d;
	int			one = 0;
	int			two = 0;

	for (int n = 0; n < DRIVES; n++)
	{
		Stop		planned;

		start(&d, 20);
		d.noise = random_between(0, 3);
		drive(&d, 1000);
		stand(&d, 300);
		planned = d.planned.stops[0];
		for (int i = 1 + random_below(3); i > 0; i--)
		{
			record(&d, random_between(26, 30), 0);
			stand(&d, 200);
		}
		planned.end_time = d.time - d.interval;
		planned.fix_count = 0;
		d.planned = (Stops) {1, {planned}};
		drive(&d, 1000);
		finish(&d);
		one += as_planned(&d, REST * SECOND);
		if (!as_planned(&d, REST * SECOND) && n - one < 3)
			report(&d);

		start(&d, 20);
		drive(&d, 1000);
		stand(&d, 300);
		drive(&d, random_between(120, 300));
		stand(&d, 300);
		finish(&d);
		two += d.found.count == 2;
	}
	ok(one == DRIVES, "%d of %d stops with echoes are one", one, DRIVES);
	ok(two == DRIVES, "%d of %d pairs of neighbouring stops are two", two, DRIVES);
}

static void
test_little(void)
{
	static Drive d;

	start(&d, 20);
	finish(&d);
	ok(d.found.count == 0, "nothing, no stop");
	start(&d, 20);
	record(&d, 0, 0);
	finish(&d);
	ok(d.found.count == 0, "one fix, no stop");
	start(&d, 20);
	stand(&d, 3600);
	finish(&d);
	stop_finder_finish(&d.finder);
	ok(d.found.count == 1 && as_planned(&d, 0), "a parked vehicle has one stop, which is told once");
}

int
main(void)
{
	test_stops();
	test_no_stops();
	test_echoes();
	test_little();
	return done_testing();
}
