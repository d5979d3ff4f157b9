#!/usr/bin/env python3
"""Adaptive tuning of live functions beside a thorough grid, in one run on this machine:

    benches/adaptive.py [--repetitions 20] [--preset standard] [--example hash ...]

Each example is first measured by a grid of all sizes it can have here, which says what the best one is; then it is tuned
again and again with a preset. Printed for each: how often the chosen size is within 3 % of the best of the grid, by the
grid's own figures (between its sizes, by interpolation), and invocations as a share of the grid's. Needs Rust, and a
machine that is left alone meanwhile.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, 2048, 3008]
# Short enough for many repetitions.
EXAMPLES = {
    "hash": {"blocks": 150},
    "parallel": {"blocks": 150, "threads": 2},
    "wait": {"ms": 80},
    "memory": {"mb": 300},
    "mixed": {"ms": 60, "blocks": 30},
    "flaky": {},
    "slow-init": {"blocks": 100},
}
# The grid's own noise: a size this close to its best is as good.
NEAR = 1.03


def tune(tuner, example, payload, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        command = [tuner, "run", "--local", "--function", f"example:{example}", "--yes", "--quiet", "--out", folder]
        command += ["--payload", json.dumps(payload), *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        document = pathlib.Path(folder, "tuning.json")
        if not document.exists():
            sys.exit(f"{' '.join(map(str, command))} failed:\n{run.stderr}")
        return json.loads(document.read_text())


def costs(tuning):
    """USD per invocation by memory size, of the sizes that can be chosen."""
    return {
        size["memory_size_mb"]: size["warm"]["cost"]["per_invocation"]["value"]
        for size in tuning["sizes"]
        if size["status"]["kind"] == "measured" and size.get("warm")
    }


def at(grid, mb):
    below = max((m for m in grid if m <= mb), default=min(grid))
    above = min((m for m in grid if m >= mb), default=max(grid))
    if below == above:
        return grid[below]
    share = math.log(mb / below) / math.log(above / below)
    return grid[below] ** (1 - share) * grid[above] ** share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--num", type=int, default=12, help="warm invocations at each size of the grid")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--example", action="append", choices=EXAMPLES)
    asked = parser.parse_args()
    build = ["cargo", "build", "--profile", "dist", "--quiet", "--manifest-path", ROOT / "Cargo.toml", "-p", "tuner-cli"]
    if "TUNER_BIN" not in os.environ:
        subprocess.run(build, check=True)
    tuner = os.environ.get("TUNER_BIN", ROOT / "target/dist/tuner")
    print(f"{'example':<10} {'best':>8} {'chosen (times)':<34} {'within 3 %':>10} {'invocations':>12} {'of grid':>8}")
    for example in asked.example or EXAMPLES:
        payload = EXAMPLES[example]
        sizes = ",".join(map(str, SIZES))
        thorough = tune(tuner, example, payload, "--preset", "grid", "--num", str(asked.num), "--memory", sizes)
        grid = costs(thorough)
        best = min(grid, key=grid.get)
        chosen, calls = [], []
        for _ in range(asked.repetitions):
            tuning = tune(tuner, example, payload, "--preset", asked.preset)
            chosen.append(tuning["decision"].get("memory_size_mb"))
            calls.append(tuning["exploration"]["invocations"])
        near = sum(mb is not None and at(grid, mb) <= NEAR * grid[best] for mb in chosen)
        times = ", ".join(f"{mb} ({chosen.count(mb)})" for mb in sorted(set(chosen), key=str))
        share = statistics.median(calls) / thorough["exploration"]["invocations"]
        print(
            f"{example:<10} {best:>5} MB {times:<34} {near:>4} of {len(chosen):<3}"
            f" {statistics.median(calls):>12.0f} {share:>7.0%}",
            flush=True,
        )


main()
