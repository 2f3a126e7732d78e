-- Fares: what a trip costs under a tariff, line by line.

CREATE FUNCTION tripmeter.fare(tariff tripmeter.tariff, distance_m float8, duration interval,
        started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.fare(tripmeter.tariff, float8, interval, timestamptz, jsonb) IS
    'What a trip of so many metres and so long costs, in the currency of the tariff. Errors: a '
    'tariff whose taximeter needs legs, or that prices time in motion or at rest; a negative '
    'distance or duration, or one out of range; an attribute that has to be a number and is none, '
    'an unknown member of "used".';

CREATE FUNCTION tripmeter.fare(tariff tripmeter.tariff, distance_m float8, moving interval,
        stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.fare(tripmeter.tariff, float8, interval, interval, timestamptz,
        jsonb) IS
    'The same of a trip whose times in motion and at rest are known.';

CREATE FUNCTION tripmeter.fare(tariff tripmeter.tariff, track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.fare(tripmeter.tariff, tripmeter.track, tripmeter.mileage_policy,
        jsonb) IS
    'The same of a recorded trip, from its legs under a mileage policy; NULL without a usable fix.';

CREATE FUNCTION tripmeter.fare_lines(tariff tripmeter.tariff, distance_m float8, duration interval,
        started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION tripmeter.fare_lines(tripmeter.tariff, float8, interval, timestamptz, jsonb) IS
    'The bill of a fare: lines whose amounts add up to it. Quantities are numbers of the unit; '
    'exact amounts have 20 places. Errors: those of fare.';

CREATE FUNCTION tripmeter.fare_lines(tariff tripmeter.tariff, distance_m float8, moving interval,
        stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION tripmeter.fare_lines(tripmeter.tariff, float8, interval, interval, timestamptz,
        jsonb) IS
    'The bill of a trip whose times in motion and at rest are known.';

CREATE FUNCTION tripmeter.fare_lines(tariff tripmeter.tariff, track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;
COMMENT ON FUNCTION tripmeter.fare_lines(tripmeter.tariff, tripmeter.track,
        tripmeter.mileage_policy, jsonb) IS
    'The bill of a recorded trip; no lines without a usable fix.';

CREATE FUNCTION tripmeter.fare_bounds(tariff tripmeter.tariff, distance_m float8, duration interval,
        started_at timestamptz, attributes jsonb DEFAULT '{}', OUT low numeric, OUT high numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_bounds'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter.fare_bounds(tripmeter.tariff, float8, interval, timestamptz, jsonb) IS
    'The least and the most that a trip of so many metres and so long may have cost under a '
    'taximeter, whatever its legs were, but for gaps that the meter leaves out. Rates beside the '
    'meter are as of a trip driven evenly; without a meter both are the fare. Errors: those of '
    'fare.';

CREATE FUNCTION tripmeter.meter_reading(tariff tripmeter.tariff, track tripmeter.track,
        at timestamptz, policy tripmeter.mileage_policy DEFAULT 'default',
        attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_meter_reading'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.meter_reading(tripmeter.tariff, tripmeter.track, timestamptz,
        tripmeter.mileage_policy, jsonb) IS
    'The live meter: the fare of what was driven until then, and no less than it was before. NULL '
    'before the trip began.';
