#!/usr/bin/env python3
"""Findings of `tuner review --from-logs` against the truth of a simulated account, in one run:

    benches/review.py [--functions 2000] [--calls 5000] [--release]

Two months of a simulated account are written as exported logs, with what `aws lambda list-functions` would print and what is
true of each function. Both months are reviewed, the second compared with the first. Printed for each finding: of how many
functions it is true, of how many it was found, and precision and recall. What only metrics and the account's own API tell
(throttles, provisioned concurrency, why logs can't be read) is left out, and the findings that say that too little is known
are counted as one: logs alone can't tell a function that was never called from one whose log group was not exported.
As the review does, it counts no finding as missed of a function of which there is too little data to tell.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNSEEN = {"throttles", "provisioned_concurrency_unused"}
GAPS = {"not_enough_data", "no_logs", "no_access", "failed"}
GAP = "too little known"


def seen(kinds):
    return {GAP if kind in GAPS else kind for kind in kinds} - UNSEEN


def review(tuner, folder, month, *arguments):
    out = folder / f"{month}-review"
    command = [tuner, "review", "--from-logs", folder / month, "--inventory", folder / "functions.json", "--out", out]
    run = subprocess.run([*command, "--quiet", "--format", "json", *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{run.stderr}")
    return json.loads(run.stdout), out / "review.json"


def share(part, of):
    return f"{100 * part / of:.0f} %" if of else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=5000, help="the most of any function in a month")
    parser.add_argument("--release", action="store_true", help="build optimised programs")
    options = parser.parse_args()
    profile = ["--profile", "dist"] if options.release else []
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "dist" if options.release else "debug")
    subprocess.run(["cargo", "build", "-q", *profile, "-p", "tuner-logs", "--example", "exported_account"], cwd=ROOT, check=True)
    tuner = os.environ.get("TUNER_BIN")
    if tuner is None:
        subprocess.run(["cargo", "build", "-q", *profile, "-p", "tuner-cli"], cwd=ROOT, check=True)
        tuner = target / "tuner"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        generate = [target / "examples" / "exported_account", folder, str(options.functions), str(options.calls)]
        subprocess.run(generate, check=True)
        truth = json.loads((folder / "truth.json").read_text())
        _, before = review(tuner, folder, "before", "--previous", "none")
        found, _ = review(tuner, folder, "now", "--previous", before)
    counts = {}
    for function in found["functions"]:
        name = function["function"]["name"].rpartition(":")[2]
        is_true = seen(truth[name])
        is_found = seen(finding["kind"] for finding in function.get("findings", []))
        for kind in is_true | is_found:
            # True and found, found only, true only.
            rightly, wrongly, missed = counts.setdefault(kind, [0, 0, 0])
            if kind in is_true and kind in is_found:
                rightly += 1
            elif kind in is_found:
                wrongly += 1
            elif GAP not in is_true:
                missed += 1
            counts[kind] = [rightly, wrongly, missed]
    print(f"{len(found['functions'])} functions\n")
    print("| finding | true | found | precision | recall |\n|---|---:|---:|---:|---:|")
    for kind, (rightly, wrongly, missed) in sorted(counts.items()):
        true, of = rightly + missed, rightly + wrongly
        print(f"| {kind.replace('_', ' ')} | {true} | {of} | {share(rightly, of)} | {share(rightly, true)} |")


if __name__ == "__main__":
    main()
