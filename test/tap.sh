# Functions that bash tests share: TAP output, and SQL whose errors end the test.
# Sourced by bash scripts that run from the project's root.

count=0

ok() {
    count=$((count + 1))
    if [ "$1" = true ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}

# Pass if both texts are the same; otherwise show how they differ.
is() {
    local difference
    if difference=$(diff <(echo "$2") <(echo "$1")); then ok true "$3"
    else
        ok false "$3"
        sed 's/^/# /' <<<"$difference"
    fi
}

run() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
