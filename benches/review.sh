#!/bin/sh
# Compares `tuner review --from-logs` over an export of 10 million REPORTs (.gz, 2,000 functions) with counting its lines by
# zcat in two processes, in one run:
#   benches/review.sh [REPORTS] [ROUNDS] [usual|reports]
# `usual` has START, END and REPORT of every invocation, `reports` nothing but REPORTs. Prints the best time of each, their
# ratio, and the most memory that the review held. Needs GNU time; writes to ${TMPDIR:-/tmp}.
set -eu
cd "$(dirname "$0")/.."
reports=${1:-10000000} rounds=${2:-5} kind=${3:-usual} functions=2000
target=${CARGO_TARGET_DIR:-target}/dist
cargo build --quiet --profile dist -p tuner-logs --example generate_export
cargo build --quiet --profile dist -p tuner-cli
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$target/examples/generate_export" "$folder/export" "$reports" "$functions" "$kind"
echo "$(du -sh "$folder/export" | cut -f1) in .gz files"

milliseconds() {
    begin=$(date +%s%N)
    "$@" > /dev/null
    echo $((($(date +%s%N) - begin) / 1000000))
}

smaller() {
    if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi
}

lines() {
    find "$folder/export" -name '*.gz' -print0 | xargs -0 -P 2 -n "$functions" zcat | wc -l
}

review() {
    command time -f %M -a -o "$folder/memory" \
        "$target/tuner" review --from-logs "$folder/export" --out "$folder/out" --format csv --quiet
}

# In turns, so that whatever else the machine does meets both.
zcat=999999999 review=$zcat
for _ in $(seq "$rounds"); do
    zcat=$(smaller "$zcat" "$(milliseconds lines)")
    review=$(smaller "$review" "$(milliseconds review)")
done
echo "zcat | wc -l in two processes: $zcat ms"
echo "tuner review: $review ms, $(awk "BEGIN { printf \"%.2f\", $review / $zcat }") times that"
echo "most memory: $(($(sort -n "$folder/memory" | tail -1) / 1024)) MB"
