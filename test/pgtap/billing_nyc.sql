-- 5,000 taxi trips in New York: what their meters said is what our tariff says that
-- they can have said.  test/recordings/load.sql has them, where they are present.
BEGIN;

SELECT to_regclass('recordings.nyc_taxi') IS NULL AS absent \gset
\if :absent
    SELECT plan(1);
    SELECT skip('the recordings are not present', 1);
\else
    SELECT plan(15);

    -- Rate code 1, and the flat fare of rate code 2, to and from JFK airport.
    CREATE TEMP TABLE tariffs AS SELECT
        ('{"tariff": 1, "currency": "USD", "time_zone": "America/New_York", "base": "2.50",' || meter || '}')::tripmeter.tariff AS metered,
        ('{"tariff": 1, "currency": "USD", "time_zone": "America/New_York", "base": "2.50",' || meter || ',
            "flat_fares": [{"name": "JFK", "amount": "52", "when": {"attributes": {"rate_code": 2}}}],
            "surcharges": [
                {"name": "night", "amount": "0.50", "when": {"hours": ["20:00-06:00"], "not": {"attributes": {"rate_code": 2}}}},
                {"name": "rush hour", "amount": "1.00", "when": {"hours": ["16:00-20:00"],
                    "weekdays": ["mon", "tue", "wed", "thu", "fri"], "not": {"attributes": {"rate_code": 2}}}},
                {"name": "MTA tax", "amount": "0.50"},
                {"name": "improvement", "amount": "0.30"},
                {"name": "tolls", "attribute": "tolls"},
                {"name": "tip", "attribute": "tip"}]}')::tripmeter.tariff AS whole
    FROM (VALUES ('"meter": {"mode": "S", "distance": {"price": "0.50", "unit": "0.2 mi"},
        "time": {"price": "0.50", "unit": "60 s"}, "increment": "0.50", "charge": "advance", "covers": "0.2 mi"}')) AS m (meter);

    CREATE TEMP TABLE trips AS
    SELECT row_number() OVER () AS trip, t.*, picked_up AT TIME ZONE 'America/New_York' AS started_at,
        dropped_off - picked_up AS duration, extract(epoch FROM dropped_off - picked_up) / 60 AS minutes,
        round(miles * 1609.344, 3) AS metres,
        fare + extra + mta_tax + tip + tolls + improvement = total AS adds_up
    FROM recordings.nyc_taxi t WHERE fare > 0;

    -- Left out: trips without a distance, and meters that ran for half a day.
    CREATE TEMP TABLE usable AS
    SELECT t.*, (fare - 2.50) / 0.50 AS units, meter.low, meter.high, total.low AS total_low, total.high AS total_high
    FROM trips t, tariffs,
        tripmeter.fare_bounds(metered, metres::float8, duration, started_at) AS meter,
        tripmeter.fare_bounds(whole, metres::float8, duration, started_at,
            jsonb_build_object('rate_code', rate_code, 'tolls', tolls, 'tip', tip)) AS total
    WHERE rate_code = 1 AND miles > 0 AND minutes < 720;

    SELECT is(count(*), 5000::bigint, 'all trips were loaded') FROM recordings.nyc_taxi;
    SELECT is(count(*), 4902::bigint, 'of rate code 1 these are usable') FROM usable;
    SELECT is(count(*), 0::bigint, 'a fare is a number of units') FROM usable WHERE units <> trunc(units);

    -- By plain arithmetic on the miles as they were recorded ...
    SELECT is(ARRAY[count(*) FILTER (WHERE units < low), count(*) FILTER (WHERE units BETWEEN low AND high), count(*) FILTER (WHERE units > high)],
        '{30,4872,0}', 'further units by arithmetic: below the bounds, within them, above')
    FROM (SELECT units, floor(greatest(5 * miles, minutes)) AS low, floor(5 * miles + minutes) AS high FROM usable) b;
    -- ... and by the tariff, whose millimetres change many a bound, but not what is in them.
    SELECT is(ARRAY[count(*) FILTER (WHERE fare < low), count(*) FILTER (WHERE fare BETWEEN low AND high), count(*) FILTER (WHERE fare > high)],
        '{30,4872,0}', 'fares by the tariff: below the bounds, within them, above') FROM usable;
    SELECT is(string_agg(trip::text, ' '), NULL, 'both bounds of every trip are those of arithmetic on whole millimetres') FROM usable
    WHERE (low, high) IS DISTINCT FROM (2.50 + 0.50 * floor(greatest(metres / 321.8688, minutes)), 2.50 + 0.50 * floor(metres / 321.8688 + minutes));
    SELECT is(ARRAY[count(*) FILTER (WHERE low <> 2.50 + 0.50 * floor(greatest(5 * miles, minutes))),
            count(*) FILTER (WHERE high <> 2.50 + 0.50 * floor(5 * miles + minutes))],
        '{173,34}', 'bounds that whole millimetres lower by a unit') FROM usable;

    -- The first row: 1.50 miles in 400 seconds for 7.00, at night, with a tip
    SELECT is(ARRAY[fare, total, low, high, total_low, total_high], ARRAY[7.00, 9.95, 6.00, 9.50, 8.95, 12.45], 'the first trip')
    FROM usable WHERE trip = 1;

    -- Totals: of the others an extra was keyed in that the hour does not give
    CREATE TEMP TABLE charged AS
    SELECT * FROM usable
    WHERE adds_up AND mta_tax = 0.50 AND improvement = 0.30
        AND extra = CASE WHEN picked_up::time >= '20:00' OR picked_up::time < '06:00' THEN 0.50
            WHEN picked_up::time >= '16:00' AND extract(isodow FROM picked_up) < 6 THEN 1.00 ELSE 0 END;
    SELECT is(count(*), 4856::bigint, 'trips whose extras are those of the hour') FROM charged;
    SELECT is(count(*), 4826::bigint, 'as many totals are within the tariff''s bounds as fares are within the meter''s')
    FROM charged WHERE total BETWEEN total_low AND total_high;
    SELECT is(string_agg(trip::text, ' '), NULL, 'the same ones: extras, tolls and tips are added to either bound') FROM charged
    WHERE (total_low, total_high) IS DISTINCT FROM (low + total - fare, high + total - fare);
    SELECT is(ARRAY[count(*), count(*) FILTER (WHERE total = total_low)], '{13,10}',
        'trips of which distance and duration tell the total, and those that were charged it')
    FROM charged WHERE total_low = total_high;

    -- To the airport
    SELECT is(ARRAY[count(*), count(*) FILTER (WHERE total = low AND total = high)], '{21,21}', 'flat fares, and those that were charged so')
    FROM trips, tariffs, tripmeter.fare_bounds(whole, metres::float8, duration, started_at,
        jsonb_build_object('rate_code', rate_code, 'tolls', tolls, 'tip', tip))
    WHERE rate_code = 2 AND adds_up;

    -- A track that has the legs makes the fare definite: fast first, the rest slow.
    SELECT is(string_agg(trip::text, ' '), NULL, 'the fare of a track of that distance and duration is within the bounds')
    FROM (SELECT trip, low, high, tripmeter.fare(metered, tripmeter.track(started_at + s * interval '1 s',
                ST_Project('POINT(-73.98 40.75)'::geography, m, 0)::geometry), 'raw') AS fare
          FROM usable, tariffs, LATERAL (VALUES (0, 0), (round(0.6 * metres, 3), round(15 * minutes)), (metres, 60 * minutes)) AS fix (m, s)
          WHERE trip % 10 = 1 GROUP BY trip, low, high, metered::text, metered, started_at) t
    WHERE fare NOT BETWEEN low AND high;
    SELECT is(string_agg(trip::text, ' '), NULL, 'at one speed it is the lower one')
    FROM (SELECT trip, low, tripmeter.fare(metered, tripmeter.track(started_at + s * interval '1 s',
                ST_Project('POINT(-73.98 40.75)'::geography, m, 0)::geometry), 'raw') AS fare
          FROM usable, tariffs, LATERAL (VALUES (0, 0), (metres, 60 * minutes)) AS fix (m, s)
          WHERE trip % 10 = 2 GROUP BY trip, low, metered::text, metered, started_at) t
    WHERE fare <> low;
\endif

SELECT * FROM finish();
ROLLBACK;
