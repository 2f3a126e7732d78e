-- Pricing plans of shared vehicles, as their operators publish them: GBFS,
-- system_pricing_plans.json, of the versions 2.3, 3.0 and 3.1.
--
-- The caller has no right to name the internal functions. So those that call others are SQL whose
-- names are bound when it is created.

-- Feeds are made of floats: 0.15 comes as 0.15000000000000002. The bounds are such that
-- what is within them fits into a tariff, so that errors are of the plan.
CREATE FUNCTION tripmeter_internal.gbfs_number(object jsonb, place text, key text, low numeric,
        high numeric, required boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    value jsonb := object -> key;
BEGIN
    IF value IS NULL AND NOT required THEN
        RETURN NULL;
    END IF;
    -- a CASE, for only a number can be compared
    IF (CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric NOT BETWEEN low AND high
            ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be a number from % to %',
            concat_ws('.', nullif(place, ''), key), low, high USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s in %s.', coalesce(value::text, 'missing'), object);
    END IF;
    RETURN trim_scale(round(value::numeric, 9));
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.gbfs_number(jsonb, text, text, numeric, numeric, boolean) IS
    'Return a number of a GBFS pricing plan as a decimal of 9 places; NULL if it is missing and '
    'not required. Errors: it is missing though required, no number, or not within the bounds.';

CREATE FUNCTION tripmeter_internal.gbfs_segments(plan jsonb, key text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    segments jsonb := coalesce(plan -> key, '[]');
BEGIN
    IF (CASE jsonb_typeof(segments) WHEN 'array' THEN jsonb_array_length(segments) > 499
            ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be an array of at most 499 segments', key
            USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', CASE jsonb_typeof(segments)
                WHEN 'array' THEN 'one of ' || jsonb_array_length(segments) ELSE segments::text END);
    END IF;
    RETURN segments;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.gbfs_segments(jsonb, text) IS
    'Return the segments of a GBFS pricing plan under a key. Errors: it is no array, or too long.';

CREATE FUNCTION tripmeter_internal.gbfs_rate(segment jsonb, place text, dimension text, unit text,
        price text, starts text, ends text, every text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF ends::numeric <= starts::numeric THEN
        RAISE EXCEPTION '"%.end" of a GBFS pricing plan must be after its start', place USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The segment is %s.', segment);
    END IF;
    IF every = '0' AND (segment -> 'interval')::numeric > 0 THEN
        RAISE EXCEPTION '"%.interval" of a GBFS pricing plan is too short', place USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The segment is %s.', segment);
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object('dimension', dimension, 'price', price,
        'unit', CASE every WHEN '0' THEN 'once' ELSE every || ' ' || unit END,
        'step', nullif(every, '0') || ' ' || unit,
        'from', nullif(starts, '0') || ' ' || unit,
        'to', ends || ' ' || unit));
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.gbfs_rate(jsonb, text, text, text, text, text, text, text) IS
    'Return the rate of a tariff for a segment of a GBFS pricing plan. Errors: a segment that '
    'ends before it starts, an interval that is too short.';

CREATE FUNCTION tripmeter_internal.gbfs_rates(plan jsonb, key text, dimension text, unit text,
        longest numeric) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(
        tripmeter_internal.gbfs_rate(s.segment, s.place, dimension, unit,
            tripmeter_internal.gbfs_number(s.segment, s.place, 'rate', -999999999, 999999999, true),
            tripmeter_internal.gbfs_number(s.segment, s.place, 'start', 0, longest, true),
            tripmeter_internal.gbfs_number(s.segment, s.place, 'end', 0, longest, false),
            tripmeter_internal.gbfs_number(s.segment, s.place, 'interval', 0, longest, true))
        ORDER BY s.n), '[]')
    FROM (SELECT e.segment, e.n, format('%s[%s]', key, e.n - 1) AS place
          FROM jsonb_array_elements(tripmeter_internal.gbfs_segments(plan, key))
              WITH ORDINALITY AS e (segment, n)) AS s;
END;
COMMENT ON FUNCTION tripmeter_internal.gbfs_rates(jsonb, text, text, text, numeric) IS
    'Return the rates of a tariff for the segments of a GBFS pricing plan under a key, of a '
    'dimension in a unit, each of them at most so long. Errors: it is no list of segments.';

CREATE FUNCTION tripmeter_internal.gbfs_given(plan jsonb, reserved text, reservation text)
    RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF jsonb_typeof(plan) <> 'object' OR NOT plan ? 'price'
            OR jsonb_typeof(plan -> 'currency') IS DISTINCT FROM 'string' THEN
        RAISE EXCEPTION 'not a pricing plan of GBFS' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is not an object with a currency and a price.',
            HINT = 'Give one of the "plans" in the "data" of system_pricing_plans.json.';
    END IF;
    IF reserved IS NOT NULL AND reservation IS NOT NULL THEN
        RAISE EXCEPTION 'a GBFS pricing plan must not have two prices of a reservation' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s per minute, and a flat rate of %s.', reserved, reservation);
    END IF;
    -- an error if there is no such currency
    PERFORM tripmeter.round_amount(0::numeric, plan ->> 'currency', 'half_up'::text);
    RETURN plan;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.gbfs_given(jsonb, text, text) IS
    'Return a GBFS pricing plan, checked. Errors: it is none; it has two prices of a reservation; '
    'an unknown currency.';

-- In a subquery with OFFSET 0 the plan is checked once, before it is read.
CREATE FUNCTION tripmeter.tariff_from_gbfs(plan jsonb) RETURNS tripmeter.tariff
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object('tariff', 1,
        'name', nullif(CASE jsonb_typeof(given -> 'name') WHEN 'array' THEN given #>> '{name,0,text}'
            ELSE given ->> 'name' END, ''),
        'description', nullif(CASE jsonb_typeof(given -> 'description')
            WHEN 'array' THEN given #>> '{description,0,text}' ELSE given ->> 'description' END, ''),
        'currency', given -> 'currency',
        'base', tripmeter_internal.gbfs_number(given, '', 'price', 0, 999999999, true),
        -- the longest that a tariff takes
        'rates', tripmeter_internal.gbfs_rates(given, 'per_km_pricing', 'distance', 'km', 10000000)
            || tripmeter_internal.gbfs_rates(given, 'per_min_pricing', 'time', 'min', 52596000)
            || CASE WHEN reserved IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reserved,
                        'unit', '1 min', 'step', '1 min') END
            || CASE WHEN reservation IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reservation,
                        'unit', 'once') END,
        -- of a minute six places are whole microseconds
        'caps', CASE WHEN given ? 'fare_capping' THEN jsonb_build_array(jsonb_build_object(
            'amount', tripmeter_internal.gbfs_number(given -> 'fare_capping', 'fare_capping',
                'price', 0, 999999999, true),
            'rolling', trim_scale(round(tripmeter_internal.gbfs_number(given -> 'fare_capping',
                'fare_capping', 'duration', 1, 52596000, true)::numeric, 6)) || ' min')) END
        ))::tripmeter.tariff
    FROM (
        SELECT tripmeter_internal.gbfs_given(stripped, reserved, reservation) AS given,
            reserved, reservation
        FROM (
            -- a reservation that costs nothing is not given either
            SELECT stripped,
                nullif(tripmeter_internal.gbfs_number(stripped, '', 'reservation_price_per_min',
                    0, 999999999, false), '0') AS reserved,
                nullif(tripmeter_internal.gbfs_number(stripped, '', 'reservation_price_flat_rate',
                    0, 999999999, false), '0') AS reservation
            FROM (SELECT jsonb_strip_nulls(plan) AS stripped) AS nulls_gone OFFSET 0
        ) AS priced OFFSET 0
    ) AS checked;
END;
COMMENT ON FUNCTION tripmeter.tariff_from_gbfs(jsonb) IS
    'Return the tariff of a pricing plan of GBFS (an element of data.plans in '
    'system_pricing_plans.json, versions 2.3 to 3.1): price, per_km_pricing, per_min_pricing, the '
    'price of a reservation, fare_capping. A begun interval is charged. Numbers are rounded to 9 '
    'places. Of texts in several languages it takes the first. It leaves out what GBFS leaves '
    'open: the percentage of tax of a plan that is_taxable, the factor during surge_pricing, free '
    'reserved time, and how long a reservation lasts. Errors: a plan that is not valid, with the '
    'place in it.';
