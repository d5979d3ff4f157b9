"""Composes two months of an account of 64 functions as exported logs, and what is true of each.

Written below a folder: `before/` and `now/`, exports of CloudWatch Logs by region; `functions.json`, `aliases.json` and
`versions.json`, what the AWS CLI would print; `truth.json`: of each function at which size its traffic runs in the second month,
what a review of it must find, and what it must not. Figures are drawn anew from the seed; what they add up to is
recomputed from the logs by `recompute.py` and not told here.
"""

import datetime
import gzip
import json
import random

ACCOUNT = "123456789012"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
BEFORE = NOW - 30 * DAY
REGIONS = ["us-east-1", "eu-west-1"]
KINDS = [
    "sound", "spare", "out_of_memory", "timeouts", "errors", "resized", "served", "out_of_memory_of_old_size",
    "new", "gone", "two_sizes", "same_name", "slower", "rare", "init", "nearly_full",
]


class Function:
    def __init__(self, number, draw):
        self.kind = KINDS[number % len(KINDS)]
        self.round = number // len(KINDS)
        self.json = self.round % 2 == 1
        self.region = REGIONS[(number // 3 + self.round) % 2]
        self.name = f"{self.kind.replace('_', '-')}-{number:02}"
        if self.kind == "same_name":
            # Two of one name, in two regions, are two functions.
            self.name, self.region = f"same-name-{self.round // 2}", REGIONS[self.round % 2]
        self.memory_mb = draw.choice([256, 512, 1024])
        self.timeout_s = 30
        self.calls = draw.randint(400, 1500)
        self.ms = draw.uniform(40, 900)
        # Of the memory, the most and the least that is used.
        self.used = (0.68, 0.72)
        self.aliases = {}
        self.versions = {}
        self.must, self.must_not = [], ["memory_underprovisioned", "timeout_risk", "errors", "regression"]
        self.serves = self.memory_mb
        self.months = {"before": [(0, 30, self.memory_mb, "$LATEST", 1.0, self.ms)], "now": []}
        getattr(self, self.kind)(draw)
        if not self.months["now"] and self.kind != "gone":
            self.months["now"] = [(0, 30, self.serves, "$LATEST", 1.0, self.ms)]
        self.must_not = [kind for kind in self.must_not if kind not in self.must]

    # Each is what happens to the function: stretches of days, with size, version, share of the calls and duration.

    def sound(self, draw):
        self.must_not += ["memory_overprovisioned", "not_enough_data"]

    def spare(self, draw):
        self.memory_mb = self.serves = 1024
        self.used = (0.15, 0.2)
        self.months["before"] = [(0, 30, 1024, "$LATEST", 1.0, self.ms)]
        self.must = ["memory_overprovisioned"]

    def out_of_memory(self, draw):
        self.fails = ("out_of_memory", draw.uniform(0.01, 0.05))
        self.must = ["memory_underprovisioned"]
        self.must_not += ["memory_overprovisioned"]

    def timeouts(self, draw):
        self.timeout_s = 3
        self.fails = ("timeouts", draw.uniform(0.01, 0.05))
        self.must = ["timeout_risk"]

    def errors(self, draw):
        self.fails = ("errors", draw.uniform(0.05, 0.2))
        self.must = ["errors"]

    def resized(self, draw):
        # Up for hardly less time, which is dearer; or down for hardly more, which is what was wanted.
        up = self.round < 2
        old, self.memory_mb = (512, 1024) if up else (1024, 512)
        self.serves = self.memory_mb
        # It needs as much as before, whatever it has.
        self.used_of_mb = 512
        day = draw.randint(8, 20)
        self.months["before"] = [(0, 30, old, "$LATEST", 1.0, self.ms)]
        after = (day, 30, self.memory_mb, "$LATEST", 1.0, self.ms * (0.9 if up else 1.05))
        self.months["now"] = [(0, day, old, "$LATEST", 1.0, self.ms), after]
        self.must = ["regression"] if up else []

    def served(self, draw):
        # `$LATEST` has another size than what the alias leads to, which runs out of memory.
        self.memory_mb, self.serves = 1024, 256
        self.versions, self.aliases = {"7": 256}, {"live": ("7", {})}
        self.months["before"] = self.months["now"] = [(0, 30, 256, "7", 1.0, self.ms)]
        self.fails = ("out_of_memory", draw.uniform(0.01, 0.05))
        self.must = ["memory_underprovisioned"]

    def out_of_memory_of_old_size(self, draw):
        # It ran out of memory until it was given more.
        self.memory_mb = self.serves = 1024
        self.months["before"] = [(0, 30, 256, "$LATEST", 1.0, self.ms)]
        self.months["now"] = [(0, 12, 256, "$LATEST", 1.0, self.ms), (12, 30, 1024, "$LATEST", 1.0, self.ms * 0.8)]
        self.fails = ("out_of_memory", 0.04)
        self.fails_at = 256
        self.must = ["memory_underprovisioned"]

    def new(self, draw):
        self.months = {"before": [], "now": [(20, 30, self.memory_mb, "$LATEST", 1.0, self.ms)]}

    def gone(self, draw):
        self.months["now"] = []

    def two_sizes(self, draw):
        self.memory_mb, self.serves = 1024, 512
        self.versions, self.aliases = {"3": 512, "4": 1024}, {"live": ("3", {"4": 0.2})}
        both = [(0, 30, 512, "3", 0.8, self.ms), (0, 30, 1024, "4", 0.2, self.ms * 0.7)]
        self.months = {"before": both, "now": both}

    def same_name(self, draw):
        self.memory_mb = self.serves = [256, 1024][self.round % 2]
        self.months["before"] = [(0, 30, self.memory_mb, "$LATEST", 1.0, self.ms)]

    def slower(self, draw):
        # Put to a smaller size, it takes seven times as long.
        self.ms = draw.uniform(100, 400)
        self.memory_mb = self.serves = 256
        self.months["before"] = [(0, 30, 1769, "$LATEST", 1.0, self.ms)]
        self.months["now"] = [(0, 30, 256, "$LATEST", 1.0, self.ms * 7)]
        self.must = ["regression"]

    def rare(self, draw):
        self.calls = draw.randint(5, 40)
        self.must = ["not_enough_data"]
        self.must_not += ["memory_overprovisioned"]

    def init(self, draw):
        self.cold = (0.3, 2500)
        self.ms = 120
        self.months["before"] = [(0, 30, self.memory_mb, "$LATEST", 1.0, self.ms)]
        self.must = ["init_heavy"]

    def nearly_full(self, draw):
        self.used = (0.93, 0.95)
        self.must = ["memory_underprovisioned"]

    @property
    def arn(self):
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def lines(function, at, request, version, report):
    """What Lambda writes of one invocation."""
    duration, billed, size, used, init, outcome = report
    if function.json:
        metrics = {"durationMs": duration, "billedDurationMs": billed, "memorySizeMB": size, "maxMemoryUsedMB": used}
        if init:
            metrics["initDurationMs"] = init
        record = {"requestId": request, "metrics": metrics, "status": "success"}
        if outcome == "timeouts":
            record["status"] = "timeout"
        elif outcome == "out_of_memory":
            record |= {"status": "error", "errorType": "Runtime.OutOfMemory"}
        elif outcome == "errors":
            record |= {"status": "failure", "errorType": "KeyError"}
        start = {"time": stamp(at), "type": "platform.start", "record": {"requestId": request, "version": version}}
        yield json.dumps(start)
        yield json.dumps({"time": stamp(at), "type": "platform.report", "record": record})
        return
    yield f"START RequestId: {request} Version: {version}\n"
    if outcome == "errors":
        yield "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 7, in handler\n"
    yield f"END RequestId: {request}\n"
    text = f"REPORT RequestId: {request}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
    text += f"Memory Size: {size} MB\tMax Memory Used: {used} MB\t"
    if init:
        text += f"Init Duration: {init:.2f} ms\t"
    if outcome == "timeouts":
        text += "Status: timeout"
    elif outcome == "out_of_memory":
        text += "Status: error\tError Type: Runtime.OutOfMemory"
    yield text + "\n"


def invocation(function, size, ms, draw):
    duration = round(ms * draw.lognormvariate(0, 0.15), 2)
    low, high = function.used
    used = int(getattr(function, "used_of_mb", size) * draw.uniform(low, high))
    share, init_ms = getattr(function, "cold", (0.01, 300))
    init = round(init_ms * draw.uniform(0.9, 1.1), 2) if draw.random() < share else None
    kind, often = getattr(function, "fails", (None, 0))
    outcome = None
    if getattr(function, "fails_at", size) == size and draw.random() < often:
        outcome = kind
        if kind == "out_of_memory":
            used = size
        elif kind == "timeouts":
            duration = function.timeout_s * 1000.0
    # To whole milliseconds, init included.
    billed = -int(-(duration + (init or 0)) // 1)
    return duration, billed, size, used, init, outcome


def export(function, folder, month, begin, draw):
    for part, (first, last, size, version, share, ms) in enumerate(function.months[month]):
        calls = max(1, round(function.calls * share * (last - first) / 30))
        where = folder / month / function.region / "aws/lambda" / function.name / f"{begin:%Y-%m-%d}-[{version}]{part:032x}"
        where.mkdir(parents=True)
        with gzip.open(where / "000000.gz", "wt", compresslevel=1) as file:
            for call in range(calls):
                # The first and the last are at the ends, so that the window of all logs is known.
                share_of = (call + draw.random()) / calls if 0 < call < calls - 1 else call / max(1, calls - 1)
                at = begin + DAY * first + share_of * (last - first) * DAY - datetime.timedelta(seconds=last == 30)
                at = max(at, begin)
                request = "%08x-%04x-4%03x-8%03x-%012x" % tuple(draw.getrandbits(bits) for bits in (32, 16, 12, 12, 48))
                for line in lines(function, at, request, version, invocation(function, size, ms, draw)):
                    file.write(f"{stamp(at)} {line}\n")


def compose(folder, seed):
    draw = random.Random(seed)
    functions = [Function(number, draw) for number in range(64)]
    for month, begin in [("before", BEFORE), ("now", NOW)]:
        for function in functions:
            export(function, folder, month, begin, draw)
    alive = [function for function in functions if function.kind != "gone"]

    def printed(function, size, version="$LATEST"):
        arn = function.arn if version == "$LATEST" else f"{function.arn}:{version}"
        return {
            "FunctionName": function.name, "FunctionArn": arn, "Version": version, "Runtime": "python3.13",
            "MemorySize": size, "Timeout": function.timeout_s, "Architectures": ["x86_64"], "PackageType": "Zip",
            "EphemeralStorage": {"Size": 512}, "LoggingConfig": {"LogFormat": "JSON" if function.json else "Text"},
        }

    def write(name, document):
        (folder / name).write_text(json.dumps(document, indent=1))

    write("functions.json", {"Functions": [printed(f, f.memory_mb) for f in alive]})
    write("before.json", {"Functions": [printed(f, f.months["before"][-1][2]) for f in functions if f.months["before"]]})
    write("versions.json", {"Versions": [printed(f, mb, v) for f in functions for v, mb in f.versions.items()]})
    write("aliases.json", {"Aliases": [
        {
            "AliasArn": f"{f.arn}:{name}", "Name": name, "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": weights},
        }
        for f in functions for name, (version, weights) in f.aliases.items()
    ]})
    write("truth.json", [
        {
            "name": f.name, "region": f.region, "kind": f.kind, "serves": f.serves, "must": f.must, "must_not": f.must_not,
            "gone": f.kind == "gone", "new": f.kind == "new",
        }
        for f in functions
    ])
