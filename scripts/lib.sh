# What the scripts share: messages, packages, and a private PostgreSQL.
# Sourced by bash scripts that run from the project's root.

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

die() {
    printf '\nError: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
    exit 1
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# Say on the screen, not in a log, what packages need and why they cannot be had.
require_root() {
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "packages are missing, and this user cannot install them: $*" \
            "Run this as root, or install sudo, or install the packages first."
    [ "$(id -u)" -eq 0 ] || sudo -v ||
        die "packages are missing, and sudo refuses to install them: $*" \
            "Run this as root, or install the packages first."
}

# Run a long step with its output in a log. If it fails, show the log's end and return 1.
try_logged() {
    local what=$1 status=0
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/tripmeter-log.XXXXXX")
    say "$what"
    "$@" >"$log" 2>&1 || status=1
    [ "$status" -eq 0 ] || tail -n 40 "$log" >&2
    [ "$status" -ne 0 ] || rm -f "$log"
    return "$status"
}

# Run a long step that must succeed.
logged() {
    try_logged "$@" || die "failed: $1" "The command was: ${*:2}" "Its whole output is in $log."
}

# Install packages by name, those that are missing.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "missing packages: ${missing[*]}" "This system has no apt-get; install them by other means."
    require_root "${missing[*]}"
    try_logged "Installing ${missing[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" ||
        die "packages cannot be installed: ${missing[*]}" \
            "The last lines above say why. Without a network, install them by other means first."
}

refresh_package_lists() {
    [ -n "${package_lists_fresh:-}" ] && return
    require_root "the package lists must be refreshed"
    # apt-get update ends with 0 even if it reaches no server
    try_logged "Refreshing the package lists" as_root apt-get update -o DPkg::Lock::Timeout=300 \
        -o APT::Update::Error-Mode=any ||
        die "the package lists cannot be refreshed" \
            "The last lines above say why. Is there a network?"
    package_lists_fresh=1
}

# The PostgreSQL versions that these packages can be had for, newest first.
packaged_versions() {
    local version package
    for version in 18 17 16 15; do
        for package in "postgresql-server-dev-$version" "postgresql-$version-postgis-3" \
            "postgresql-$version-pgtap"; do
            apt-cache show "$package" >/dev/null 2>&1 || continue 2
        done
        echo "$version"
    done
}

usable_pg_config() {
    [ -x "$1" ] && [ -f "$("$1" --pgxs)" ] &&
        [ -f "$("$1" --sharedir)/extension/postgis.control" ] &&
        [ -f "$("$1" --sharedir)/extension/pgtap.control" ]
}

# The first usable one of some packaged versions
find_pg_config() {
    local version
    for version in "$@"; do
        if usable_pg_config "/usr/lib/postgresql/$version/bin/pg_config"; then
            PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config
            return 0
        fi
    done
    return 1
}

install_server() {
    install_packages "postgresql-$1" "postgresql-server-dev-$1" \
        "postgresql-$1-postgis-3" "postgresql-$1-pgtap"
    find_pg_config "$1" || die "PostgreSQL $1 was installed, but is not usable"
}

# A compiler, PostgreSQL with its headers, PostGIS, pgTAP, PROJ's headers.
# Sets PG_CONFIG, unless it is set. Installs the packaged version that it names.
setup() {
    local version
    if [[ ${PG_CONFIG:-} =~ ^/usr/lib/postgresql/([0-9]+)/bin/pg_config$ ]]; then
        version=${BASH_REMATCH[1]}
        find_pg_config "$version" || { refresh_package_lists; install_server "$version"; }
    elif [ -z "${PG_CONFIG:-}" ] && ! find_pg_config 18 17 16 15; then
        refresh_package_lists
        version=$(packaged_versions | head -n 1)
        [ -n "$version" ] ||
            die "no PostgreSQL 15 to 18 with PostGIS and pgTAP among this system's packages" \
                "Debian 12 and later have them. Or install them and set PG_CONFIG."
        install_server "$version"
    fi
    local tools=()
    command -v make >/dev/null || tools+=(make)
    [ -z "${CC:-}" ] || command -v "$CC" >/dev/null || tools+=("$CC")
    command -v gcc >/dev/null || tools+=(gcc libc6-dev)
    command -v pg_prove >/dev/null || tools+=(libtap-parser-sourcehandler-pgtap-perl)
    command -v ps >/dev/null || tools+=(procps)
    [ -f /usr/include/geodesic.h ] || tools+=(libproj-dev)
    if [ ${#tools[@]} -gt 0 ]; then
        refresh_package_lists
        install_packages "${tools[@]}"
    fi
    export PG_CONFIG
    PATH=$("$PG_CONFIG" --bindir):$PATH
}

# Warnings are errors. Clang must not warn of the options that gcc built the server with.
compiler_options() {
    printf -- '-Werror'
    [[ ${CC:-gcc} != *clang* ]] || printf ' %s' -Wno-unknown-warning-option \
        -Wno-ignored-optimization-argument -Wno-ignored-attributes
    [ -z "${SANITIZE:-}" ] ||
        printf ' %s' "-fsanitize=$SANITIZE" -fno-sanitize-recover=all -fno-omit-frame-pointer
}

# Build, and install into a folder of our own.
build_into() {
    local destination=$1 built_by=${CC:-gcc}${SANITIZE:+, $SANITIZE sanitizer}
    logged "Building tripmeter for $("$PG_CONFIG" --version) ($built_by)" \
        sh -c 'make -s clean && make -s -j"$(nproc)" ${CC:+CC="$CC"} COPT="$2" &&
            make -s install DESTDIR="$1"' \
        build "$destination" "$(compiler_options)"
}

# Export what servers need to load a library that gcc built with sanitizers.
export_sanitizers() {
    local library
    for library in asan ubsan; do
        TRIPMETER_PRELOAD+=" $(gcc -print-file-name="lib$library.so")"
    done
    export TRIPMETER_PRELOAD
    # PostgreSQL does not free all memory before it exits. A report ends the backend.
    export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
    export UBSAN_OPTIONS=print_stacktrace=1
}

# PostgreSQL refuses to run as root.
as_server_user() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

server_settings() {
    local destination=$1
    cat <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$server_dir'
port = 5432
fsync = off
shared_buffers = ${shared_buffers:-256MB}
max_wal_size = 4GB
log_min_messages = warning
timezone = 'UTC'
SETTINGS
    # where an extension is looked for besides the system's own folder
    # (all of the output is read: with pipefail, a writer cut short is a failure)
    if postgres --describe-config | grep '^extension_destdir' >/dev/null; then
        echo "extension_destdir = '$destination'"
    else
        echo "extension_control_path = '$destination$("$PG_CONFIG" --sharedir):\$system'"
        echo "dynamic_library_path = '$destination$("$PG_CONFIG" --pkglibdir):\$libdir'"
    fi
}

run_server() {
    as_server_user env LD_PRELOAD="${TRIPMETER_PRELOAD:-}" \
        pg_ctl -D "$server_dir/data" -l "$server_dir/server.log" -w -t 120 start ||
        { cat "$server_dir/server.log"; return 1; }
}

# A throwaway server in a folder of its own, reached by its socket alone.
# Sets server_dir, and libpq's variables.
start_server() {
    server_dir=$(mktemp -d "${TMPDIR:-/tmp}/tripmeter.XXXXXX")
    trap stop_server EXIT
    trap 'exit 130' INT TERM
    build_into "$server_dir/installed"
    [ -z "${SANITIZE:-}" ] || export_sanitizers
    export TRIPMETER_EXTENSION_FOLDER=$server_dir/installed$("$PG_CONFIG" --sharedir)/extension
    [ "$(id -u)" -ne 0 ] || chown -R postgres "$server_dir"
    chmod 755 "$server_dir"
    logged "Creating a private server in $server_dir" as_server_user initdb \
        -D "$server_dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync
    server_settings "$server_dir/installed" |
        as_server_user tee -a "$server_dir/data/postgresql.conf" >/dev/null
    logged "Starting it" run_server
    export PGHOST=$server_dir PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    unset PGPASSWORD PGSERVICE PGOPTIONS
}

stop_server() {
    [ -n "${server_dir:-}" ] || return 0
    [ ! -f "$server_dir/data/postmaster.pid" ] ||
        as_server_user pg_ctl -D "$server_dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$server_dir"
    server_dir=
}
