\echo Use "ALTER EXTENSION tripmeter UPDATE" to load this file. \quit
-- The tariff: what trips cost, as one value.

CREATE TYPE tariff;

CREATE FUNCTION tariff_in(cstring) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_in'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_in(cstring) IS 'Reads and checks the text form of a tariff, which is JSON.';

CREATE FUNCTION tariff_out(tariff) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tariff_out(tariff) IS 'Writes the canonical text form of a tariff.';

CREATE FUNCTION tariff_recv(internal) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_recv(internal) IS 'Reads and checks the binary form of a tariff, which is its text.';

CREATE FUNCTION tariff_send(tariff) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tariff_send(tariff) IS 'Writes the binary form of a tariff, which is its text.';

CREATE TYPE tariff (
    INPUT = tariff_in,
    OUTPUT = tariff_out,
    RECEIVE = tariff_recv,
    SEND = tariff_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE tariff IS
    'What trips cost: prices and rules, in one currency and time zone. Text: a JSON object of up to 1 MB, which comes out in its canonical form. Errors: whatever is not as doc/billing.md describes it, with its place in the document.';

CREATE FUNCTION tariff_from_jsonb(document jsonb) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_from_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_from_jsonb(jsonb) IS
    'The tariff of a JSON document. Errors: whatever is not as doc/billing.md describes it, with its place in the document.';

CREATE FUNCTION as_jsonb(tariff tariff) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_as_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION as_jsonb(tariff) IS
    'A tariff as JSON: its canonical form.';

CREATE CAST (jsonb AS tariff) WITH FUNCTION tariff_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS tariff) IS 'From a JSON document.';

CREATE CAST (tariff AS jsonb) WITH FUNCTION as_jsonb(tariff) AS ASSIGNMENT;
COMMENT ON CAST (tariff AS jsonb) IS 'The canonical form.';

CREATE FUNCTION currency(tariff tariff) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_currency'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION currency(tariff) IS
    'The ISO 4217 code of the currency in which a tariff''s amounts are.';

-- Comparing tariffs

CREATE FUNCTION tariff_cmp(tariff, tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_cmp(tariff, tariff) IS
    'Compares two tariffs, in an order of no meaning. Equal are those whose canonical texts are.';

CREATE FUNCTION tariff_hash(tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_hash(tariff) IS
    'Hash of a tariff.';

CREATE FUNCTION tariff_hash_extended(tariff, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash_extended'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_hash_extended(tariff, bigint) IS
    'Hash of a tariff, with a seed.';

CREATE FUNCTION tariff_lt(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_lt(tariff, tariff) IS
    'implementation of < operator';
CREATE OPERATOR < (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (tariff, tariff) IS 'less than';

CREATE FUNCTION tariff_le(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_le(tariff, tariff) IS
    'implementation of <= operator';
CREATE OPERATOR <= (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (tariff, tariff) IS 'less than or equal';

CREATE FUNCTION tariff_eq(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_eq(tariff, tariff) IS
    'implementation of = operator';
CREATE OPERATOR = (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (tariff, tariff) IS 'equal';

CREATE FUNCTION tariff_ne(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_ne(tariff, tariff) IS
    'implementation of <> operator';
CREATE OPERATOR <> (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (tariff, tariff) IS 'not equal';

CREATE FUNCTION tariff_ge(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_ge(tariff, tariff) IS
    'implementation of >= operator';
CREATE OPERATOR >= (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (tariff, tariff) IS 'greater than or equal';

CREATE FUNCTION tariff_gt(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_gt(tariff, tariff) IS
    'implementation of > operator';
CREATE OPERATOR > (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (tariff, tariff) IS 'greater than';

CREATE OPERATOR CLASS tariff_ops
    DEFAULT FOR TYPE tariff USING btree AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 tariff_cmp(tariff, tariff);
COMMENT ON OPERATOR CLASS tariff_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tariff_ops USING btree IS 'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS tariff_hash_ops
    DEFAULT FOR TYPE tariff USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 tariff_hash(tariff),
    FUNCTION 2 tariff_hash_extended(tariff, bigint);
COMMENT ON OPERATOR CLASS tariff_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tariff_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
-- What a tariff says that its author hardly meant.

CREATE FUNCTION tariff_lint(tariff tariff)
    RETURNS TABLE (path text, kind text, message text)
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lint'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION tariff_lint(tariff) IS
    'Findings in a tariff that is valid: where, of which kind, and what. Kinds: unreachable (a rate, a tier, a flat fare or a condition that never counts), no_fallback (a quantity or a moment for which a dimension that has conditions, or of which the first rate is selected, has no rate; the first such; of a dimension that the meter prices it is not looked for), volume_cliff (a bound of volume tiers beyond which the total is lower), ambiguous_hour (an edge of a window at a local time that the zone skips or repeats in the years 2000 to 2037), currency_digits (an amount with more digits than its currency, a fare step finer than it, a cash step that its cash does not have). No rows: nothing was found. What depends on a calendar that the tariff does not hold is not judged. Lengths in the messages are in metres, times in seconds.';
-- Amounts: shared out and rounded, so that every party gets the same cent.

CREATE FUNCTION allocate(amount numeric, weights numeric[], digits integer) RETURNS numeric[]
    AS 'MODULE_PATHNAME', 'tripmeter_allocate'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION allocate(numeric, numeric[], integer) IS
    'Shares an amount out by weights, in amounts of so many digits behind the point (0 to 12) that add up to it: each is rounded down, and what is left goes to the largest remainders, of equal ones to the first. A negative amount is shared out as its absolute value is. Errors: an amount that is not finite or has more decimals; none or more than 1000000 weights; a weight that is NULL, negative or not finite; only weights of 0.';

CREATE FUNCTION round_amount(amount numeric, currency text, mode text DEFAULT 'half_up') RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_amount'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION round_amount(numeric, text, text) IS
    'An amount rounded to the smallest unit of its currency (ISO 4217); by half_up, half_even, half_down, up or down, all of the absolute value. Errors: an unknown currency or mode, an amount that is not finite.';

CREATE FUNCTION round_cash(amount numeric, currency text, mode text DEFAULT 'half_up') RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_cash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION round_cash(numeric, text, text) IS
    'An amount rounded to what can be paid in cash: to the smallest coin or note of its currency (ISO 4217); by half_up, half_even, half_down, up or down, all of the absolute value. Errors: an unknown currency or mode, an amount that is not finite.';
-- Tariffs by name and time: what was in force is kept as it was, so that a bill can be
-- computed again years later.

CREATE TABLE calendars (
    name text PRIMARY KEY CONSTRAINT calendars_are_named CHECK (name <> ''),
    dates datemultirange NOT NULL
        CONSTRAINT calendars_have_dates CHECK (NOT isempty(dates) AND dates <@ '{[0001-01-01,9999-12-31]}'::datemultirange)
);
COMMENT ON TABLE calendars IS
    'Lists of dates that tariffs may name, such as public holidays. A tariff that is stored takes those with it that it names: a change here is one for the tariffs stored afterwards.';
COMMENT ON COLUMN calendars.name IS 'what tariffs call it';
COMMENT ON COLUMN calendars.dates IS 'local dates, at least one, of the years 1 to 9999; of a list of dates: range_agg(daterange(d, d, ''[]''))';
COMMENT ON CONSTRAINT calendars_are_named ON calendars IS 'A name is not empty.';
COMMENT ON CONSTRAINT calendars_have_dates ON calendars IS 'A calendar has dates, and none that a tariff could not write.';

-- Names are compared by their hash: text itself cannot be in such an index. Two names of
-- one hash, of which there are 2^64, could not be valid at once; never the other way round.
CREATE TABLE tariffs (
    name text CONSTRAINT tariffs_are_named CHECK (name <> ''),
    version integer CONSTRAINT tariffs_are_numbered CHECK (version > 0),
    valid tstzrange NOT NULL
        CONSTRAINT tariffs_begin CHECK (NOT isempty(valid) AND lower_inc(valid) AND isfinite(lower(valid)) AND NOT lower_inf(valid))
        CONSTRAINT tariffs_end CHECK (NOT upper_inc(valid) AND (upper_inf(valid) OR isfinite(upper(valid)))),
    tariff tariff NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version),
    CONSTRAINT tariffs_are_valid_one_at_a_time EXCLUDE USING gist (
        numrange(hashtextextended(name, 0), hashtextextended(name, 0), '[]') WITH &&, valid WITH &&)
);
COMMENT ON TABLE tariffs IS
    'Tariffs by name, each in versions of which one at most is valid at a time. Of a version whose validity has begun only its end may be changed, from one that is still to come to another; it cannot be deleted. Calendars that a tariff names and does not hold are taken into it from table calendars.';
COMMENT ON COLUMN tariffs.name IS 'what trips call it';
COMMENT ON COLUMN tariffs.version IS 'a number from 1 on, of its name';
COMMENT ON COLUMN tariffs.valid IS 'when it holds for trips that start: from its first instant, included, to its last, excluded, or without end';
COMMENT ON COLUMN tariffs.tariff IS 'the document, with the calendars it names';
COMMENT ON COLUMN tariffs.published_at IS 'when it was stored';
COMMENT ON CONSTRAINT tariffs_are_named ON tariffs IS 'A name is not empty.';
COMMENT ON CONSTRAINT tariffs_are_numbered ON tariffs IS 'Versions are counted from 1.';
COMMENT ON CONSTRAINT tariffs_begin ON tariffs IS 'A validity has a first instant.';
COMMENT ON CONSTRAINT tariffs_end ON tariffs IS 'A validity ends before an instant, or never.';
COMMENT ON CONSTRAINT tariffs_are_valid_one_at_a_time ON tariffs IS 'Two versions of a tariff are never valid at once.';

SELECT pg_extension_config_dump('calendars', '');
SELECT pg_extension_config_dump('tariffs', '');

-- Documents are whole

CREATE FUNCTION tariffs_embed_calendars() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    document jsonb := NEW.tariff::jsonb;
    held jsonb := coalesce(document -> 'calendars', '{}');
    added jsonb;
    unknown text;
BEGIN
    SELECT jsonb_object_agg(named.name, days.list), min(named.name) FILTER (WHERE calendars.name IS NULL)
    INTO added, unknown
    FROM (SELECT jsonb_path_query(document, '$.**.when.calendars[*]') #>> '{}'
          UNION SELECT jsonb_path_query(document, '$.**.when.not.calendars[*]') #>> '{}') AS named (name)
        LEFT JOIN @extschema@.calendars USING (name),
        LATERAL (SELECT jsonb_agg(concat_ws('/', to_char(lower(days)::timestamp, 'YYYY-MM-DD'),
                        CASE WHEN upper(days) - lower(days) > 1 THEN to_char(upper(days)::timestamp - interval '1 day', 'YYYY-MM-DD') END)
                    ORDER BY days)
                 FROM unnest(calendars.dates) AS days) AS days (list)
    WHERE NOT held ? named.name;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'calendar "%" does not exist', unknown USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Tariff "%s" names it.', NEW.name),
            HINT = 'Insert it into @extschema@.calendars, or give its dates in the "calendars" of the tariff.';
    END IF;
    IF added IS NOT NULL THEN
        NEW.tariff := (document || jsonb_build_object('calendars', held || added))::@extschema@.tariff;
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION tariffs_embed_calendars() IS
    'Trigger of tariffs: takes the calendars that a document names and does not hold from table calendars. Errors: a calendar that is in neither.';

CREATE TRIGGER embed_calendars BEFORE INSERT OR UPDATE OF tariff ON tariffs
    FOR EACH ROW EXECUTE FUNCTION tariffs_embed_calendars();
COMMENT ON TRIGGER embed_calendars ON tariffs IS 'Makes a document whole.';

-- What was in force stays as it was

CREATE FUNCTION tariffs_keep_history() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    changeable @extschema@.tariffs;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'tariffs cannot be truncated' USING
            ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Versions that have not begun can be deleted.';
    END IF;
    IF lower(OLD.valid) > clock_timestamp() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'version % of tariff "%" cannot be deleted', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It is valid since %s.', lower(OLD.valid)),
            HINT = 'End its validity instead.';
    END IF;
    changeable := OLD;
    changeable.valid := tstzrange(lower(OLD.valid), upper(NEW.valid));
    IF changeable *<> NEW THEN
        RAISE EXCEPTION 'version % of tariff "%" cannot be changed', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It is valid since %s.', lower(OLD.valid)),
            HINT = 'Publish a new version with @extschema@.tariff_publish; of this one only the end of its validity can change.';
    END IF;
    IF OLD.valid <> NEW.valid AND least(upper(OLD.valid), upper(NEW.valid)) <= clock_timestamp() THEN
        RAISE EXCEPTION 'the past validity of version % of tariff "%" cannot be changed', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It ends %s, and would end %s.', coalesce(upper(OLD.valid)::text, 'never'), coalesce(upper(NEW.valid)::text, 'never')),
            HINT = 'Only an end in the future can be changed, to one that is still in the future when the transaction commits.';
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION tariffs_keep_history() IS
    'Trigger of tariffs: of a version whose validity has begun only its end may change, from one that is still to come to another. Errors: any other change, deleting it, TRUNCATE.';

CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON tariffs
    FOR EACH ROW EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_history ON tariffs IS 'Refuses what would change a bill of the past.';

CREATE TRIGGER keep_all_history BEFORE TRUNCATE ON tariffs
    FOR EACH STATEMENT EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_all_history ON tariffs IS 'Refuses what would change the bills of the past.';

-- Until a change commits, others compute bills without it. So what it changes must still
-- be to come by then.
CREATE CONSTRAINT TRIGGER keep_history_until_commit AFTER UPDATE OR DELETE ON tariffs
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_history_until_commit ON tariffs IS 'Refuses what has come to change a bill of the past by the time it commits.';

-- For users

CREATE FUNCTION tariff_at(name text, at timestamptz) RETURNS tariff
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 200
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.tariff;
BEGIN
    SELECT t.tariff INTO result
    FROM @extschema@.tariffs t
    WHERE t.name = tariff_at.name AND t.valid @> tariff_at.at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no version of tariff "%" is valid at %', name, at USING
            ERRCODE = 'undefined_object',
            DETAIL = (SELECT CASE count(*) WHEN 0 THEN 'There is no tariff of this name.'
                                 ELSE format('It is valid %s.', range_agg(t.valid)) END
                      FROM @extschema@.tariffs t WHERE t.name = tariff_at.name),
            HINT = 'Publish one with @extschema@.tariff_publish; or join @extschema@.tariffs where a trip may have no tariff.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tariff_at(text, timestamptz) IS
    'The tariff of this name that holds for a trip that starts then. NULL if an argument is. Errors: there is none.';

CREATE FUNCTION tariff_publish(name text, tariff tariff, valid_from timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    later @extschema@.tariffs;
    result integer;
BEGIN
    -- one at a time, so that each supersedes the one before it
    LOCK TABLE @extschema@.tariffs IN SHARE ROW EXCLUSIVE MODE;
    SELECT t.* INTO later
    FROM @extschema@.tariffs t
    WHERE t.name = tariff_publish.name AND lower(t.valid) >= valid_from
    ORDER BY lower(t.valid) DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'tariff "%" has a version that does not begin before %', name, valid_from USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Version %s begins %s.', later.version, lower(later.valid)),
            HINT = 'Give a later time, or delete that version while it has not begun.';
    END IF;
    UPDATE @extschema@.tariffs t
    SET valid = tstzrange(lower(t.valid), valid_from)
    WHERE t.name = tariff_publish.name AND t.valid @> valid_from;
    INSERT INTO @extschema@.tariffs (name, version, valid, tariff)
    SELECT tariff_publish.name, coalesce(max(t.version), 0) + 1, tstzrange(valid_from, NULL), tariff_publish.tariff
    FROM @extschema@.tariffs t WHERE t.name = tariff_publish.name
    RETURNING version INTO result;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tariff_publish(text, tariff, timestamptz) IS
    'Stores a tariff as the next version of its name, valid from then on, and ends the validity of the one before it there. Returns its number. Waits for others who publish. Errors: an argument that is NULL or a time that is not finite; a version of this name that begins then or later; one to be ended in the past, as seen when the transaction commits; a calendar that is neither in the tariff nor in table calendars.';
-- Pricing plans of shared vehicles, as their operators publish them: GBFS,
-- system_pricing_plans.json, of the versions 2.3, 3.0 and 3.1.

-- Feeds are made of floats: 0.15 comes as 0.15000000000000002. The bounds are such that
-- what is within them fits into a tariff, so that errors are of the plan.
CREATE FUNCTION gbfs_number(object jsonb, place text, key text, low numeric, high numeric, required boolean) RETURNS text
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
    IF (CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric NOT BETWEEN low AND high ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be a number from % to %', concat_ws('.', nullif(place, ''), key), low, high USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s in %s.', coalesce(value::text, 'missing'), object);
    END IF;
    RETURN trim_scale(round(value::numeric, 9));
END
$function$;
COMMENT ON FUNCTION gbfs_number(jsonb, text, text, numeric, numeric, boolean) IS
    'A number in an object at a place of a GBFS pricing plan, as a decimal of 9 places; NULL if it is missing and not required. Errors: it is missing though required, no number, or not within the bounds.';

CREATE FUNCTION gbfs_rates(plan jsonb, key text, dimension text, unit text, longest numeric) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    segments jsonb := coalesce(plan -> key, '[]');
    segment jsonb;
    place text;
    price text; starts text; ends text; every text;
    rates jsonb := '[]';
BEGIN
    IF (CASE jsonb_typeof(segments) WHEN 'array' THEN jsonb_array_length(segments) > 499 ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be an array of at most 499 segments', key USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', CASE jsonb_typeof(segments) WHEN 'array' THEN 'one of ' || jsonb_array_length(segments) ELSE segments::text END);
    END IF;
    FOR segment, place IN SELECT s, format('%s[%s]', key, n - 1) FROM jsonb_array_elements(segments) WITH ORDINALITY AS e (s, n) LOOP
        price := @extschema@.gbfs_number(segment, place, 'rate', -999999999, 999999999, true);
        starts := @extschema@.gbfs_number(segment, place, 'start', 0, longest, true);
        ends := @extschema@.gbfs_number(segment, place, 'end', 0, longest, false);
        every := @extschema@.gbfs_number(segment, place, 'interval', 0, longest, true);
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
        rates := rates || jsonb_strip_nulls(jsonb_build_object('dimension', dimension, 'price', price,
            'unit', CASE every WHEN '0' THEN 'once' ELSE every || ' ' || unit END,
            'step', nullif(every, '0') || ' ' || unit,
            'from', nullif(starts, '0') || ' ' || unit,
            'to', ends || ' ' || unit));
    END LOOP;
    RETURN rates;
END
$function$;
COMMENT ON FUNCTION gbfs_rates(jsonb, text, text, text, numeric) IS
    'The rates of a tariff for the segments of a GBFS pricing plan under a key, of a dimension in a unit, and of so many at most. Errors: what is no list of segments.';

CREATE FUNCTION tariff_from_gbfs(plan jsonb) RETURNS tariff
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- what is null is not given
    given jsonb := jsonb_strip_nulls(plan);
    -- nor is a reservation that costs nothing
    reserved text := nullif(@extschema@.gbfs_number(given, '', 'reservation_price_per_min', 0, 999999999, false), '0');
    reservation text := nullif(@extschema@.gbfs_number(given, '', 'reservation_price_flat_rate', 0, 999999999, false), '0');
    capping jsonb := given -> 'fare_capping';
BEGIN
    IF jsonb_typeof(given) <> 'object' OR NOT given ? 'price' OR jsonb_typeof(given -> 'currency') IS DISTINCT FROM 'string' THEN
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
    PERFORM @extschema@.round_amount(0, given ->> 'currency');
    RETURN jsonb_strip_nulls(jsonb_build_object('tariff', 1,
        'name', nullif(CASE jsonb_typeof(given -> 'name') WHEN 'array' THEN given #>> '{name,0,text}' ELSE given ->> 'name' END, ''),
        'description', nullif(CASE jsonb_typeof(given -> 'description') WHEN 'array' THEN given #>> '{description,0,text}' ELSE given ->> 'description' END, ''),
        'currency', given -> 'currency',
        'base', @extschema@.gbfs_number(given, '', 'price', 0, 999999999, true),
        -- the longest that a tariff takes
        'rates', @extschema@.gbfs_rates(given, 'per_km_pricing', 'distance', 'km', 10000000)
            || @extschema@.gbfs_rates(given, 'per_min_pricing', 'time', 'min', 52596000)
            || CASE WHEN reserved IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reserved, 'unit', '1 min', 'step', '1 min') END
            || CASE WHEN reservation IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reservation, 'unit', 'once') END,
        -- of a minute six places are whole microseconds
        'caps', CASE WHEN capping IS NOT NULL
                     THEN jsonb_build_array(jsonb_build_object('amount', @extschema@.gbfs_number(capping, 'fare_capping', 'price', 0, 999999999, true),
                              'rolling', trim_scale(round(@extschema@.gbfs_number(capping, 'fare_capping', 'duration', 1, 52596000, true)::numeric, 6)) || ' min')) END
        ))::@extschema@.tariff;
END
$function$;
COMMENT ON FUNCTION tariff_from_gbfs(jsonb) IS
    'The tariff of a pricing plan of GBFS (an element of data.plans in system_pricing_plans.json, versions 2.3 to 3.1): price, per_km_pricing, per_min_pricing, the price of a reservation, fare_capping; a begun interval is charged. Numbers are rounded to 9 places. Of texts in several languages the first is taken. What GBFS leaves open is not in it: the percent of tax, where a plan is_taxable; the factor, while there is surge_pricing; free reserved time, and how long a reservation lasts. Errors: what is no pricing plan, with its place in the plan.';
-- Fares: what a trip costs under a tariff, line by line.

CREATE FUNCTION fare(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fare(tariff, float8, interval, timestamptz, jsonb) IS
    'What a trip of so many metres and so long costs, in the currency of the tariff. Errors: a tariff whose taximeter needs legs, or that prices time in motion or at rest; a negative distance or duration, or one out of range; an attribute that has to be a number and is none, an unknown member of "used".';

CREATE FUNCTION fare(tariff tariff, distance_m float8, moving interval, stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fare(tariff, float8, interval, interval, timestamptz, jsonb) IS
    'The same of a trip whose times in motion and at rest are known.';

CREATE FUNCTION fare(tariff tariff, track track, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fare(tariff, track, mileage_policy, jsonb) IS
    'The same of a recorded trip, from its legs under a mileage policy; NULL without a usable fix.';

CREATE FUNCTION fare_lines(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, float8, interval, timestamptz, jsonb) IS
    'The bill of a fare: lines whose amounts add up to it. Quantities are numbers of the unit; exact amounts have 20 places. Errors: those of fare.';

CREATE FUNCTION fare_lines(tariff tariff, distance_m float8, moving interval, stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, float8, interval, interval, timestamptz, jsonb) IS
    'The bill of a trip whose times in motion and at rest are known.';

CREATE FUNCTION fare_lines(tariff tariff, track track, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, track, mileage_policy, jsonb) IS
    'The bill of a recorded trip; no lines without a usable fix.';

CREATE FUNCTION fare_bounds(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}',
        OUT low numeric, OUT high numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_bounds'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION fare_bounds(tariff, float8, interval, timestamptz, jsonb) IS
    'The least and the most that a trip of so many metres and so long may have cost under a taximeter, whatever its legs were, but for gaps that the meter leaves out. Rates beside the meter are as of a trip driven evenly; without a meter both are the fare. Errors: those of fare.';

CREATE FUNCTION meter_reading(tariff tariff, track track, at timestamptz, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_meter_reading'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION meter_reading(tariff, track, timestamptz, mileage_policy, jsonb) IS
    'The live meter: the fare of what was driven until then, and no less than it was before. NULL before the trip began.';
-- Invoices: what a customer owes for a period.

CREATE TYPE invoice_line AS (
    line integer,
    kind text,
    rule text,
    quantity numeric,
    billed_quantity numeric,
    unit text,
    rate numeric,
    factor numeric,
    exact_amount numeric,
    amount numeric
);
COMMENT ON TYPE invoice_line IS 'A line of an invoice. Amounts in the currency of the plan.';
COMMENT ON COLUMN invoice_line.line IS 'number of the line, from 1';
COMMENT ON COLUMN invoice_line.kind IS 'what it is for: trips, daily_cap, fee, allowance, a dimension, minimum, maximum, discount, tax, rounding, cash';
COMMENT ON COLUMN invoice_line.rule IS 'name of the rule, or its kind';
COMMENT ON COLUMN invoice_line.quantity IS 'what was used, in numbers of the unit; of an allowance what is included';
COMMENT ON COLUMN invoice_line.billed_quantity IS 'what of it is charged; of an allowance what was taken off';
COMMENT ON COLUMN invoice_line.unit IS 'unit of the quantities; NULL if there are none';
COMMENT ON COLUMN invoice_line.rate IS 'price of a unit';
COMMENT ON COLUMN invoice_line.factor IS 'what the price is multiplied with';
COMMENT ON COLUMN invoice_line.exact_amount IS 'the amount before it was rounded, to 20 places';
COMMENT ON COLUMN invoice_line.amount IS 'the amount; all lines add up to the invoice';

-- The state of the aggregates.

CREATE FUNCTION invoice_accum(state internal, plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_accum(internal, tariff, timestamptz, float8, interval, numeric) IS 'Transition function of invoice and invoice_lines.';

CREATE FUNCTION invoice_accum(state internal, plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_accum(internal, tariff, timestamptz, float8, interval, numeric, jsonb) IS 'Transition function of invoice and invoice_lines.';

CREATE FUNCTION invoice_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_combine(internal, internal) IS 'Combine function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_serial(internal) IS 'Serialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_deserial(bytea, internal) IS 'Deserialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_final(internal) RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_final(internal) IS 'Final function of invoice.';

CREATE FUNCTION invoice_lines_final(internal) RETURNS invoice_line[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_lines_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_lines_final(internal) IS 'Final function of invoice_lines.';

CREATE AGGREGATE invoice(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice(tariff, timestamptz, float8, interval, numeric) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Distances in metres; a NULL distance, duration or amount counts as nothing, and a row in which start, distance, duration and amount are NULL as no trip: so an outer join bills a customer without trips. NULL without rows. Errors: a tariff without a period, two plans in a group, a NULL start under a daily cap, a negative distance or duration, an amount with more than 18 digits before the point or 9 behind it, what is out of range.';

CREATE AGGREGATE invoice(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice(tariff, timestamptz, float8, interval, numeric, jsonb) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Attributes: members, days, period_days.';

CREATE AGGREGATE invoice_lines(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_lines_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_lines(tariff, timestamptz, float8, interval, numeric) IS
    'The lines of an invoice, which add up to it. Errors: those of invoice.';

CREATE AGGREGATE invoice_lines(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_lines_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_lines(tariff, timestamptz, float8, interval, numeric, jsonb) IS
    'The lines of an invoice, which add up to it. Attributes: those of invoice.';

-- What of it is for each trip

CREATE TYPE invoice_share AS (
    trip_id text,
    amount numeric
);
COMMENT ON TYPE invoice_share IS 'What of an invoice is for a trip.';
COMMENT ON COLUMN invoice_share.trip_id IS 'name of the trip; NULL of an invoice without trips';
COMMENT ON COLUMN invoice_share.amount IS 'its share in the currency of the plan; all shares add up to the invoice';

CREATE FUNCTION invoice_shares_accum(state internal, plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_shares_accum(internal, tariff, text, timestamptz, float8, interval, numeric) IS 'Transition function of invoice_shares.';

CREATE FUNCTION invoice_shares_accum(state internal, plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_shares_accum(internal, tariff, text, timestamptz, float8, interval, numeric, jsonb) IS 'Transition function of invoice_shares.';

CREATE FUNCTION invoice_shares_final(internal) RETURNS invoice_share[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_shares_final(internal) IS 'Final function of invoice_shares.';

CREATE AGGREGATE invoice_shares(plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = invoice_shares_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_shares(tariff, text, timestamptz, float8, interval, numeric) IS
    'An invoice, allocated to its trips, which are in order of their start and name: by their amounts (a negative one counts as 0), or where these are all 0 by their distances, or their durations, or equally; cents that are left go to the largest remainders, of equal ones to the first trips. An invoice without trips is one share, of a NULL trip. Errors: those of invoice, a trip with a NULL name, more than tripmeter.max_state_mb.';

CREATE AGGREGATE invoice_shares(plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = invoice_shares_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_shares(tariff, text, timestamptz, float8, interval, numeric, jsonb) IS
    'An invoice, allocated to its trips, which are in order of their start and name. Attributes: those of invoice.';

-- What was billed too much or too little

CREATE FUNCTION invoice_delta(plan tariff, already_billed numeric, now numeric) RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_delta'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION invoice_delta(tariff, numeric, numeric) IS
    'What is still to be billed, in the currency of the plan; negative is a credit. NULL if an argument is: of a first bill 0 is already billed. Errors: an amount with more digits than the currency.';

CREATE FUNCTION invoice_delta(plan tariff, already_billed invoice_line[], now invoice_line[])
    RETURNS TABLE (kind text, rule text, billed numeric, billed_now numeric, delta numeric)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5
BEGIN ATOMIC
    SELECT l.kind, l.rule, sum(l.billed), sum(l.now), tripmeter.invoice_delta(plan, sum(l.billed), sum(l.now))
    FROM (
        SELECT b.kind, b.rule, b.line, b.amount AS billed, 0 AS now FROM unnest(already_billed) AS b
        UNION ALL
        SELECT n.kind, n.rule, n.line, 0, n.amount FROM unnest(now) AS n
    ) AS l
    GROUP BY l.kind, l.rule
    ORDER BY min(l.line), l.kind, l.rule;
END;
COMMENT ON FUNCTION invoice_delta(tariff, invoice_line[], invoice_line[]) IS
    'The same for each kind and rule of lines; what is still to be billed of them adds up to that of the invoice. No rows if an argument is NULL: of a first bill ''{}'' is already billed. Errors: an amount with more digits than the currency.';
