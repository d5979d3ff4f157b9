#!/usr/bin/env python3
"""How well `tuner review` tells CPU-bound functions, end to end, on an account that the judge has not seen:

    benches/cpu_bound.py TUNER [--functions 600] [--seed 1]

Each function is drawn here: how long it waits, how much it works on the processor, how many threads work, what its garbage collector
costs where memory is short, how its calls differ, and how its events drift from one month to the next. It runs at one memory size
in the first month and at another in the second, as after a change of its size; some at one size in both. Logs of both months are
written as an export to S3 has them, both are reviewed, and what the second says is counted against what is true: that twice the memory
(up to one vCPU) would take three tenths of the duration away, or more, which is six tenths of what it would if all of it were work.

Nothing here is shared with the judge, nor were its constants chosen on it. Printed are counts by where the other size was.
"""

import argparse
import gzip
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

from review import share

ONE_VCPU_MB = 1769
PRESENT = [128, 192, 256, 384, 512, 768, 1024, 1280]
OTHER = [128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008]
DAYS = 28


class Function:
    def __init__(self, number, rng):
        self.name = f"f{number:04d}"
        self.rng = rng
        self.present = rng.choice(PRESENT)
        one_size = rng.random() < 0.15
        others = [mb for mb in OTHER if self.tells(mb)]
        self.other = self.present if one_size else rng.choice(others)
        total_ms = math.exp(rng.uniform(math.log(15), math.log(4000)))
        share = rng.random()
        self.wait_ms = total_ms * (1 - share)
        self.threads = 2 if rng.random() < 0.15 else 1
        # Of one vCPU's worth of milliseconds.
        self.collects = rng.uniform(0, 0.12) if rng.random() < 0.4 else 0.0
        self.work = total_ms * share * self.vcpus(self.present) / self.collected(self.present)
        self.sigma = math.exp(rng.uniform(math.log(0.05), math.log(0.7)))
        self.drift = rng.gauss(0, 0.02)
        self.calls = [int(math.exp(rng.uniform(math.log(60), math.log(1500)))) for _ in range(2)]

    def tells(self, mb):
        a, b = (min(size, ONE_VCPU_MB) for size in (self.present, mb))
        return max(a, b) >= 1.25 * min(a, b)

    def vcpus(self, mb):
        return min(mb / ONE_VCPU_MB, self.threads)

    def collected(self, mb):
        """A collector works more often in little memory."""
        return 1 + self.collects * max(0.0, math.log2(512 / mb))

    def mean_ms(self, mb):
        return self.wait_ms + self.work * self.collected(mb) / self.vcpus(mb)

    def is_bound(self):
        twice = min(self.present * 2, ONE_VCPU_MB)
        saved = 1 - self.mean_ms(twice) / self.mean_ms(self.present)
        return saved >= 0.6 * (1 - self.present / twice)

    def where(self):
        if self.other == self.present:
            return "one size only"
        if self.other < self.present:
            return "smaller than the present one"
        return "larger, up to one vCPU" if self.other <= ONE_VCPU_MB else "larger than one vCPU"

    def events(self, month):
        """Lines of a month: the first at the other size, the second at the present one."""
        mb = self.other if month == 9 else self.present
        drift = math.exp(self.drift) if month == 10 else 1.0
        mean, n = self.mean_ms(mb) * drift, self.calls[month - 9]
        lines = []
        for i in range(n):
            ms = mean * math.exp(self.rng.gauss(-self.sigma**2 / 2, self.sigma))
            at = int(i * DAYS * 86_400 / n)
            time = f"2026-{month:02d}-{at // 86_400 + 1:02d}T{at // 3600 % 24:02d}:{at // 60 % 60:02d}:{at % 60:02d}.000Z"
            lines.append(
                f"{time} REPORT RequestId: {i:08x}-{self.rng.getrandbits(16):04x}-4b68-b42e-de11b5f419e3\tDuration: {ms:.2f} ms\t"
                f"Billed Duration: {math.ceil(ms)} ms\tMemory Size: {mb} MB\tMax Memory Used: {int(mb * 0.75)} MB\t\n\n"
            )
        return "".join(lines)


def review(tuner, folder, month, previous):
    out = folder / f"review-{month}"
    command = [tuner, "review", "--from-logs", folder / str(month), "--inventory", folder / f"functions-{month}.json"]
    command += ["--out", out, "--previous", previous, "--quiet", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout), out / "review.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuner", type=pathlib.Path)
    parser.add_argument("--functions", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    functions = [Function(number, rng) for number in range(options.functions)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for month in (9, 10):
            listed = []
            for of in functions:
                stream = folder / f"{month}/aws/lambda/{of.name}/2026-{month:02d}-01-[$LATEST]{of.name}/000000.gz"
                stream.parent.mkdir(parents=True)
                with gzip.open(stream, "wt", compresslevel=1) as file:
                    file.write(of.events(month))
                mb = of.other if month == 9 else of.present
                arn = f"arn:aws:lambda:us-east-1:123456789012:function:{of.name}"
                listed.append({"FunctionName": of.name, "FunctionArn": arn, "MemorySize": mb, "Timeout": 900, "Runtime": "python3.13"})
            (folder / f"functions-{month}.json").write_text(json.dumps({"Functions": listed}))
        _, before = review(options.tuner, folder, 9, "none")
        found, _ = review(options.tuner, folder, 10, before)
    told = {}
    for of in found["functions"]:
        name = of["function"]["name"].rpartition(":")[2]
        told[name] = any(finding["kind"] == "cpu_bound" for finding in of.get("findings", []))
    rows = {}
    for of in functions:
        for where in (of.where(), "two sizes, all") if of.other != of.present else (of.where(),):
            row = rows.setdefault(where, {"drawn": 0, "true": 0, "rightly": 0, "wrongly": 0})
            row["drawn"] += 1
            row["true"] += of.is_bound()
            row["rightly"] += told[of.name] and of.is_bound()
            row["wrongly"] += told[of.name] and not of.is_bound()
    print("| the other size was | drawn | CPU-bound | found | precision | recall |\n|---|---:|---:|---:|---:|---:|")
    for where, row in sorted(rows.items()):
        all_found = row["rightly"] + row["wrongly"]
        precision, recall = share(row["rightly"], all_found), share(row["rightly"], row["true"])
        print(f"| {where} | {row['drawn']} | {row['true']} | {all_found} | {precision} | {recall} |")


if __name__ == "__main__":
    main()
