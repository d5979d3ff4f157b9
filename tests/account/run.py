#!/usr/bin/env python3
"""An account of 64 functions and two months: what `tuner review` says of it against what `recompute.py` makes of the same logs.

usage: run.py TUNER [SEED]   tests/run calls it. Prints how many statements were checked, and every one that is not so.
"""

import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from datetime import datetime

import compose
import recompute

# Quantiles are within half a percent beyond 512 values, sums as exact as decimals are.
QUANTILE, SUM = 0.006, 1e-6
EXACT = ["invocations", "billed_duration_ms", "cold_starts", "max_memory_used_mb", "timeouts", "out_of_memory", "errors"]


class Checks:
    def __init__(self):
        self.made, self.wrong = 0, []

    def same(self, what, ours, theirs, within=0.0):
        self.made += 1
        if ours is None or theirs is None:
            is_same = ours == theirs
        elif isinstance(ours, (int, float)) and not isinstance(ours, bool):
            is_same = abs(ours - theirs) <= within * max(abs(ours), abs(theirs))
        else:
            is_same = ours == theirs
        if not is_same:
            self.wrong.append(f"{what}: {ours} by hand, {theirs} by tuner")

    def so(self, what, is_so):
        self.made += 1
        if not is_so:
            self.wrong.append(what)


def review(tuner, folder, month, inventory, previous, form):
    command = [tuner, "review", "--from-logs", folder / month, "--out", folder / f"{month}-{form}", "--format", form, "--quiet"]
    command += ["--previous", previous]
    for name in inventory:
        command += ["--inventory", folder / name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def figures(checks, name, by_hand, function):
    told = {size["memory_size_mb"]: size for size in function["evidence"].get("sizes", [])}
    checks.same(f"{name}: sizes", sorted(by_hand), sorted(told))
    for mb, ours in by_hand.items():
        theirs = told.get(mb)
        if theirs is None:
            continue
        for key in EXACT:
            checks.same(f"{name} at {mb} MB: {key}", ours[key], theirs.get(key, 0))
        checks.same(f"{name} at {mb} MB: init", ours["init_sum_ms"], theirs["init_sum_ms"], SUM)
        for key in ["mean_ms", "max_ms"]:
            checks.same(f"{name} at {mb} MB: {key}", ours[key], theirs["duration"][key], SUM)
        for key in ["p50_ms", "p95_ms", "p99_ms"]:
            checks.same(f"{name} at {mb} MB: {key}", ours[key], theirs["duration"][key], QUANTILE)
        # Whole megabytes, rounded up.
        off = abs(ours["p99_memory_used_mb"] - theirs["p99_memory_used_mb"])
        checks.so(f"{name} at {mb} MB: 99 % use {ours['p99_memory_used_mb']} MB, not {theirs['p99_memory_used_mb']}", off <= 1 + 0.006 * ours["p99_memory_used_mb"])
        for key, said in [("first", "first_seen"), ("last", "last_seen")]:
            checks.same(f"{name} at {mb} MB: {said}", datetime.fromisoformat(ours[key]), datetime.fromisoformat(theirs[said]))


def money(checks, name, by_hand, function):
    bill = function["billed"]
    gb_seconds = sum(size["gb_seconds"] for size in by_hand.values())
    checks.same(f"{name}: GB-seconds billed", gb_seconds, bill["gb_seconds"], SUM)
    checks.same(f"{name}: invocations billed", sum(s["invocations"] for s in by_hand.values()), round(bill["invocations"]))
    checks.same(f"{name}: billed", recompute.billed(by_hand), bill["bill"]["total"]["amount"], 1e-5)


def month(checks, by_hand, document):
    """A month at the present rate is what was billed, times the days of a month, where nothing changed within the window."""
    window = document["window"]
    seen = [datetime.fromisoformat(window[end]) for end in ("from", "until")]
    firsts = min(size["first"] for sizes in by_hand.values() for size in sizes.values())
    lasts = max(size["last"] for sizes in by_hand.values() for size in sizes.values())
    checks.same("window: from", datetime.fromisoformat(firsts), seen[0])
    checks.same("window: until", datetime.fromisoformat(lasts), seen[1])
    return (365.25 / 12) / ((seen[1] - seen[0]).total_seconds() / 86_400)


def over_time(checks, name, truth, sizes, sizes_before, function, times):
    changes = function.get("changes") or {}
    checks.same(f"{name}: new", truth["new"], changes.get("is_new", False))
    if truth["new"] or sizes_before is None:
        return
    present = truth["serves"]
    then, now = sizes_before.get(present), sizes.get(present)
    if then and now and min(then["invocations"], now["invocations"]) >= 50:
        checks.same(f"{name}: duration since", now["mean_ms"] / then["mean_ms"] - 1, changes.get("duration_change"), 1e-6)
    if len(sizes) == 1 and len(sizes_before) == 1:
        checks.same(f"{name}: a month", recompute.billed(sizes) * times, function["monthly"]["bill"]["total"]["amount"], 1e-5)


def main():
    tuner = pathlib.Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 2026
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        compose.compose(folder, seed)
        truth = json.loads((folder / "truth.json").read_text())
        served = ["versions.json", "aliases.json"]
        before = json.loads(review(tuner, folder, "before", ["before.json", *served], "none", "json"))
        previous = folder / "before-json/review.json"
        inventory = ["functions.json", *served]
        now = json.loads(review(tuner, folder, "now", inventory, previous, "json"))
        table = list(csv.DictReader(io.StringIO(review(tuner, folder, "now", inventory, previous, "csv"))))
        by_hand = {name: recompute.recompute(folder / name) for name in ("before", "now")}
    key = lambda function: (function["function"]["region"], re.sub(".*:function:", "", function["function"]["name"]))
    for name, document in [("before", before), ("now", now)]:
        told = {key(function): function for function in document["functions"]}
        checks.same(f"{name}: functions", sorted(by_hand[name]), sorted(told))
        times = month(checks, by_hand[name], document)
        for function, sizes in by_hand[name].items():
            if function in told:
                figures(checks, f"{name} {function}", sizes, told[function])
                money(checks, f"{name} {function}", sizes, told[function])
        whole = sum(recompute.billed(sizes) for sizes in by_hand[name].values())
        checks.same(f"{name}: billed in all", whole, document["totals"]["billed"]["amount"], 1e-5)
    told = {key(function): function for function in now["functions"]}
    for row in truth:
        at = row["region"], row["name"]
        name = f"{row['kind']} {at}"
        if row["gone"]:
            checks.so(f"{name}: is told to be there", at not in told)
            gone = now["previous"]["gone"]
            checks.so(f"{name}: is not told to be gone", any(g.endswith(f":{row['name']}") and row["region"] in g for g in gone))
            continue
        if at not in told:
            checks.so(f"{name}: is missing", False)
            continue
        found = [finding["kind"] for finding in told[at].get("findings", [])]
        checks.so(f"{name}: a finding is told twice: {found}", len(found) == len(set(found)))
        for kind in row["must"]:
            checks.so(f"{name}: {kind} is not found: {found}", kind in found)
        for kind in row["must_not"]:
            checks.so(f"{name}: {kind} is found: {told[at]['findings']}", kind not in found)
        over_time(checks, name, row, by_hand["now"][at], by_hand["before"].get(at), told[at], times)
        rows = [r for r in table if r["function"] == row["name"] and r["region"] == row["region"]]
        checks.same(f"{name}: rows of the table", 1, len(rows))
        checks.same(f"{name}: the size that serves", str(row["serves"]), rows[0]["memory_size_mb"] if rows else None)
    checks.same("gone", sum(row["gone"] for row in truth), len(now["previous"]["gone"]))
    # What is most at stake comes first: all that costs what may break, and what is saved at best of the rest.
    risks = {"memory_underprovisioned", "timeout_risk", "errors", "throttles", "regression"}
    counted = {"memory_overprovisioned", "cpu_bound", "provisioned_concurrency_unused", "snap_start_versions_unused"}

    def stake(function):
        findings = function.get("findings", [])
        breaks = any(finding["kind"] in risks for finding in findings)
        saved = sum(f["saving"]["at_best"]["amount"] for f in findings if f["kind"] in counted and "saving" in f)
        return round(100 * (breaks * function["monthly"]["bill"]["total"]["amount"] + max(0, saved)))

    order = [stake(function) for function in now["functions"]]
    checks.so(f"not the most at stake first: {order}", order == sorted(order, reverse=True))
    for line in checks.wrong:
        print(line)
    print(f"{checks.made - len(checks.wrong)}/{checks.made} statements are so (seed {seed})")
    sys.exit(bool(checks.wrong))


if __name__ == "__main__":
    main()
