#!/bin/sh
# Compares the summing up of a 1 GB log with counting its REPORT lines by ripgrep, both on one thread, in one run:
#   benches/logs.sh [MEGABYTES] [ROUNDS]
# Prints the best time of each and their ratio. Needs rg; writes to ${TMPDIR:-/tmp}.
set -eu
cd "$(dirname "$0")/.."
megabytes=${1:-1000} rounds=${2:-7}
target=${CARGO_TARGET_DIR:-target}/dist/examples
cargo build --quiet --profile dist -p tuner-logs --examples
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$target/generate_log" text "$megabytes" > "$folder/text.log"
"$target/generate_log" json "$megabytes" > "$folder/json.log"
"$target/generate_log" documents "$megabytes" > "$folder/documents.log"
"$target/generate_log" firehose "$megabytes" > "$folder/firehose.log"

milliseconds() {
    begin=$(date +%s%N)
    "$@" > /dev/null
    echo $((($(date +%s%N) - begin) / 1000000))
}

smaller() {
    if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi
}

# In turns, so that whatever else the machine does meets all of them.
rg=999999999 text=$rg json=$rg documents=$rg firehose=$rg
for _ in $(seq "$rounds"); do
    rg=$(smaller "$rg" "$(milliseconds rg -j1 -c "REPORT RequestId" "$folder/text.log")")
    text=$(smaller "$text" "$(milliseconds "$target/summarize" --threads 1 "$folder/text.log")")
    json=$(smaller "$json" "$(milliseconds "$target/summarize" --threads 1 "$folder/json.log")")
    documents=$(smaller "$documents" "$(milliseconds "$target/summarize" --threads 1 "$folder/documents.log")")
    firehose=$(smaller "$firehose" "$(milliseconds "$target/summarize" --threads 1 "$folder/firehose.log")")
done
echo "ripgrep, text: $rg ms"
echo "summary, text: $text ms, $(awk "BEGIN { printf \"%.2f\", $text / $rg }") times ripgrep"
echo "summary, JSON: $json ms, $(awk "BEGIN { printf \"%.0f\", $megabytes * 1000 / $json }") MB/s"
echo "summary, documents on lines: $documents ms, $(awk "BEGIN { printf \"%.0f\", $megabytes * 1000 / $documents }") MB/s"
echo "summary, documents without newlines: $firehose ms, $(awk "BEGIN { printf \"%.2f\", $firehose / $documents }") times those on lines"
