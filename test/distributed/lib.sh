# A coordinator and two shards, as three databases of the server at hand. The coordinator
# also holds everything in schema "one", as a single node would.
# Sourced by bash scripts; needs a server with the extension at hand.

. test/tap.sh
coordinator=tripmeter_coordinator
shards=(tripmeter_shard_0 tripmeter_shard_1)
export PGDATABASE=$coordinator

for_every_database() {
    local database
    for database in "$coordinator" "${shards[@]}"; do "$@" "$database"; done
}
drop_database() { dropdb --if-exists --force --maintenance-db=postgres "$1" 2>/dev/null; }
drop_databases() { for_every_database drop_database; }
trap drop_databases EXIT

create_database() {
    drop_database "$1"
    createdb --maintenance-db=postgres "$1"
    run -d "$1" -c 'CREATE EXTENSION tripmeter CASCADE' 2>/dev/null
    run -d "$1" <<'SQL'
CREATE TABLE locations (
    vehicle_id bigint,
    recorded_at timestamptz,
    position geometry(Point, 4326)
);
SQL
}
create_databases() { for_every_database create_database; }

# Create the fixes of twelve vehicles, over a midnight in Seoul: some are wild, some are sent
# twice, and each vehicle has a gap and a long stop.
make_locations() {
    run <<'SQL'
CREATE SCHEMA one;
ALTER TABLE locations SET SCHEMA one;
INSERT INTO one.locations
SELECT vehicle_id, '2026-11-01 14:00Z'::timestamptz + step * interval '20 seconds',
    CASE WHEN step % 97 = 5 THEN ST_SetSRID(ST_MakePoint(0, 0), 4326)
         WHEN step % 89 = 7 THEN ST_SetSRID(ST_MakePoint(126, 36 + vehicle_id / 10.0), 4326)
         ELSE ST_SetSRID(ST_MakePoint(127 + least(step, 700) * 0.0017 / vehicle_id,
                                      37.5 + 0.004 * sin(step / (20.0 + vehicle_id))), 4326)
    END
FROM generate_series(1, 12) AS vehicle_id, generate_series(0, 999) AS step
WHERE step NOT BETWEEN 300 AND 300 + 5 * vehicle_id;
INSERT INTO one.locations SELECT * FROM one.locations WHERE extract(minute FROM recorded_at) = 9;
SQL
}

# Pass if the shards give what a single node gives. Two empty results are not a pass.
same() {
    local name=$1 from_shards=$2 from_one_node=$3
    is "$from_shards" "${from_one_node:-some rows}" "$name"
}
