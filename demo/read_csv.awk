# Read a CSV by its header, and write: line, trip, time, lon, lat, accuracy, separated by
# tabs, in COPY's format csv. Fields keep their quotes. Lines before the header are skipped.
#
# Each line read gives one line written, empty if it holds no fix, so that a
# complaint of COPY about its line N is about line N of the file.
#
# Usage: LC_ALL=C awk -v name=FILE -v reader=csv -f read_csv.awk
# With reader=gpx the column source_line has the line in the user's file.

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

# Lines that a preamble may have before the header.
BEGIN { longest_preamble = 100 }

# What a message shows of a line: not all of a long one.
function shown(text) { return length(text) > 200 ? substr(text, 1, 200) "..." : text }

function name_columns(header,    i) {
    find_separator(header)
    width = split_record(header, heading)
    names = ""
    for (i = 1; i <= width; i++) {
        gsub(/^[ "]+|[ "]+$/, "", heading[i])
        names = names (i > 1 ? ", " : "") heading[i]
        heading[i] = tolower(heading[i])
        sub(/^gpx:/, "", heading[i])
        gsub(/[^a-z0-9]/, "", heading[i])
    }
}

function find_columns() {
    trip = column_of("trip tripid track trackid trackfid ride rideid journey journeyid vehicle vehicleid device deviceid")
    time = column_of("time timestamp recordedat recordedats datetime gpstime timeutc utctime utc ts epoch fixtime devicetime tst date")
    date = column_of("date gpsdate dateutc utcdate localdate day")
    lon = column_of("lon lng long longitude x")
    lat = column_of("lat latitude y")
    accuracy = column_of("accuracy accuracym horizontalaccuracy acc")
    source = reader == "gpx" ? column_of("sourceline") : 0
}

# Take the line for the header if it names the columns.
function read_header(header) {
    name_columns(header)
    find_columns()
    if (time && lon && lat) { headed = NR; return }
    if (!first) first = NR
    # the first line that may be a header is the one to complain about
    if (!complaint && width > 1 || !complaint && !first_width) {
        first_width = width
        complaint = "no column for" (time ? "" : ", time") (lon ? "" : ", lon") (lat ? "" : ", lat") \
            "; the columns found are: " shown(names)
        sub(/for, /, "for ", complaint)
        complained = NR
    }
    if (NR - first >= longest_preamble) no_header()
}

function no_header() {
    fail(complained, complaint \
        "\n  A line must name the columns: time, lon, lat, and if there are more trips than one, trip.")
}

# The time of a row, which may have the date in a column of its own.
function row_time(    written) {
    written = field(time)
    if (date && date != time && written ~ /^"?[ ]*[0-9][0-9]?:[0-9][0-9]/) {
        gsub(/"/, "", written)
        return "\"" unquoted(field(date)) " " written "\""
    }
    return written
}

function unquoted(text) { gsub(/"/, "", text); return text }

# Could this be a time? demo/import.sql decides; this is known before anything is built.
function looks_like_time(text) {
    text = unquoted(text)
    gsub(/^ +| +$/, "", text)
    return text ~ /^[+-]?[0-9]+([.,][0-9]*)?$/ || text ~ /^[0-9][0-9][0-9][0-9][-\/.][0-9]/ ||
        text ~ /^[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T/ || text ~ /^[0-9][0-9]?\.[0-9][0-9]?\.[0-9][0-9][0-9][0-9]/
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
!headed { read_header(record); empty_line(); next }
{
    if (separator != "\t") gsub(/\t/, " ", record)
    count = split_record(record, fields)
    if (count != width)
        fail(NR, count (count == 1 ? " field" : " fields") ", but the header has " width)
    line = source ? field(source) : NR
    written = row_time()
    if (looks_like_time(written)) timed++
    else if (!odd_line && unquoted(written) !~ /^ *$/) { odd_line = line; odd_time = unquoted(written) }
    print line "\t" field(trip) "\t" written "\t" field(lon) "\t" field(lat) "\t" field(accuracy)
    rows++
}

END {
    if (failed) exit 1
    if (open) fail(opened, "a quoted field is not closed")
    if (!headed && !first) fail(0, "the file is empty")
    if (!headed) no_header()
    if (!rows) fail(0, "a header, but no rows")
    if (!timed && odd_line) fail(odd_line, "time: neither a date nor seconds since 1970: \"" shown(odd_time) "\"")
    if (!timed) fail(0, "not one of its fixes has a time")
}
