-- Tariffs by name and time: what was in force is kept as it was, so that a bill can be
-- computed again years later.

CREATE TABLE tripmeter.calendars (
    name text PRIMARY KEY CONSTRAINT calendars_are_named CHECK (name <> ''),
    dates datemultirange NOT NULL
        CONSTRAINT calendars_have_dates CHECK (NOT isempty(dates) AND dates <@ '{[0001-01-01,9999-12-31]}'::datemultirange)
);
COMMENT ON TABLE tripmeter.calendars IS
    'Lists of dates that tariffs may name, such as public holidays. A tariff that is stored takes '
    'those with it that it names: a change here is one for the tariffs stored afterwards.';
COMMENT ON COLUMN tripmeter.calendars.name IS 'what tariffs call it';
COMMENT ON COLUMN tripmeter.calendars.dates IS
    'local dates, at least one, of the years 1 to 9999; of a list of dates: '
    'range_agg(daterange(d, d, ''[]''))';
COMMENT ON CONSTRAINT calendars_are_named ON tripmeter.calendars IS 'A name is not empty.';
COMMENT ON CONSTRAINT calendars_have_dates ON tripmeter.calendars IS
    'A calendar has dates, and none that a tariff could not write.';

-- Names are compared by their hash: text itself cannot be in such an index. Two names of
-- one hash, of which there are 2^64, could not be valid at once; never the other way round.
CREATE TABLE tripmeter.tariffs (
    name text CONSTRAINT tariffs_are_named CHECK (name <> ''),
    version integer CONSTRAINT tariffs_are_numbered CHECK (version > 0),
    valid tstzrange NOT NULL
        CONSTRAINT tariffs_begin CHECK (NOT isempty(valid) AND lower_inc(valid) AND isfinite(lower(valid)) AND NOT lower_inf(valid))
        CONSTRAINT tariffs_end CHECK (NOT upper_inc(valid) AND (upper_inf(valid) OR isfinite(upper(valid)))),
    tariff tripmeter.tariff NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version),
    CONSTRAINT tariffs_are_valid_one_at_a_time EXCLUDE USING gist (
        numrange(hashtextextended(name, 0), hashtextextended(name, 0), '[]') WITH &&, valid WITH &&)
);
COMMENT ON TABLE tripmeter.tariffs IS
    'Tariffs by name, each in versions of which one at most is valid at a time. Of a version '
    'whose validity has begun only its end may be changed, from one that is still to come to '
    'another; it cannot be deleted. Calendars that a tariff names and does not hold are taken '
    'into it from table calendars.';
COMMENT ON COLUMN tripmeter.tariffs.name IS 'what trips call it';
COMMENT ON COLUMN tripmeter.tariffs.version IS 'a number from 1 on, of its name';
COMMENT ON COLUMN tripmeter.tariffs.valid IS
    'when it holds for trips that start: from its first instant, included, to its last, excluded, '
    'or without end';
COMMENT ON COLUMN tripmeter.tariffs.tariff IS 'the document, with the calendars it names';
COMMENT ON COLUMN tripmeter.tariffs.published_at IS 'when it was stored';
COMMENT ON CONSTRAINT tariffs_are_named ON tripmeter.tariffs IS 'A name is not empty.';
COMMENT ON CONSTRAINT tariffs_are_numbered ON tripmeter.tariffs IS 'Versions are counted from 1.';
COMMENT ON CONSTRAINT tariffs_begin ON tripmeter.tariffs IS 'A validity has a first instant.';
COMMENT ON CONSTRAINT tariffs_end ON tripmeter.tariffs IS
    'A validity ends before an instant, or never.';
COMMENT ON CONSTRAINT tariffs_are_valid_one_at_a_time ON tripmeter.tariffs IS
    'Two versions of a tariff are never valid at once.';

SELECT pg_extension_config_dump('tripmeter.calendars'::regclass, '');
SELECT pg_extension_config_dump('tripmeter.tariffs'::regclass, '');

-- Documents are whole

CREATE FUNCTION tripmeter_internal.tariffs_embed_calendars() RETURNS trigger
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
        LEFT JOIN tripmeter.calendars USING (name),
        LATERAL (SELECT jsonb_agg(concat_ws('/', to_char(lower(days)::timestamp, 'YYYY-MM-DD'),
                        CASE WHEN upper(days) - lower(days) > 1 THEN to_char(upper(days)::timestamp - interval '1 day', 'YYYY-MM-DD') END)
                    ORDER BY days)
                 FROM unnest(calendars.dates) AS days) AS days (list)
    WHERE NOT held ? named.name;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'calendar "%" does not exist', unknown USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Tariff "%s" names it.', NEW.name),
            HINT = 'Insert it into tripmeter.calendars, or give its dates in the "calendars" of the tariff.';
    END IF;
    IF added IS NOT NULL THEN
        NEW.tariff := (document || jsonb_build_object('calendars', held || added))::tripmeter.tariff;
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.tariffs_embed_calendars() IS
    'Trigger of tariffs: takes the calendars that a document names and does not hold from table '
    'calendars. Errors: a calendar that is in neither.';

CREATE TRIGGER embed_calendars BEFORE INSERT OR UPDATE OF tariff ON tripmeter.tariffs
    FOR EACH ROW EXECUTE FUNCTION tripmeter_internal.tariffs_embed_calendars();
COMMENT ON TRIGGER embed_calendars ON tripmeter.tariffs IS 'Makes a document whole.';

-- What was in force stays as it was

CREATE FUNCTION tripmeter_internal.tariffs_keep_history() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    changeable tripmeter.tariffs;
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
            HINT = 'Publish a new version with tripmeter.tariff_publish; of this one only the end of its validity can change.';
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
COMMENT ON FUNCTION tripmeter_internal.tariffs_keep_history() IS
    'Trigger of tariffs: of a version whose validity has begun only its end may change, from one '
    'that is still to come to another. Errors: any other change, deleting it, TRUNCATE.';

CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON tripmeter.tariffs
    FOR EACH ROW EXECUTE FUNCTION tripmeter_internal.tariffs_keep_history();
COMMENT ON TRIGGER keep_history ON tripmeter.tariffs IS
    'Refuses what would change a bill of the past.';

CREATE TRIGGER keep_all_history BEFORE TRUNCATE ON tripmeter.tariffs
    FOR EACH STATEMENT EXECUTE FUNCTION tripmeter_internal.tariffs_keep_history();
COMMENT ON TRIGGER keep_all_history ON tripmeter.tariffs IS
    'Refuses what would change the bills of the past.';

-- Until a change commits, others compute bills without it. So what it changes must still
-- be to come by then.
CREATE CONSTRAINT TRIGGER keep_history_until_commit AFTER UPDATE OR DELETE ON tripmeter.tariffs
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION tripmeter_internal.tariffs_keep_history();
COMMENT ON TRIGGER keep_history_until_commit ON tripmeter.tariffs IS
    'Refuses what has come to change a bill of the past by the time it commits.';

-- For users

CREATE FUNCTION tripmeter.tariff_at(name text, at timestamptz) RETURNS tripmeter.tariff
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 200
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result tripmeter.tariff;
BEGIN
    SELECT t.tariff INTO result
    FROM tripmeter.tariffs t
    WHERE t.name = tariff_at.name AND t.valid @> tariff_at.at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no version of tariff "%" is valid at %', name, at USING
            ERRCODE = 'undefined_object',
            DETAIL = (SELECT CASE count(*) WHEN 0 THEN 'There is no tariff of this name.'
                                 ELSE format('It is valid %s.', range_agg(t.valid)) END
                      FROM tripmeter.tariffs t WHERE t.name = tariff_at.name),
            HINT = 'Publish one with tripmeter.tariff_publish; or join tripmeter.tariffs where a trip may have no tariff.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tripmeter.tariff_at(text, timestamptz) IS
    'The tariff of this name that holds for a trip that starts then. NULL if an argument is. '
    'Errors: there is none.';

CREATE FUNCTION tripmeter.tariff_publish(name text, tariff tripmeter.tariff, valid_from timestamptz)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    later tripmeter.tariffs;
    result integer;
BEGIN
    -- one at a time, so that each supersedes the one before it
    LOCK TABLE tripmeter.tariffs IN SHARE ROW EXCLUSIVE MODE;
    SELECT t.* INTO later
    FROM tripmeter.tariffs t
    WHERE t.name = tariff_publish.name AND lower(t.valid) >= valid_from
    ORDER BY lower(t.valid) DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'tariff "%" has a version that does not begin before %', name, valid_from USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Version %s begins %s.', later.version, lower(later.valid)),
            HINT = 'Give a later time, or delete that version while it has not begun.';
    END IF;
    UPDATE tripmeter.tariffs t
    SET valid = tstzrange(lower(t.valid), valid_from)
    WHERE t.name = tariff_publish.name AND t.valid @> valid_from;
    INSERT INTO tripmeter.tariffs AS stored (name, version, valid, tariff)
    SELECT tariff_publish.name, coalesce(max(t.version), 0) + 1, tstzrange(valid_from, NULL), tariff_publish.tariff
    FROM tripmeter.tariffs t WHERE t.name = tariff_publish.name
    RETURNING stored.version INTO result;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tripmeter.tariff_publish(text, tripmeter.tariff, timestamptz) IS
    'Stores a tariff as the next version of its name, valid from then on, and ends the validity '
    'of the one before it there. Returns its number. Waits for others who publish. Errors: an '
    'argument that is NULL or a time that is not finite; a version of this name that begins then '
    'or later; one to be ended in the past, as seen when the transaction commits; a calendar that '
    'is neither in the tariff nor in table calendars.';
