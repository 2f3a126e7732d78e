# What the fault tests share: servers of their own, that can be killed, and TAP.
# Sourced by bash scripts; needs a server with the extension at hand.

. test/tap.sh

scratch=$(mktemp -d "${TMPDIR:-/tmp}/tripmeter-fault.XXXXXX")
chmod 755 "$scratch"
[ "$(id -u)" -ne 0 ] || chown postgres "$scratch"
servers=()

as_server_user() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Where the server at hand finds the extension, others find it too.
paths=$(psql -XAtc "SELECT name || ' = ' || quote_literal(setting) FROM pg_settings
    WHERE name IN ('extension_destdir', 'extension_control_path', 'dynamic_library_path')")

# The settings of a server in a folder of its own
settings() {
    cat <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$1'
port = 5432
fsync = off
timezone = 'UTC'
max_prepared_transactions = 5
log_min_messages = fatal
$paths
SETTINGS
}

# Starts a server in a folder of $scratch; it has data already, or gets new ones.
start() {
    local folder=$scratch/$1
    if [ ! -d "$folder/data" ]; then
        as_server_user mkdir -p "$folder"
        as_server_user initdb -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
    fi
    settings "$folder" | as_server_user tee "$folder/data/postgresql.auto.conf" >/dev/null
    [ -z "${2:-}" ] || echo "$2" | as_server_user tee -a "$folder/data/postgresql.auto.conf" >/dev/null
    servers+=("$folder")
    # what the killed one has left in shared memory may take a moment to be gone
    until as_server_user env LD_PRELOAD="${TRIPMETER_PRELOAD:-}" \
        pg_ctl -D "$folder/data" -l "$folder/log" -w -t 60 start >"$folder/start" 2>&1; do
        grep -q 'pre-existing shared memory\|is still in use\|already running' "$folder/log" "$folder/start" || { cat "$folder/log" >&2; return 1; }
        sleep 0.01
    done
    export PGHOST=$folder
}

# Kills a server and all of its processes, at once and without warning.
kill_server() {
    local postmaster processes
    postmaster=$(head -n 1 "$scratch/$1/data/postmaster.pid")
    processes=$(ps -o pid= --ppid "$postmaster" || true)
    kill -9 "$postmaster" $processes 2>/dev/null || true
    while kill -0 "$postmaster" 2>/dev/null; do sleep 0.01; done
}

stop_all() {
    local folder
    for folder in "${servers[@]}"; do
        as_server_user pg_ctl -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    done
    rm -rf "$scratch"
}
trap stop_all EXIT

# Until a condition in SQL is true
await() {
    until [ "$(run -c "SELECT $1")" = t ]; do sleep 0.01; done
}
