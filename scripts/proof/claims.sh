# Functions for proofs, to be sourced: claims that hold or do not, one line each, and "N held, N failed" at the end.
# claims_start NAME "$@" takes --json: then stdout gets one JSON value, and the lines go to stderr.
# shellcheck shell=bash

claims_start() {
    claims_name=$1
    claims_json=no claims_held=0 claims_failed=0 claims_rows=()
    shift
    case "${1:-}" in
        "") exec 3>&1 ;;
        --json) claims_json=yes; exec 3>&2 ;;
        *) echo "usage: scripts/$claims_name [--json]" >&2; exit 2 ;;
    esac
}

json_text() { printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g'; }

held() {
    claims_held=$((claims_held + 1))
    claims_rows+=("{\"claim\":\"$(json_text "$1")\",\"held\":true}")
    echo "held: $1" >&3
}

# failed CLAIM [LOG]: the end of the log says why.
failed() {
    claims_failed=$((claims_failed + 1))
    claims_rows+=("{\"claim\":\"$(json_text "$1")\",\"held\":false}")
    echo "FAILED: $1" >&3
    [ -z "${2:-}" ] || tail -n 15 "$2" | sed 's/^/    /' >&2
}

# claim TEXT COMMAND…: holds when the command succeeds; what it printed is shown when it does not.
claim() {
    local claims_text=$1 claims_log # Names that no command's own function uses.
    shift
    claims_log=$(mktemp)
    if "$@" >"$claims_log" 2>&1; then held "$claims_text"; else failed "$claims_text" "$claims_log"; fi
    rm -f "$claims_log"
}

# same TEXT EXPECTED FOUND: files that must be equal; the difference is shown when they are not.
same() { claim "$1" diff -u "$2" "$3"; }

skip() {
    echo "$claims_name: skipped, $1" >&3
    if [ "$claims_json" = yes ]; then
        printf '{"proof":"%s","skipped":"%s"}\n' "$claims_name" "$(json_text "$1")"
    fi
    exit 77
}

claims_end() {
    local IFS=,
    echo "$claims_held held, $claims_failed failed" >&3
    if [ "$claims_json" = yes ]; then
        printf '{"proof":"%s","held":%d,"failed":%d,"claims":[%s]}\n' \
            "$claims_name" "$claims_held" "$claims_failed" "${claims_rows[*]}"
    fi
    [ "$claims_failed" -eq 0 ]
}
