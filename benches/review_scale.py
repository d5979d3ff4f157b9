#!/usr/bin/env python3
"""What `tuner review --from-logs` takes of time and memory for accounts of many functions:

    benches/review_scale.py [TUNER] [--functions 10000,50000] [--reports 60] [--sizes 1]

Each function has a log group of its own with so many reports, at so many memory sizes, and a row in the inventory. The logs
are made once for each number. Printed: seconds, the most memory, both per 1,000 functions, and the bytes that were written.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [1024, 512, 2048, 256, 1769, 128]


def make(folder, functions, reports, sizes):
    draw = random.Random(1)
    listed = []
    for number in range(functions):
        name = f"service-{number:05}-handler"
        listed.append({
            "FunctionName": name, "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}", "MemorySize": SIZES[0],
            "Timeout": 30, "Runtime": "python3.13", "Architectures": ["x86_64"], "CodeSha256": f"{number}", "Version": "$LATEST",
        })
        stream = folder / "logs/aws/lambda" / name / "2026-10-01-[$LATEST]0123456789abcdef0123456789abcdef"
        stream.mkdir(parents=True)
        text = []
        for call in range(reports):
            at = f"2026-10-{1 + 29 * call // reports:02}T{draw.randrange(24):02}:{draw.randrange(60):02}:00.000Z"
            mb, ms = SIZES[call * sizes // reports], draw.lognormvariate(5, 1)
            text.append(
                f"{at} REPORT RequestId: {draw.getrandbits(128):032x}\tDuration: {ms:.2f} ms\tBilled Duration: {int(ms) + 1} ms\t"
                f"Memory Size: {mb} MB\tMax Memory Used: {draw.randrange(60, 120)} MB\t\n"
            )
        with gzip.open(stream / "000000.gz", "wt", compresslevel=1) as file:
            file.writelines(text)
    (folder / "functions.json").write_text(json.dumps({"Functions": listed}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner", nargs="?", default=str(ROOT / "target/dist/tuner"))
    parser.add_argument("--functions", default="10000,50000")
    parser.add_argument("--reports", type=int, default=60)
    parser.add_argument("--sizes", type=int, default=1, choices=range(1, len(SIZES) + 1))
    options = parser.parse_args()
    print("| functions | s | CPU s | MB | CPU s per 1,000 | MB per 1,000 | MB written |\n|---:|---:|---:|---:|---:|---:|---:|")
    for functions in map(int, options.functions.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            make(folder, functions, options.reports, options.sizes)
            command = [options.tuner, "review", "--from-logs", folder / "logs", "--inventory", folder / "functions.json"]
            command += ["--previous", "none", "--out", folder / "out", "--format", "csv", "--quiet"]
            began = time.monotonic()
            with open(folder / "table.csv", "w") as table:
                run = subprocess.Popen(command, stdout=table, stderr=subprocess.PIPE)
                said = run.stderr.read()
                _, status, used = os.wait4(run.pid, 0)
            took = time.monotonic() - began
            if os.waitstatus_to_exitcode(status) != 0:
                sys.exit(f"{' '.join(map(str, command))}:\n{said.decode()}")
            written = sum(file.stat().st_size for file in (folder / "out").iterdir()) / 1e6
            mb = used.ru_maxrss / 1024
            thousands = functions / 1000
            cpu = used.ru_utime + used.ru_stime
            print(f"| {functions:,} | {took:.1f} | {cpu:.1f} | {mb:.0f} | {cpu / thousands:.2f} | {mb / thousands:.1f} | {written:.0f} |", flush=True)


if __name__ == "__main__":
    main()
