#!/bin/sh
# Compares the summing up of a 1 GB log with counting its REPORT lines by ripgrep, both on one thread, in one run:
#   benches/logs.sh [MEGABYTES] [ROUNDS]
# Prints the best time of each and their ratio. Needs rg; writes to ${TMPDIR:-/tmp}.
set -eu
cd "$(dirname "$0")/.."
megabytes=${1:-1000} rounds=${2:-7}
target=${CARGO_TARGET_DIR:-target}/release/examples
cargo build --quiet --release -p tuner-logs --examples
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$target/generate_log" text "$megabytes" > "$folder/text.log"
"$target/generate_log" json "$megabytes" > "$folder/json.log"

milliseconds() {
    best=
    for _ in $(seq "$rounds"); do
        begin=$(date +%s%N)
        "$@" > /dev/null
        took=$((($(date +%s%N) - begin) / 1000000))
        if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
    done
    echo "$best"
}

rg=$(milliseconds rg -j1 -c "REPORT RequestId" "$folder/text.log")
text=$(milliseconds "$target/summarize" --threads 1 "$folder/text.log")
json=$(milliseconds "$target/summarize" --threads 1 "$folder/json.log")
echo "ripgrep, text: $rg ms"
echo "summary, text: $text ms, $(awk "BEGIN { printf \"%.2f\", $text / $rg }") times ripgrep"
echo "summary, JSON: $json ms, $(awk "BEGIN { printf \"%.0f\", $megabytes * 1000 / $json }") MB/s"
