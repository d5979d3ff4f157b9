"""The numbers, where the function under test follows a law that is known, and everything else that comes out."""

import base64
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

from noise import despite_noise
from servers import plain_environment
from targets import ECHO, answering

# Timing needs the two processors of a small machine: one invocation at a time.
ALONE = {"maxConcurrency": 1}


def series(document, kind="warm"):
    return {size["memory_size_mb"]: size[kind] for size in document["sizes"] if size.get(kind)}


def mean(distribution):
    return distribution["mean"]["value"]


@pytest.mark.alone
def test_a_function_of_the_processor_alone(service, target):
    """Up to 1,769 MB, which is one processor, twice the memory is half the duration."""
    function = target("hash", MemorySize=512)
    sizes = [256, 512, 1024, 1769]

    def agree():
        done = service.run(
            {
                "lambdaARN": function.arn,
                "num": 8,
                "powerValues": sizes,
                "payload": {"blocks": 15},
                "strategy": "speed",
                "includeOutputResults": True,
                **ALONE,
            }
        ).succeeded()
        durations = {size: mean(one["duration_ms"]) for size, one in series(done.document()).items()}
        for size in sizes[:-1]:
            assert durations[size] / durations[1769] == pytest.approx(1769 / size, rel=0.25)
        output = done.output
        assert output["power"] == 1769
        stats = {entry["value"]: entry for entry in output["stats"]}
        assert output["duration"] == stats[1769]["averageDuration"]
        assert output["cost"] == stats[1769]["averagePrice"]
        # The same GB-seconds at any size: the cost is flat.
        assert stats[256]["averagePrice"] == pytest.approx(stats[1769]["averagePrice"], rel=0.3)

    despite_noise(agree)


@pytest.mark.alone
def test_a_function_that_waits(service, target):
    """It takes as long at any size, so it costs what its memory costs."""
    function = target("wait", MemorySize=1024)

    def agree():
        done = service.run(
            {
                "lambdaARN": function.arn,
                "num": 5,
                "powerValues": [128, 512, 2048],
                "payload": {"ms": 100},
                "includeOutputResults": True,
                "discardTopBottom": 0,
            }
        ).succeeded()
        stats = {entry["value"]: entry for entry in done.output["stats"]}
        assert done.output["power"] == 128
        assert stats[2048]["averageDuration"] == pytest.approx(stats[128]["averageDuration"], rel=0.15)
        # At the prices of us-east-1: 100 ms of 128 MB, and one request, which costs the same at any size.
        price = {size: entry["averagePrice"] - 0.0000002 for size, entry in stats.items()}
        assert price[128] == pytest.approx(0.1 * 0.125 * 0.0000166667, rel=0.15)
        assert price[2048] / price[128] == pytest.approx(16, rel=0.15)

    despite_noise(agree)


# What two tunings of the same function never have in common, or one driver alone has.
# The environment: the command line asks the Lambda that it speaks to whether it is a local one; the service is on AWS.
# Digests of what was sent have a key of their tuning.
APART = {"tuning_id", "keyed_sha256", "started_at", "finished_at", "request_id", "machinery", "records", "environment"}
# Measured in whole numbers; what else is measured has a fraction.
MEASURED = {"wall_ms", "paced_ms", "billed_duration_ms", "max_memory_used_mb"}
# One at a time, invocations that other programs disturbed are made again: how many depends on what else goes on here.
MEASURED |= {"success", ".exploration.invocations"}


def shape(value, path=""):
    """What is at which path of a document, without IDs and times, and with any measured number for any other."""
    key = path.rpartition(".")[2]
    if isinstance(value, dict) and value:
        parts = [shape(v, f"{path}.{k}") for k, v in value.items() if k not in APART]
    elif isinstance(value, list) and value:
        parts = [shape(v, f"{path}[{i}]") for i, v in enumerate(value)]
    else:
        return {path: "a number" if isinstance(value, float) or {key, path} & MEASURED else value}
    return {path: found for part in parts for path, found in part.items()}


@pytest.mark.alone
def test_the_command_line_finds_the_same(service, gateway, target, tmp_path):
    """The in-process driver and the state machine write the same document, but for IDs, times and noise."""
    tuner = Path(os.environ["TUNER_BIN"]).resolve()
    arguments = ["--num", "5", "--memory", "256,3008", "--payload", '{"blocks": 5}', "--max-concurrency", "1"]

    def agree():
        # A new function each time: what an earlier document knows of a function is in the next one, as its floor.
        function = target("hash", MemorySize=1024)
        done = service.run(
            {
                "lambdaARN": function.arn,
                "num": 5,
                "powerValues": [256, 3008],
                "payload": {"blocks": 5},
                "discardTopBottom": 0,
                **ALONE,
            }
        ).succeeded()
        run = subprocess.run(
            [tuner, "run", "--direct", "--yes", "--quiet", "--function", function.arn, "--out", tmp_path, *arguments],
            env={**plain_environment(tmp_path), **service.cloud.environment, "AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        both = [done.document(), json.loads((tmp_path / "tuning.json").read_text())]
        # The smaller size is clearly the cheaper one, and the larger one clearly the faster, unless something disturbs.
        decisions = [shape(document.pop("decision")) for document in both]
        assert decisions[0] == decisions[1]
        for size in (256, 3008):
            means = [mean(series(document)[size]["duration_ms"]) for document in both]
            assert means[0] == pytest.approx(means[1], rel=0.25)
        assert shape(both[0]) == shape(both[1])

    despite_noise(agree)


def test_the_visualization_link_says_the_same(service, target):
    function = target("wait")
    done = service.run(
        {
            "lambdaARN": function.arn,
            "num": 5,
            "powerValues": [128, 512],
            "payload": {"ms": 10},
            "includeOutputResults": True,
        }
    ).succeeded()
    link = done.output["stateMachine"]["visualization"]
    sizes, durations, costs = (base64.b64decode(part) for part in link.split("#")[1].split(";"))
    stats = done.output["stats"]
    assert list(struct.unpack(f"<{len(stats)}h", sizes)) == [entry["value"] for entry in stats]
    assert struct.unpack(f"<{len(stats)}f", durations) == pytest.approx([entry["averageDuration"] for entry in stats])
    assert struct.unpack(f"<{len(stats)}f", costs) == pytest.approx([entry["averagePrice"] for entry in stats])
    assert done.output["stateMachine"]["executionCost"] > 0
    assert done.output["stateMachine"]["lambdaCost"] > 0


def test_the_recommendation_is_applied(service, target):
    function = target("wait", MemorySize=1024)
    # The larger size is 23 times as dear: noise decides nothing.
    done = service.run(
        {"lambdaARN": function.arn, "num": 5, "powerValues": [128, 3008], "payload": {"ms": 20}, "autoOptimize": True}
    ).succeeded()
    assert done.output["power"] == 128
    function.expect(MemorySize=128)


def test_dry_run_invokes_each_size_once_and_applies_nothing(service, gateway, target):
    function = target("wait", MemorySize=1024)
    done = service.run(
        {
            "lambdaARN": function.arn,
            "powerValues": [128, 512],
            "payload": {"ms": 1},
            "dryRun": True,
            "autoOptimize": True,
        }
    ).succeeded()
    assert len(gateway.of(function.name, "Invoke")) == 2
    assert [done.output[field] for field in ("power", "cost", "duration")] == [None] * 3
    assert done.document()["applied"] is None if "applied" in done.document() else True


def test_only_cold_starts(service, target):
    function = target(ECHO.replace("api=", "sleep 0.3\napi="), MemorySize=1024)
    done = service.run(
        {
            "lambdaARN": function.arn,
            "num": 5,
            "powerValues": [512, 1769],
            "onlyColdStarts": True,
            # Of two at the same time the later one could meet the environment of the other, and start warm.
            **ALONE,
        }
    ).succeeded()
    for records in done.records().values():
        assert len(records) == 5
        assert all(record["start"] == "cold" and record["init_duration_ms"] > 300 for record in records)
    assert set(series(done.document(), "cold")) == {512, 1769}
    assert series(done.document(), "warm") == {}
    assert done.output["duration"] > 300


def test_weighted_payloads(service, gateway, target):
    function = target("wait")
    service.run(
        {
            "lambdaARN": function.arn,
            "num": 10,
            "powerValues": [128, 512],
            "payload": [{"payload": {"ms": 1}, "weight": 3}, {"payload": {"ms": 2}, "weight": 2}],
        }
    ).succeeded()
    sent = [json.loads(call.body)["ms"] for call in gateway.of(function.name, "Invoke")]
    # The weights hold among the ten warm invocations; each size has one cold start before them.
    assert len(sent) == 22 and 8 <= sent.count(2) <= 10


def test_a_payload_from_s3(service, gateway, target):
    function = target("wait")
    large = {"ms": 1, "text": "x" * 300_000}
    service.cloud.client("s3").put_object(Bucket=service.bucket, Key="payloads/large.json", Body=json.dumps(large))
    at = {"payloadS3": f"s3://{service.bucket}/payloads/large.json"}
    service.run({"lambdaARN": function.arn, "num": 5, "powerValues": [128, 512], **at}).succeeded()
    assert all(json.loads(call.body) == large for call in gateway.of(function.name, "Invoke"))


def test_a_payload_from_s3_that_is_not_there(service, gateway, target):
    function = target("wait")
    at = {"payloadS3": f"s3://{service.bucket}/payloads/nobody.json"}
    done = service.run({"lambdaARN": function.arn, **at})
    assert done.status == "FAILED" and at["payloadS3"] in done.cause
    assert gateway.of(function.name, "UpdateFunctionConfiguration", "PublishVersion", "Invoke") == []


def test_processors(service, gateway, target):
    """What the pre-processor answers is sent, and what the function answers goes to the post-processor."""
    function, before, after = target(answering({"from": "function"})), target(answering({"from": "pre"})), target(ECHO)
    service.run(
        {
            "lambdaARN": function.arn,
            "num": 5,
            "powerValues": [512, 1769],
            "payload": {"from": "input"},
            "preProcessorARN": before.arn,
            "postProcessorARN": after.arn,
        }
    ).succeeded()
    for name, sent in [(before.name, "input"), (function.name, "pre"), (after.name, "function")]:
        bodies = [json.loads(call.body) for call in gateway.of(name, "Invoke")]
        assert bodies == [{"from": sent}] * 12


def test_the_cost_of_this_tuning_is_what_it_took(service, target):
    function = target("wait")
    done = service.run(
        {"lambdaARN": function.arn, "num": 5, "powerValues": [128, 512], "payload": {"ms": 1}}
    ).succeeded()
    # us-east-1, per state transition.
    assert done.output["stateMachine"]["executionCost"] == pytest.approx(done.transitions() * 0.000025, rel=0.15)
