"""What can be typed into the console as the input of an execution."""

import json

import pytest

from cloud import DEFAULT_SIZES, ROOT
from gateway import split_name
from targets import ECHO

# Enough to see that a tuning went all the way, and quick.
QUICK = {"num": 5, "powerValues": [512, 1769], "payload": {"blocks": 1}}


def test_the_smallest_input(service, target):
    function = target("wait", MemorySize=640)
    done = service.run({"lambdaARN": function.name}).succeeded()
    document = done.document()
    assert [size["memory_size_mb"] for size in document["sizes"]] == DEFAULT_SIZES
    # Ten warm ones, after a cold start.
    starts = {size: [record["start"] for record in records] for size, records in done.counted().items()}
    assert {size: of.count("warm") for size, of in starts.items()} == dict.fromkeys(DEFAULT_SIZES, 10)
    assert all(of[0] == "cold" for of in starts.values())
    assert document["function"]["memory_size_mb"] == 640
    assert (document["status"], document["leftovers"]) == ("succeeded", [])
    # Each size was set, published and deleted, at the least.
    assert document["exploration"]["control_calls"]["limited"] >= 3 * len(DEFAULT_SIZES)
    # It waits as long at any size, so the smallest is the cheapest.
    assert done.output["power"] == 128
    assert {"tuning.json", "report.svg", "report.html"} <= done.files()
    assert f"payloads/{done.output['tuningId']}.json" not in done.service.keys("payloads/")


@pytest.mark.parametrize("form", ["name", "partial ARN", "ARN", "version", "alias"])
def test_names_of_functions(service, target, form):
    function = target("hash")
    functions = function.functions
    version = functions.publish_version(FunctionName=function.name, Description="their own")["Version"]
    functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.before = function.seen()
    named = {
        "name": function.name,
        "partial ARN": f"000000000000:function:{function.name}",
        "ARN": function.arn,
        "version": f"{function.arn}:{version}",
        "alias": f"{function.name}:live",
    }[form]
    done = service.run({**QUICK, "lambdaARN": named}).succeeded()
    assert split_name(done.document()["function"]["name"])[0] == function.name


def test_the_input_that_lpt_documents(service, target):
    """README-EXECUTE.md of aws-lambda-power-tuning, with fewer invocations."""
    function = target("wait")
    sizes = [128, 256, 512, 1024, 1536, 2048, 3008]
    text = json.dumps(
        {
            "lambdaARN": function.arn,
            "powerValues": sizes,
            "num": 10,
            "payload": {},
            "parallelInvocation": True,
            "strategy": "cost",
        }
    )
    done = service.run(text).succeeded()
    assert [size["memory_size_mb"] for size in done.document()["sizes"]] == sizes


def test_the_input_that_lpt_documents_for_pipelines(service, target):
    """README-INPUT-OUTPUT.md of aws-lambda-power-tuning: a new alias points to the function at its best size."""
    function = target("wait", MemorySize=1024)
    done = service.run(
        {
            "lambdaARN": function.arn,
            "num": 5,
            "payload": {"ms": 20},
            # Far apart in price: noise decides nothing.
            "powerValues": [128, 1536, 3008],
            "autoOptimize": True,
            "autoOptimizeAlias": "prod",
        }
    ).succeeded()
    assert done.output["power"] == 128
    functions = function.functions
    alias = functions.get_alias(FunctionName=function.name, Name="prod")
    at_alias = functions.get_function(FunctionName=function.name, Qualifier="prod")["Configuration"]
    # A version that was published to stay says who published it.
    mark = f"as it was [128 MB by tuner {done.output['tuningId']}]"
    assert (at_alias["MemorySize"], at_alias["Description"]) == (128, mark)
    assert function.configuration()["MemorySize"] == 128
    assert function.versions() == [int(alias["FunctionVersion"])]
    assert {k: v for k, v in function.seen()["configuration"].items() if k != "MemorySize"} == {
        k: v for k, v in function.before["configuration"].items() if k != "MemorySize"
    }
    function.before = function.seen()


def test_every_option(service, target):
    function, before, after = target("hash", MemorySize=1024), target(ECHO), target(ECHO)
    done = service.run(
        {
            "lambdaARN": function.arn,
            "num": "6",
            "powerValues": [1769, "512", 512],
            "payload": '{"blocks": 1}',
            "parallelInvocation": False,
            "strategy": "balanced",
            "balancedWeight": 0.7,
            "autoOptimize": False,
            "autoOptimizeAlias": "",
            "dryRun": False,
            "preProcessorARN": before.arn,
            "postProcessorARN": after.arn,
            "discardTopBottom": 0.1,
            "sleepBetweenRunsMs": 1,
            "disablePayloadLogs": True,
            "includeOutputResults": True,
            "onlyColdStarts": False,
            "allowedExceptions": ["DownstreamUnavailable"],
            "maxConcurrency": 1,
            "maxP95Ms": 60000,
            "monthlyInvocations": 1000000,
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:us-east-1:000000000000:execution:outer:1",
        }
    ).succeeded()
    request = done.document()["request"]
    assert request["memory_sizes_mb"] == [512, 1769]
    assert (request["invocations"], request["trim_share"], request["preset"]) == (6, 0.1, "grid")
    assert request["constraints"] == [{"kind": "duration", "statistic": "p95", "max_ms": 60000.0}]
    assert request["monthly_invocations"] == 1000000
    assert [entry["value"] for entry in done.output["stats"]] == [512, 1769]


# Those of tunings; the engine's tests read those of reviews, and test_review.py starts such inputs; test_checks.py starts a check's.
SAMPLES = sorted(
    path for path in (ROOT / "statemachine" / "samples").glob("*.json") if not path.name.startswith(("review-", "check"))
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_samples(service, gateway, target, sample):
    """Each sample as it is, but for the names in it, and for the time: 10 invocations and no long pauses."""
    given = json.loads(sample.read_text())
    function, before, after = target("wait", MemorySize=1024), target(ECHO), target(ECHO)
    functions = function.functions
    functions.publish_version(FunctionName=function.name, Description="their own")
    functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    function.before = function.seen()
    given["lambdaARN"] = function.arn + ":live" * given["lambdaARN"].endswith(":live")
    given |= {"num": 10} if "num" in given else {}
    given |= {"sleepBetweenRunsMs": 1} if "sleepBetweenRunsMs" in given else {}
    given |= {"preProcessorARN": before.arn, "postProcessorARN": after.arn} if "preProcessorARN" in given else {}
    if "payloadS3" in given:
        service.cloud.client("s3").put_object(Bucket=service.bucket, Key="payloads/one.json", Body=b'{"ms": 1}')
        given["payloadS3"] = f"s3://{service.bucket}/payloads/one.json"
    done = service.run(given).succeeded()
    if done.output["verdict"] == "cannot_tell":
        # Too few invocations for the limits of the sample: nothing is applied.
        assert done.output["applied"] is None and sample.stem in ("every-option", "adaptive-every-option")
    elif given.get("autoOptimize"):
        alias = given["autoOptimizeAlias"]
        applied = functions.get_function(FunctionName=function.name, Qualifier=alias)["Configuration"]
        assert applied["MemorySize"] == function.configuration()["MemorySize"] == done.output["power"]
        function.before = function.seen()


def test_all_sizes(service, target):
    """`ALL` goes up to what the account may use; here that is everything."""
    function = target("hash")
    done = service.run({**QUICK, "lambdaARN": function.arn, "powerValues": "ALL", "dryRun": True}, 240).succeeded()
    sizes = [size["memory_size_mb"] for size in done.document()["sizes"]]
    assert sizes[0] == 128 and sizes[-1] == 10240 and len(sizes) > 15


WRONG = {
    "no function": ({"num": 10}, ["lambdaARN", "missing", "a function's name"]),
    "function": ({"lambdaARN": "no spaces please"}, ["lambdaARN", "no spaces please", "a function's name"]),
    "num": ({"num": 4}, ["num is 4", "from 5"]),
    "num text": ({"num": "many"}, ["num", "many", "whole number"]),
    "powerValues": ({"powerValues": [128, 64]}, ["powerValues[1] is 64", "128", "10240"]),
    "powerValues word": ({"powerValues": "SOME"}, ["powerValues", "SOME", "ALL"]),
    "strategy": ({"strategy": "cheap"}, ["strategy", "cheap", '"cost", "speed" or "balanced"']),
    "balancedWeight": ({"strategy": "balanced", "balancedWeight": 1.5}, ["balancedWeight is 1.5", "0", "1"]),
    "discardTopBottom": ({"discardTopBottom": 0.5}, ["discardTopBottom is 0.5", "0.4"]),
    "parallelInvocation": ({"parallelInvocation": "yes"}, ["parallelInvocation", "yes", "true or false"]),
    "sleepBetweenRunsMs": ({"sleepBetweenRunsMs": -1}, ["sleepBetweenRunsMs is -1", "whole number"]),
    "payloadS3": ({"payloadS3": "bucket/key"}, ["payloadS3", "bucket/key", "s3://"]),
    "both payloads": ({"payload": {}, "payloadS3": "s3://b/k"}, ["payload", "payloadS3", "leave one out"]),
    "weights": ({"payload": [{"payload": 1, "weight": 0}]}, ["payload[0] has a weight of 0", "above 0"]),
    "too few for the weights": (
        {"num": 10, "payload": [{"payload": 1, "weight": 1}, {"payload": 2, "weight": 100}]},
        ["num is 10", "at least"],
    ),
    "autoOptimizeAlias": ({"autoOptimize": True, "autoOptimizeAlias": "1"}, ["autoOptimizeAlias", '"1"', "alias"]),
    "preProcessorARN": ({"preProcessorARN": "arn:aws:s3:::x"}, ["preProcessorARN", "arn:aws:s3:::x"]),
    "roleARN": ({"roleARN": "admin"}, ["roleARN", "admin", "IAM role"]),
    "unknown field": ({"powervalues": [128]}, ["there is no field powervalues", "did you mean powerValues"]),
    "preset": ({"preset": "quick"}, ["preset", "quick", '"standard"']),
    "budget of a grid": ({"budgetCost": 0.01}, ["budgetCost is 0.01", 'preset "grid"']),
    "dry run of a preset": ({"preset": "standard", "dryRun": True}, ["dryRun is true", '"grid" only']),
    "several": ({"num": 1, "strategy": "x"}, ["num is 1", "strategy"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_fields(service, gateway, target, case):
    wrong, words = WRONG[case]
    function = target("hash")
    done = service.run({"lambdaARN": function.arn, **wrong} if case != "no function" else wrong).failed("Tuner.Input")
    for word in words:
        assert word in done.cause
    assert done.entered()[0] == "Read the function" and "Plan" not in done.entered()
    assert gateway.of(function.name) == []


@pytest.mark.parametrize("text", ["{}", "[]", '"hash"', "null"])
def test_inputs_that_are_no_tunings(service, text):
    service.run(text).failed("Tuner.Input")
