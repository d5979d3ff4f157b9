#!/bin/sh
# Instructions per byte that it takes to scan lines that are made to be slow, and how many times those of ordinary JSON reports
# that is; more than ten times is a failure:
#   benches/instructions.sh
# Counted by valgrind (callgrind), else by `perf stat` where the machine lets it. Unlike times, instructions are the same on a busy machine.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --profile dist -p tuner-logs --example scan_shape
shape=${CARGO_TARGET_DIR:-target}/dist/examples/scan_shape
told=$(mktemp)
trap 'rm -f "$told"' EXIT

if command -v valgrind > /dev/null; then
    counter="valgrind (callgrind)"
    count() {
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$shape" "$1" "$2" 2>&1 > "$told" | awk '/Collected :/ { print $4 }'
    }
elif perf stat -x, -e instructions:u true 2>&1 | grep -q '^[0-9]'; then
    counter="perf stat"
    count() {
        perf stat -x, -e instructions:u "$shape" "$1" "$2" 2>&1 > "$told" | awk -F, '/instructions/ { print $1 }'
    }
else
    echo "neither valgrind nor perf counts instructions here: nothing was measured" >&2
    exit 1
fi

echo "counted by $counter"
ordinary="" failed=0
"$shape" > "$told.names"
while IFS= read -r name; do
    # Twice more than once: what it takes to start and to make the log is left out.
    once=$(count "$name" 1)
    thrice=$(count "$name" 3)
    bytes=$(awk '{ print $1 }' "$told")
    each=$(awk "BEGIN { printf \"%.2f\", ($thrice - $once) / 2 / $bytes }")
    ordinary=${ordinary:-$each}
    ratio=$(awk "BEGIN { printf \"%.2f\", $each / $ordinary }")
    printf '%-34s %8s instructions a byte %6s times\n' "$name" "$each" "$ratio"
    if awk "BEGIN { exit !($ratio > 10) }"; then failed=1; fi
done < "$told.names"
rm -f "$told.names"
exit $failed
