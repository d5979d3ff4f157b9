"""`"check": true`: the function as it is, held against limits; nothing of it is changed."""

import json

import jsonschema
import pytest

from cloud import ROOT, client, deploy
from gateway import THROTTLED, denied
from targets import FAILING_ECHO

SCHEMA = json.loads((ROOT / "statemachine/power-tuning.check-output.schema.json").read_text())
ALLOWED = {"GetFunction", "Invoke", "GetAccountSettings"}


def kept(done):
    assert done.status == "SUCCEEDED", f"{done.status} {done.error}: {done.cause}"
    jsonschema.validate(done.output, SCHEMA)
    return done


def document(done):
    [key] = [key for key in done.service.keys("tunings/") if key.endswith(f"{check_id(done)}/check.json")]
    return json.loads(done.service.object(key))


def check_id(done):
    for details in done.details("stateExited"):
        if found := json.loads(details.get("output", "{}")).get("check_id"):
            return found
    raise AssertionError(f"{done.arn} names no check")


def calls(gateway, function):
    return [call for call in gateway.calls if call.function == function.name]


def changed_nothing(gateway, function, done):
    assert {call.operation for call in calls(gateway, function)} <= ALLOWED
    assert not {"Publish versions", "Put the function back", "Apply, if asked"} & set(done.entered())
    assert not function.versions()
    function.is_as_before()


def test_limits_that_are_kept(service, gateway, target):
    function = target("wait", MemorySize=640)
    done = kept(
        service.run(
            {
                "lambdaARN": function.name,
                "check": True,
                "failOn": ["success<90%", "memory>95%"],
                "maxP50Ms": 5000,
                "payload": {"ms": 1},
            }
        )
    )
    assert done.output["verdict"] == "kept"
    assert {row["limit"]: row["verdict"] for row in done.output["limits"]} == {
        "p50 <= 5,000 ms": "kept",
        "success >= 90 %": "kept",
        "memory <= 95 %": "kept",
    }
    check = document(done)
    assert (check["memory_size_mb"], check["verdict"], check["source"]["kind"]) == (640, "kept", "invoked")
    # It ends as soon as all are decided.
    assert check["outcomes"]["success"] == done.output["invocations"] == len(check["records"]) < 100
    assert [json.loads(call.body) for call in calls(gateway, function) if call.operation == "Invoke"][0] == {"ms": 1}
    assert {"check.json", "report.html"} <= {key.rsplit("/", 1)[1] for key in service.keys(f"tunings/{check_id(done)}/")}
    assert f"payloads/{check_id(done)}.json" not in service.keys("payloads/")
    changed_nothing(gateway, function, done)


def test_every_broken_limit_is_named(service, gateway, target):
    function = target("wait")
    limits = {"maxMeanMs": 10, "maxP50Ms": 10, "maxP95Ms": 10_000}
    done = service.run({"lambdaARN": function.arn, "check": True, **limits, "payload": {"ms": 60}})
    done.failed("Tuner.LimitBroken")
    assert "mean <= 10 ms" in done.cause and "p50 <= 10 ms" in done.cause and "p95" not in done.cause
    assert f"s3://{service.bucket}/tunings/{check_id(done)}/" in done.cause
    verdicts = {row["limit"]["metric"]: row["verdict"] for row in document(done)["limits"]}
    assert (verdicts["mean"], verdicts["p50"]) == ("broken", "broken")
    # What broke a limit is no baseline.
    assert not [key for key in service.keys("check-history/") if check_id(done) in key]
    changed_nothing(gateway, function, done)


@pytest.mark.parametrize("undecided", ["fail", "pass"])
def test_what_cannot_be_told(service, gateway, target, undecided):
    """Three calls tell nothing of a p99."""
    function = target("wait")
    asked = {"check": True, "maxP99Ms": 60_000, "budgetInvocations": 3, "undecided": undecided, "payload": {"ms": 1}}
    done = service.run({"lambdaARN": function.name, **asked})
    if undecided == "pass":
        assert kept(done).output["limits"][0]["verdict"] == "cannot_tell"
    else:
        done.failed("Tuner.CannotTell")
        assert "p99 <= 60,000 ms" in done.cause
    assert document(done)["outcomes"]["success"] == 3
    changed_nothing(gateway, function, done)


def test_a_version_and_an_alias_are_checked_as_they_are(service, gateway, target):
    function = target("wait", MemorySize=384)
    functions = function.functions
    version = functions.publish_version(FunctionName=function.name)["Version"]
    functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.update(MemorySize=512)
    function.before = function.seen()
    for qualifier in (version, "live"):
        name = f"{function.name}:{qualifier}"
        done = kept(service.run({"lambdaARN": name, "check": True, "failOn": "success<80%", "payload": {"ms": 1}}))
        check = document(done)
        assert check["memory_size_mb"] == 384
        assert check["function"] == f"{function.arn}:{qualifier}"
    asked = {call.qualifier for call in calls(gateway, function) if call.operation == "Invoke"}
    assert asked == {version, "live"}
    function.is_as_before()


def test_a_function_that_always_fails(service, gateway, target):
    function = target(FAILING_ECHO)
    done = service.run({"lambdaARN": function.name, "check": True, "maxP95Ms": 500, "payload": {"bad": 1}})
    done.failed("Tuner.EveryInvocationFailed")
    assert "Tuner.Bad" in done.cause and "20" in done.cause
    changed_nothing(gateway, function, done)
    done = service.run({"lambdaARN": function.name, "check": True, "failOn": ["success<99%"], "payload": {"bad": 1}})
    done.failed("Tuner.LimitBroken")


def test_no_worse_than_the_last(service, gateway, target):
    """The first has nothing to compare with; the second is compared with it; what got slower is broken."""
    function = target("wait")
    asked = {"lambdaARN": function.name, "check": True, "baseline": "last", "budgetInvocations": 40}
    first = kept(service.run({**asked, "payload": {"ms": 60}}))
    assert (first.output["verdict"], first.output["limits"]) == ("not_measured", [])
    assert "no earlier check" in first.output["warnings"][0]
    assert first.output["invocations"] == 40
    slower = service.run({**asked, "failOn": ["p50>+30%"], "payload": {"ms": 200}}).failed("Tuner.LimitBroken")
    assert "p50 <= baseline + 30 %" in slower.cause
    assert document(slower)["baseline"]["id"] == first.output["checkId"]
    # By its ID, and with room enough.
    named = {**asked, "baseline": first.output["checkId"], "failOn": ["p50>+900%"]}
    assert kept(service.run({**named, "payload": {"ms": 60}})).output["verdict"] == "kept"
    missing = "01995b5e-0000-7000-8000-000000000000"
    done = service.run({**asked, "baseline": missing, "payload": {"ms": 1}}).failed("Tuner.Input")
    assert missing in done.cause and "nothing was changed" in done.cause


def test_the_sample(service, gateway, target):
    """As it is, but for the name in it, and for the number of calls, which 99 % would need 299 of."""
    function = target("wait")
    functions = function.functions
    functions.publish_version(FunctionName=function.name)
    functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    function.before = function.seen()
    sample = json.loads((ROOT / "statemachine/samples/check.json").read_text())
    given = {**sample, "lambdaARN": f"{function.arn}:live", "budgetInvocations": 40, "undecided": "pass"}
    done = kept(service.run(given))
    rows = {row["limit"]: row["verdict"] for row in done.output["limits"]}
    # What is relative has nothing to be relative to yet; how many start cold is not known from here.
    assert list(rows) == ["p95 <= 800 ms", "success >= 99 %", "mean <= 2,000 ms", "cold-starts <= 20 %"]
    assert rows["cold-starts <= 20 %"] == "not_measured"
    function.is_as_before()


def test_a_tuning_is_a_baseline_too(service, gateway, target):
    function = target("wait", MemorySize=512)
    tuned = service.run({"lambdaARN": function.name, "num": 5, "powerValues": [512, 1024], "payload": {"ms": 50}}).succeeded()
    asked = {"check": True, "baseline": "last", "failOn": ["mean>+200%"], "payload": {"ms": 50}}
    done = kept(service.run({"lambdaARN": function.name, **asked}))
    baseline = document(done)["baseline"]
    assert (baseline["of"], baseline["id"]) == ("tuning", tuned.output["tuningId"])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["failOn", "baseline"]),
        ({"failOn": ["p95>80MB"]}, ["p95>80MB"]),
        ({"failOn": ["p95>+20%"]}, ["baseline"]),
        ({"failOn": ["success<100%"]}, ["cannot be shown"]),
        ({"maxP95Ms": 1, "powerValues": [128], "autoOptimize": True}, ["powerValues", "autoOptimize"]),
        ({"check": False, "failOn": ["p95>1"]}, ["unless check is true"]),
    ],
)
def test_what_makes_no_sense_is_refused(service, gateway, target, fields, words):
    function = target("wait")
    done = service.run({"lambdaARN": function.name, "check": True, **fields}).failed("Tuner.Input")
    assert all(word in done.cause for word in words), done.cause
    assert not calls(gateway, function)


def test_a_long_check_goes_on_where_it_left(cloud, gateway, packages, target):
    """A step that has twelve seconds hands back; no invocation is made twice, and the number is kept to."""
    service = deploy(cloud, packages, f"check-{cloud.engine}", {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint}, timeout=12)
    function = target("wait")
    asked = {"check": True, "maxP99Ms": 60_000, "budgetInvocations": 12, "undecided": "pass", "payload": {"ms": 1500}}
    done = kept(service.run({"lambdaARN": function.name, **asked}))
    assert done.entered().count("Check") >= 2
    check = document(done)
    invoked = [call for call in calls(gateway, function) if call.operation == "Invoke"]
    assert len(check["records"]) == len({record["request_id"] for record in check["records"]}) == len(invoked) == 12
    changed_nothing(gateway, function, done)


def test_a_step_that_is_cut_off_loses_nothing_that_it_kept(service, gateway, target):
    """Lambda fails while the step is at work: what it had is in the store, and the retry goes on with it."""
    function = target("wait")
    gateway.when(function.name, "Invoke", at=[8], act=lambda call: denied("lambda:InvokeFunction", function.arn))
    done = service.run({"lambdaARN": function.name, "check": True, "maxP99Ms": 60_000, "payload": {"ms": 1}})
    done.failed("Tuner.Denied")
    assert "lambda:InvokeFunction" in done.cause and "nothing was changed" in done.cause
    [key] = [key for key in service.keys(f"tunings/{check_id(done)}/records/")]
    assert len(service.object(key).splitlines()) == 7
    changed_nothing(gateway, function, done)


def test_throttles_are_waited_for(service, gateway, target):
    function = target("wait")
    gateway.when(function.name, "Invoke", at=range(3, 6), act=lambda call: THROTTLED)
    asked = {"check": True, "failOn": ["success<80%"], "payload": {"ms": 1}}
    done = kept(service.run({"lambdaARN": function.name, **asked}))
    assert document(done)["outcomes"]["throttled"] == 0


def test_a_deployment_meanwhile_ends_it(service, gateway, target):
    function = target("wait")
    gateway.when(function.name, "Invoke", at=[5], act=lambda call: function.update(MemorySize=1024))
    done = service.run({"lambdaARN": function.name, "check": True, "failOn": ["success<80%"], "payload": {"ms": 1}})
    done.failed("Tuner.ForeignChange")
    assert "512 MB are now 1024 MB" in done.cause
    function.expect(MemorySize=1024)
    function.is_as_before()


def test_a_function_that_is_being_tuned_is_not_checked(service, gateway, target, local_lambda):
    """Its memory size is not the one that is deployed."""
    function = target("wait")
    functions = client("lambda", local_lambda)
    mark = "[tuner 01995b5e-0000-7000-8000-000000000000 512>1024] as it was"
    functions.update_function_configuration(FunctionName=function.name, Description=mark, MemorySize=1024)
    function.await_ready()
    done = service.run({"lambdaARN": function.name, "check": True, "failOn": ["success<80%"]}).failed("Tuner.Marked")
    assert "01995b5e" in done.cause
    function.update(Description="as it was", MemorySize=512)
