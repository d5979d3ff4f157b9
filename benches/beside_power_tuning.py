#!/usr/bin/env python3
"""The service beside aws-lambda-power-tuning, in the same emulated cloud, on the same functions, one after the other in turn:

    git clone https://github.com/alexcasalboni/aws-lambda-power-tuning CHECKOUT
    npm ci --prefix CHECKOUT/layer-sdk
    benches/beside_power_tuning.py CHECKOUT --packages infra/dist

Its Node functions and its state machine run as they are in the checkout, ours as infra/build made them. The functions under test
wait for 0.1, 1 and 10 s in the local Lambda; both tune them by the same input. Printed are both figures and ours as a share of
theirs: the time a tuning takes; calls of the Lambda API that an account limits to 15 a second; how long the function ran on a
foreign memory size; versions left behind; and what the machinery costs, beside the function's own invocations, at the prices
of us-east-1 and the sizes that both deploy: state transitions by the history, GB-seconds by the emulator's REPORT lines (which
add some 50 ms to each invocation of either), requests to Lambda and S3.

Needs Node, tests/.venv and tests/.emulators (tests/run makes them), and what tests/run builds. Run it with tests/.venv/bin/python.
"""

import argparse
import io
import json
import os
import re
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/service"))

from cloud import ACCOUNT, ARCHITECTURE, Cloud, Deployed, client, deploy, deploy_machine  # noqa: E402
from gateway import Gateway  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402
from servers import served, until  # noqa: E402
from targets import Target  # noqa: E402

TRANSITION, REQUEST = 0.000025, 0.0000002
GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
S3_WRITE, S3_READ = 0.000005, 0.0000004
# Calls of these count against the account's 15 a second. Source: "Lambda quotas", API requests: all but Invoke, GetFunction and
# GetPolicy.
UNLIMITED = ("Invoke", "GetFunction")
STEPS = ["initializer", "publisher", "executor", "cleaner", "analyzer", "optimizer"]
SIZES = [128, 256, 512, 1024, 1536, 3008]


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files:
            archive.write(path, name)
    return content.getvalue()


def properties(template, of):
    """Of a function of a SAM template, with what Globals says, and parameters at their defaults."""
    given = template["Globals"]["Function"] | template["Resources"][of]["Properties"]
    parameters = template["Parameters"]
    plain = lambda value: parameters[value["Ref"]]["Default"] if isinstance(value, dict) and "Ref" in value else value  # noqa: E731
    return {name: plain(value) for name, value in given.items()}


class Service:
    """One of the two, deployed."""

    def __init__(self, cloud, deployed, sizes, architecture, requests):
        self.cloud, self.deployed, self.sizes, self.requests = cloud, deployed, sizes, requests
        self.price = GB_SECOND[architecture]

    def reports(self, function):
        """Billed seconds of each invocation so far."""
        logs = self.cloud.client("logs")
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
            text = "\n".join(event["message"] for page in pages for event in page["events"])
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [float(ms) / 1000 for ms in re.findall(r"Billed Duration: (\d+)", text)]

    def tune(self, gateway, target, given):
        """One tuning, in figures."""
        before = {function: len(self.reports(function)) for function in self.sizes}
        called, stored = len(gateway.calls), len(self.requests.calls)
        began = time.monotonic()
        execution = self.deployed.run({"lambdaARN": target.arn, **given}, 900)
        took = time.monotonic() - began
        assert execution.status == "SUCCEEDED", f"{execution.error}: {execution.cause}"
        calls = [call for call in gateway.calls[called:] if call.function == target.name]
        billed = {function: self.reports(function)[before[function] :] for function in self.sizes}
        stored = [call.operation.split(" ")[0] for call in self.requests.calls[stored:]]
        writes = sum(method in ("PUT", "POST") for method in stored)
        lists = sum(call.target.split("?")[-1].startswith("list-type") for call in self.requests.calls[-len(stored) :]) if stored else 0
        gb_seconds = sum(sum(seconds) * self.sizes[function] / 1024 for function, seconds in billed.items())
        transitions = execution.transitions()
        invocations = sum(map(len, billed.values()))
        cost = transitions * TRANSITION + invocations * REQUEST + gb_seconds * self.price
        cost += (writes + lists) * S3_WRITE + (len(stored) - writes - lists) * S3_READ
        return {
            "seconds": took,
            "limited calls": sum(call.operation not in UNLIMITED for call in calls),
            "foreign seconds": foreign(calls, target),
            "versions left": len(target.versions()),
            "invocations of the function": sum(call.operation == "Invoke" for call in calls),
            "state transitions": transitions,
            "GB-seconds": gb_seconds,
            "S3 requests": len(stored),
            "machinery, USD": cost,
        }


def foreign(calls, target):
    """Seconds in which $LATEST had another memory size than its own."""
    own, since, total = target.before["configuration"]["MemorySize"], None, 0.0
    for call in calls:
        if call.operation == "UpdateFunctionConfiguration" and call.status == 200:
            size = json.loads(call.body).get("MemorySize", own)
            if size != own and since is None:
                since = call.at
            elif size == own and since is not None:
                total, since = total + call.at - since, None
    return total if since is None else float("inf")


def ours(cloud, packages, variables, requests):
    found = {kind: (packages / f"tuner-{kind}-{ARCHITECTURE}.zip").read_bytes() for kind in ("tuning", "review")}
    deployed = deploy(cloud, found, "ours", variables | {"AWS_ENDPOINT_URL_S3": requests.endpoint}, 300)
    template = yaml_parse((ROOT / "infra/sam/template.yaml").read_text())
    of = ["Initialize", "Publish", "Plan", "Sample", "Restore", "Analyze", "Apply", "Report"]
    sizes = {f"ours-{step.lower()}": properties(template, f"{step}Function")["MemorySize"] for step in of}
    return Service(cloud, deployed, sizes, template["Parameters"]["architecture"]["Default"], requests)


def theirs(cloud, checkout, variables, requests):
    template = yaml_parse((checkout / "template.yml").read_text())
    modules = checkout / "layer-sdk/node_modules"
    if not modules.is_dir():
        sys.exit(f"error: there is no {modules}: npm ci --prefix {checkout / 'layer-sdk'}")
    functions, s3 = cloud.client("lambda"), cloud.client("s3")
    code = zipped((path.name, path) for path in (checkout / "lambda").glob("*.js"))
    layer = zipped((f"nodejs/node_modules/{p.relative_to(modules)}", p) for p in modules.rglob("*") if p.is_file())
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="layer.zip", Body=layer)
    layer = functions.publish_layer_version(LayerName="sdk", Content={"S3Bucket": "theirs", "S3Key": "layer.zip"})
    definition, sizes = (checkout / "statemachine/statemachine.asl.json").read_text(), {}
    parameters = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
    for step in STEPS:
        given = properties(template, step)
        texts = given["Environment"]["Variables"]
        texts = {name: text for name, text in texts.items() if isinstance(text, str)}
        texts |= {"defaultPowerValues": ",".join(map(str, SIZES)), "visualizationURL": parameters["visualizationURL"]}
        made = functions.create_function(
            FunctionName=f"theirs-{step}",
            Runtime=given["Runtime"],
            Handler=given["Handler"],
            Role=f"arn:aws:iam::{ACCOUNT}:role/{step}",
            Code={"ZipFile": code},
            MemorySize=given["MemorySize"],
            Timeout=int(given["Timeout"]),
            Layers=[layer["LayerVersionArn"]],
            Environment={"Variables": texts | variables},
        )
        arn = made["FunctionArn"]
        until(lambda arn=arn: functions.get_function(FunctionName=arn)["Configuration"]["State"] == "Active", f"{step} is active")
        definition = definition.replace(f"${{{step}Arn}}", arn)
        sizes[f"theirs-{step}"] = given["MemorySize"]
    definition = definition.replace("${totalExecutionTimeout}", str(parameters["totalExecutionTimeout"]))
    architecture = properties(template, "executor").get("Architectures", ["x86_64"])[0]
    return Service(cloud, Deployed(cloud, deploy_machine(cloud, "theirs", definition), "theirs"), sizes, architecture, requests)


def shown(value):
    return f"{value:.6f}" if 0 < value < 0.01 else f"{value:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--packages", type=Path, default=ROOT / "infra/dist")
    parser.add_argument("--emulators", default=ROOT / "tests/.emulators/bin/python")
    parser.add_argument("--serve", default=ROOT / "target/debug/examples/serve")
    parser.add_argument("--tuner", default=ROOT / "target/debug/tuner")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", default="0.1,1,10")
    given = parser.parse_args()
    emulators = ROOT / "tests/service/emulators"
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for folder in ("stack", "moto"):
            (place / folder).mkdir()
        stack = {"STATE_DIR": str(place / "stack"), "LOG_LEVEL": "WARNING"}
        with (
            served([given.serve], place / "local.log") as local,
            served([given.emulators, emulators / "ministack_server.py"], place / "stack.log", "/_ministack/health", stack) as backend,
            # Its history is whole, inside a Map too.
            served(
                [given.emulators, emulators / "moto_server.py"],
                place / "moto.log",
                "/moto-api/",
                {"BACKEND": backend, "MOTO_ACCOUNT_ID": ACCOUNT},
            ) as moto,
            Gateway(local) as gateway,
            Gateway(backend) as requests,
        ):
            cloud = Cloud("moto", backend, moto)
            variables = {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint}
            both = {
                "theirs": theirs(cloud, given.checkout.resolve(), variables, requests),
                "ours": ours(cloud, given.packages, variables, requests),
            }
            print("Node functions of", given.checkout, "beside", given.packages, flush=True)
            functions = client("lambda", local)
            script = f"#!/bin/sh\nexec {Path(given.tuner).resolve()} example-function wait\n"
            for seconds in given.seconds.split(","):
                payload = {"ms": round(float(seconds) * 1000)}
                wanted = {"num": 10, "powerValues": SIZES, "payload": payload, "strategy": "cost"}
                # One turn says as much about ten seconds as three about a tenth.
                turns = given.repetitions if float(seconds) < 5 else 1
                figures = {who: [] for who in both}
                for turn in range(turns):
                    for who, service in both.items():
                        # Each its own: what one leaves behind would be the other's.
                        number = f"{who}-{seconds.replace('.', '-')}-{turn}"
                        target = Target(functions, number, script, Timeout=60)
                        figures[who].append(service.tune(gateway, target, wanted))
                print(f"\n### A function of {seconds} s, {turns} turn{'s' if turns > 1 else ''}\n")
                print("| | aws-lambda-power-tuning | tuner | ratio |\n| --- | ---: | ---: | ---: |")
                for row in figures["ours"][0]:
                    a, b = (statistics.median(one[row] for one in figures[who]) for who in ("theirs", "ours"))
                    print(f"| {row} | {shown(a)} | {shown(b)} | {f'{b / a:.2f}' if a else '-'} |", flush=True)


if __name__ == "__main__":
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[variable]
    main()
