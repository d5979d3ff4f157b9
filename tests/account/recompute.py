"""Adds up exported logs without any of tuner: its own reading of lines, its own sums, list prices by hand."""

import gzip
import json
import math
import re
from collections import defaultdict

REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<ms>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\tMemory Size: (?P<size>\d+) MB"
    r"\tMax Memory Used: (?P<used>\d+) MB\t(?:Init Duration: (?P<init>[\d.]+) ms\t)?(?P<rest>.*)"
)
# x86_64, first tier, the same in both regions. Source: aws.amazon.com/lambda/pricing.
GB_SECOND = 0.0000166667
REQUEST = 0.0000002


def read(folder):
    """By region, name and size: a dictionary of every invocation's figures."""
    found = defaultdict(list)
    for file in sorted(folder.rglob("*.gz")):
        region, name = file.relative_to(folder).parts[0], file.relative_to(folder).parts[3]
        threw = False
        for line in gzip.open(file, "rt"):
            at, _, text = line.rstrip("\n").partition(" ")
            if text.startswith("START "):
                threw = False
            elif text.startswith("[ERROR]"):
                threw = True
            elif text.startswith("REPORT "):
                report = REPORT.fullmatch(text)
                status = report["rest"]
                outcome = "errors" if threw else None
                if "Status: timeout" in status:
                    outcome = "timeouts"
                elif "OutOfMemory" in status:
                    outcome = "out_of_memory"
                figures = float(report["ms"]), int(report["billed"]), int(report["used"]), float(report["init"] or 0)
                found[region, name, int(report["size"])].append((at, *figures, outcome))
            elif text.startswith("{"):
                event = json.loads(text)
                if event["type"] != "platform.report":
                    continue
                record, metrics = event["record"], event["record"]["metrics"]
                outcome = {"timeout": "timeouts", "failure": "errors", "error": "out_of_memory"}.get(record["status"])
                figures = metrics["durationMs"], metrics["billedDurationMs"], metrics["maxMemoryUsedMB"]
                found[region, name, metrics["memorySizeMB"]].append((at, *figures, metrics.get("initDurationMs", 0), outcome))
    return found


def rank(values, share):
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]


def summed(invocations, size):
    durations, used = [i[1] for i in invocations], [i[3] for i in invocations]
    count = lambda outcome: sum(1 for i in invocations if i[5] == outcome)
    billed = sum(i[2] for i in invocations)
    return {
        "invocations": len(invocations),
        "billed_duration_ms": billed,
        "gb_seconds": billed * size / 1024 / 1000,
        "cold_starts": sum(1 for i in invocations if i[4]),
        "init_sum_ms": sum(i[4] for i in invocations),
        "max_memory_used_mb": max(used),
        "p99_memory_used_mb": rank(used, 0.99),
        "timeouts": count("timeouts"),
        "out_of_memory": count("out_of_memory"),
        "errors": count("errors"),
        "mean_ms": sum(durations) / len(durations),
        "p50_ms": rank(durations, 0.5),
        "p95_ms": rank(durations, 0.95),
        "p99_ms": rank(durations, 0.99),
        "max_ms": max(durations),
        "first": min(i[0] for i in invocations),
        "last": max(i[0] for i in invocations),
    }


def recompute(folder):
    """By region and name, then by size."""
    functions = defaultdict(dict)
    for (region, name, size), invocations in read(folder).items():
        functions[region, name][size] = summed(invocations, size)
    return functions


def billed(sizes):
    """What was charged, in dollars: duration and requests."""
    return sum(s["gb_seconds"] * GB_SECOND + s["invocations"] * REQUEST for s in sizes.values())
