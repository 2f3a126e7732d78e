# Reads a CSV by its header, and writes: line, trip, time, lon, lat, accuracy,
# separated by tabs, in COPY's format csv; fields keep their quotes.
#
# Each line read gives one line written, empty if it holds no fix, so that a
# complaint of COPY about its line N is about line N of the file.
#
# Usage: LC_ALL=C awk -v name=FILE -f read_csv.awk

function fail(line, why) {
    printf "\nError: %s%s: %s\n", name, line ? ", line " line : "", why >"/dev/stderr"
    failed = 1
    exit 1
}

function quotes(text) { return gsub(/"/, "&", text) }

# Split at the separator, where it is not within quotes.
function split_record(record, fields,    pieces, count, i, n, open) {
    if (!index(record, "\"")) return split(record, fields, separator)
    count = split(record, pieces, separator)
    for (i = 1; i <= count; i++) {
        if (open) fields[n] = fields[n] separator pieces[i]
        else fields[++n] = pieces[i]
        if (quotes(pieces[i]) % 2) open = !open
    }
    return n
}

# The separator that the header has most of, outside of quotes.
function find_separator(header,    candidates, pieces, best, i, n) {
    gsub(/"[^"]*"/, "", header)
    split(", ; \t", candidates, " ")
    candidates[3] = "\t"
    separator = ","
    for (i = 1; i <= 3; i++) {
        n = split(header, pieces, candidates[i])
        if (n > best) { best = n; separator = candidates[i] }
    }
}

# The column that bears the first of these names which the header has, or 0.
function column_of(aliases,    names, count, i, j) {
    count = split(aliases, names, " ")
    for (i = 1; i <= count; i++)
        for (j = 1; j <= width; j++)
            if (heading[j] == names[i]) return j
    return 0
}

function read_header(header,    i, found, missing) {
    find_separator(header)
    width = split_record(header, heading)
    for (i = 1; i <= width; i++) {
        gsub(/^[ "]+|[ "]+$/, "", heading[i])
        found = found (i > 1 ? ", " : "") heading[i]
        heading[i] = tolower(heading[i])
        gsub(/[^a-z0-9]/, "", heading[i])
    }
    trip = column_of("trip tripid track trackid trackfid ride rideid journey journeyid vehicle vehicleid device deviceid")
    time = column_of("time timestamp recordedat recordedats datetime gpstime timeutc utctime utc ts epoch")
    lon = column_of("lon lng long longitude x")
    lat = column_of("lat latitude y")
    accuracy = column_of("accuracy accuracym horizontalaccuracy")
    if (!time) missing = missing ", time"
    if (!lon) missing = missing ", lon"
    if (!lat) missing = missing ", lat"
    if (missing)
        fail(NR, "no column for " substr(missing, 3) "; the columns found are: " found \
            "\n  The first line must name the columns: time, lon, lat, and if there are more trips than one, trip.")
}

function field(column) { return column ? fields[column] : "" }

function empty_line() { print "\t\t\t\t\t" }

NR == 1 && /^(\376\377|\377\376)/ { fail(1, "this is UTF-16; save it as UTF-8") }
NR == 1 { sub(/^\357\273\277/, "") }
{ sub(/\r$/, "") }

# a quoted field that goes on in the next line
quotes($0) % 2 { open = !open; if (open) opened = NR }
open {
    if (NR - opened > 100) fail(opened, "a quoted field is not closed")
    held = held $0 " "
    empty_line()
    next
}
{ record = held $0; held = "" }

record ~ /^[ \t]*$/ { empty_line(); next }
!width { read_header(record); empty_line(); next }
{
    if (separator != "\t") gsub(/\t/, " ", record)
    count = split_record(record, fields)
    if (count != width)
        fail(NR, count (count == 1 ? " field" : " fields") ", but the header has " width)
    print NR "\t" field(trip) "\t" field(time) "\t" field(lon) "\t" field(lat) "\t" field(accuracy)
    rows++
}

END {
    if (failed) exit 1
    if (open) fail(opened, "a quoted field is not closed")
    if (!width) fail(0, "the file is empty")
    if (!rows) fail(0, "a header, but no rows")
}
