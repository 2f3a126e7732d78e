-- Random tariffs whose numbers are as large, as small, or of as many digits as they may be. What a
-- fare of 128 bits cannot hold is an error, never another amount than the model's.

CREATE FUNCTION model.hostile_number() RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT model.pick('999999999999999999', '999999999.999999999', '999999999999999.937', '0.000000001', '0.000000999', '7.000000007', '1000003.000037',
        (random() * 1e9)::numeric(18, 9)::text, (random() * 1e18)::bigint::text) $$;

-- Up to 10^7 km and a century; times are whole microseconds.
CREATE FUNCTION model.hostile_quantity(dimension text) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN model.is_length(dimension)
        THEN model.pick('999999999.999999999 yd', '999999999.999999999 ft', '6213711.123456789 mi', '9999999.999999999 km', '0.000000001 ft', '0.999999999 yd', '13.000000007 mi')
        ELSE model.pick('999999999.999999 s', '876599.9999 h', '36524.99999 day', '0.000001 s', '7.000007 min', '1000003.000037 s') END $$;

-- Something as hostile instead of a number, or a quantity.
CREATE FUNCTION model.hostile_text(value text) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN value ~ '^[0-9.]+$' THEN model.hostile_number()
        WHEN value ~ '^([0-9.]+ )?(m|km|mi|yd|ft)$' THEN model.hostile_quantity('distance')
        WHEN value ~ '^([0-9.]+ )?(s|min|h|day)$' THEN model.hostile_quantity('time')
        ELSE value END $$;

CREATE FUNCTION model.hostile_value(value jsonb, share float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'object' THEN
            -- windows of a microsecond would be without number
            RETURN (SELECT coalesce(jsonb_object_agg(key, CASE WHEN key IN ('rolling', 'attributes') THEN v ELSE model.hostile_value(v, share) END), '{}')
                FROM jsonb_each(value) e (key, v));
        WHEN 'array' THEN
            RETURN (SELECT coalesce(jsonb_agg(model.hostile_value(v, share) ORDER BY n), '[]') FROM jsonb_array_elements(value) WITH ORDINALITY e (v, n));
        WHEN 'string' THEN
            RETURN CASE WHEN model.chance(share) THEN to_jsonb(model.hostile_text(value #>> '{}')) ELSE value END;
        ELSE
            RETURN value;
    END CASE;
END $$;

-- Tiers again in order.
CREATE FUNCTION model.ordered_bounds(bounds jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_agg(bound - 'to' || CASE WHEN upto IS NULL THEN '{}' ELSE jsonb_build_object('to', upto::text) END ORDER BY n)
    FROM (SELECT bound, row_number() OVER (ORDER BY n) AS n FROM jsonb_array_elements(bounds) WITH ORDINALITY b (bound, n)) b
    LEFT JOIN (SELECT (bound->>'to')::numeric AS upto, row_number() OVER (ORDER BY (bound->>'to')::numeric) AS n
        FROM jsonb_array_elements(bounds) bound WHERE bound ? 'to') t USING (n)
    $$;

CREATE FUNCTION model.with_ordered_bounds(rates jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_agg(CASE WHEN rate ? 'tiers' THEN jsonb_set(rate, '{tiers,bounds}', model.ordered_bounds(rate->'tiers'->'bounds')) ELSE rate END ORDER BY n)
    FROM jsonb_array_elements(rates) WITH ORDINALITY r (rate, n)
    $$;

CREATE FUNCTION model.hostile_case(n bigint) RETURNS model.random_case
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    c model.random_case := CASE n % 4 WHEN 0 THEN model.track_case(n) ELSE model.totals_case(n) END;
BEGIN
    c.tariff := model.hostile_value(c.tariff, 10 ^ (-random()));
    IF c.tariff ? 'rates' THEN
        c.tariff := jsonb_set(c.tariff, '{rates}', model.with_ordered_bounds(c.tariff->'rates'));
    END IF;
    IF c.trip <> 'track' AND model.chance(0.4) THEN
        c.distance_m := round((10 ^ (random() * 12))::numeric, 3);
        c.legs := model.totals(c.distance_m, c.ended_at - c.started_at, c.stopped);
    END IF;
    RETURN c;
END $$;

-- Of a tariff that is one.
CREATE FUNCTION model.hostile_difference(c model.random_case) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    PERFORM c.tariff::text::tripmeter.tariff;
    RETURN model.difference(c);
EXCEPTION
    WHEN invalid_parameter_value THEN RETURN 'no tariff';
END $$;
