"""Whatever happens, the function under test comes back as it was (the fixture `target` looks), and the outcome is the truth."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from cloud import client, deploy, pack, step_name
from gateway import SERVICE_ERROR, THROTTLED, denied
from servers import plain_environment, until
from targets import FAILING_ECHO, Target

MUTATIONS = ("UpdateFunctionConfiguration", "PublishVersion", "DeleteFunction")
SIZES = [512, 1024, 1769]
# At each size one cold start and five warm invocations.
INVOCATIONS = 18


def quick(function, **more):
    return {"lambdaARN": function.arn, "num": 5, "powerValues": SIZES, "payload": {"ms": 5}, **more}


def by_size(document):
    return {size["memory_size_mb"]: size for size in document["sizes"]}


def made(execution):
    """How many invocations have a record, those that other programs of this machine disturbed among them."""
    return sum(map(len, execution.records().values()))


def test_a_size_that_is_too_small(service, target):
    function = target("memory", MemorySize=1024)
    done = service.run(
        {"lambdaARN": function.arn, "num": 5, "powerValues": [128, 512, 1024], "payload": {"mb": 200}}
    ).succeeded()
    document = done.document()
    assert document["status"] == "partial"
    sizes = by_size(document)
    assert sizes[128]["status"] == {"kind": "failed", "outcome": "out_of_memory"}
    assert [sizes[mb]["status"]["kind"] for mb in (512, 1024)] == ["measured", "measured"]
    assert done.output["power"] in (512, 1024)


def test_a_size_that_is_too_slow(service, target):
    function = target("hash", MemorySize=1769, Timeout=1)
    done = service.run(
        {"lambdaARN": function.arn, "num": 5, "powerValues": [128, 1769], "payload": {"blocks": 50}, "maxConcurrency": 1}
    ).succeeded()
    sizes = by_size(done.document())
    assert sizes[128]["status"] == {"kind": "failed", "outcome": "timeout"}
    assert done.output["power"] == 1769


def test_a_function_that_fails_everywhere(service, target):
    function = target(FAILING_ECHO)
    done = service.run(quick(function, payload="bad")).failed("Tuner.EverySizeFailed")
    assert "Tuner.Bad" in done.cause and "as asked" in done.cause
    assert {"tuning.json", "report.svg", "report.html"} <= done.files()
    assert done.document()["status"] == "failed"


def test_exceptions_that_are_allowed(service, target):
    function = target(FAILING_ECHO)
    done = service.run(quick(function, payload="bad", allowedExceptions=["Tuner.Bad"])).succeeded()
    assert done.document()["status"] == "succeeded"
    # A function that fails quickly is not taken for a fast one.
    assert all(size["allowed_errors"] == {"Tuner.Bad": 6} for size in done.document()["sizes"])
    assert all(size["allowedErrors"] == 6 for size in done.output["sizes"])
    assert "ended in the allowed error Tuner.Bad" in str(done.service.object(done.folder + "report.html"))


def test_throttled_invocations_are_made_later(service, gateway, target):
    function = target("wait")
    gateway.when(function.name, "Invoke", at=range(2, 8), act=lambda _: THROTTLED)
    done = service.run(quick(function)).succeeded()
    sizes = by_size(done.document())
    assert sum(size["throttles"] for size in sizes.values()) == 6
    assert {len(records) for records in done.counted().values()} == {6}
    assert len(gateway.of(function.name, "Invoke")) == made(done) + 6


@pytest.mark.parametrize(("limit", "others"), [(10, 0), (10, 6), (15, 5), (20, 10), (50, 20)])
def test_a_small_account_loses_no_memory_size(service, gateway, target, limit, others):
    """Half of what the account has is left to others, and every size is measured."""
    function = target("wait")
    account = gateway.limit(function.name, limit, others)
    sizes = [128 + 64 * n for n in range(12)]
    done = service.run(quick(function, powerValues=sizes), 240).succeeded()
    measured = by_size(done.document())
    assert [measured[mb]["status"]["kind"] for mb in sizes] == ["measured"] * 12
    # What other programs disturbed here is made again.
    assert all(measured[mb]["outcomes"]["success"] >= 6 for mb in sizes)
    # What the steps take as well.
    assert account.most + account.steps <= limit / 2
    refused = [call for call in gateway.of(function.name, "Invoke") if call.status == 429]
    assert others > limit / 2 or not refused


def test_a_throttled_control_plane(service, gateway, target):
    function = target("wait")
    for operation in MUTATIONS:
        gateway.when(function.name, operation, at=[1, 3], act=lambda _: THROTTLED)
    service.run(quick(function)).succeeded()


@pytest.mark.parametrize("operation", MUTATIONS)
def test_failures_that_leave_open_whether_the_call_was_done(service, gateway, target, operation):
    """Lambda does it and answers 500."""
    function = target("wait")
    gateway.when(function.name, operation, at=2, act=lambda _: SERVICE_ERROR, after=True)
    service.run(quick(function)).succeeded()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_deploy_while_versions_are_published(service, gateway, target, at):
    function = target("wait", MemorySize=640)
    gateway.when(function.name, "PublishVersion", at=at, act=lambda _: function.update(Timeout=31))
    done = service.run(quick(function)).failed("Tuner.ForeignChange")
    assert function.name in done.cause
    assert "Measure" not in done.entered()
    function.expect(Timeout=31)


def test_a_deploy_while_it_is_measured(service, gateway, target):
    """Production has its new configuration; the versions under test are what they were."""
    function = target("wait")
    gateway.when(function.name, "Invoke", at=4, act=lambda _: function.update(Timeout=31, MemorySize=640))
    service.run(quick(function)).succeeded()
    function.expect(Timeout=31, MemorySize=640)


def restore(service, gateway, function, place):
    """What the user is told to do."""
    tuner = Path(os.environ["TUNER_BIN"]).resolve()
    (place / "tuner.toml").write_text(f'state_machine = "{service.name}"\n')
    run = subprocess.run(
        [tuner, "restore", "--yes", "--function", function.arn],
        env={**plain_environment(place), **service.cloud.environment, "AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint},
        cwd=place,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def payload_of(execution):
    """The key of what an execution sends to its function, until it is over."""
    return f"payloads/{execution.tuning_id}.json"


def test_an_execution_that_is_stopped_while_it_measures(service, gateway, target, tmp_path):
    """Nothing can clean up after it: the configuration is back already, `tuner restore` deletes versions and payload."""
    function = target("wait", MemorySize=640)
    reached, go_on = threading.Event(), threading.Event()
    gateway.when(function.name, "Invoke", at=2, act=lambda _: (reached.set(), go_on.wait(30)) and None)
    execution = service.start(quick(function))
    assert reached.wait(60)
    execution.stop(error="Stopped", cause="by hand")
    go_on.set()
    execution.ended()
    if service.cloud.engine == "moto":
        # moto 5.2.5 trips over itself when it is stopped inside a Map; AWS and MiniStack say ABORTED.
        assert (execution.status, execution.error) == ("FAILED", "States.Runtime") and "AttributeError" in execution.cause
    else:
        assert execution.status == "ABORTED"
    # The steps under way know nothing of it and end on their own.
    until(lambda: sum(map(len, execution.counted().values())) == INVOCATIONS, "all records", 60)
    assert function.seen()["configuration"] == function.before["configuration"]
    assert len(function.versions()) == len(SIZES)
    assert json.loads(service.object(payload_of(execution))) == {"ms": 5}
    restore(service, gateway, function, tmp_path)
    function.is_as_before()
    assert payload_of(execution) not in service.keys("payloads/")


def test_an_execution_that_is_stopped_while_it_publishes(service, gateway, target, tmp_path):
    function = target("wait", MemorySize=640)
    reached, go_on = threading.Event(), threading.Event()
    gateway.when(function.name, "PublishVersion", at=2, act=lambda _: (reached.set(), go_on.wait(30)) and None)
    execution = service.start(quick(function))
    assert reached.wait(60)
    execution.stop()
    go_on.set()
    assert execution.ended().status == "ABORTED"
    back = lambda: function.seen()["configuration"] == function.before["configuration"] and len(function.versions()) == 3  # noqa: E731
    until(back, "the step under way puts the configuration back", 60)
    assert payload_of(execution) in service.keys("payloads/")
    restore(service, gateway, function, tmp_path)
    function.is_as_before()
    assert payload_of(execution) not in service.keys("payloads/")


def kill(service, step):
    """kill -9 of the processes that run a step; its call, if it has not been made yet, is not made."""
    wanted = {
        f"AWS_LAMBDA_FUNCTION_NAME={step_name(service.name, step)}".encode(),
        f"AWS_ENDPOINT_URL={service.cloud.backend}".encode(),
    }
    killed = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted <= set((process / "environ").read_bytes().split(b"\0")):
                os.kill(int(process.name), signal.SIGKILL)
                killed.append(process)
        except OSError:
            pass
    return SERVICE_ERROR if killed else None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("step", "operation", "at"),
    [("initialize", "ListVersionsByFunction", 1), ("publish", "UpdateFunctionConfiguration", 2), ("publish", "PublishVersion", 2), ("restore", "DeleteFunction", 2)],
)  # fmt: skip
def test_a_step_that_is_killed_is_repeated(service, gateway, target, step, operation, at, after):
    """Before Lambda has done what it asked for, or after that and before it knows."""
    function = target("wait", MemorySize=640)
    gateway.when(function.name, operation, at=at, act=lambda _: kill(service, step), after=after)
    done = service.run(quick(function)).succeeded()
    assert "Put the function back after a failure" not in done.entered()
    assert len(gateway.of(function.name, "Invoke")) == made(done)
    assert sum(map(len, done.counted().values())) == INVOCATIONS


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_measuring_that_is_killed_goes_on_from_its_records(service, gateway, target, after):
    """What is in the store is not invoked again."""
    function = target("wait")
    at_kill = {}

    def strike(_):
        execution = at_kill["execution"]
        # Long enough for the records before to be written, which happens every few seconds.
        until(lambda: sum(map(len, execution.records().values())) >= 1, "records in the store", 60)
        at_kill["records"] = execution.records()[512]
        at_kill["invoked"] = len(gateway.of(function.name, "Invoke"))
        kill(service, "sample")

        return kill(service, "sample")

    gateway.when(function.name, "Invoke", at=7, act=strike, after=after)
    at_kill["execution"] = service.start(quick(function, num=8, powerValues=[512], payload={"ms": 1000}))
    done = at_kill["execution"].ended().succeeded()
    records = done.records()[512]
    assert records[: len(at_kill["records"])] == at_kill["records"]
    assert sum(record.get("start") == "warm" for record in records) >= 8 - unanswered(records)
    lost = at_kill["invoked"] - len(at_kill["records"]) - unanswered(records)
    assert len(gateway.of(function.name, "Invoke")) - len(records) == lost


def unanswered(records):
    """Those that were noted before they were made, and of which nothing more is known: they may have run."""
    return sum(not record.get("request_id") for record in records)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_measuring_that_chooses_its_sizes_is_killed(service, gateway, target, after):
    """Sizes that the step had come to by itself are not invoked again."""
    function = target("wait", MemorySize=512)
    at_kill = {}

    looking = threading.Lock()

    def strike(_):
        """Once, as soon as two sizes are in the store: one alone was what the first plan asked for."""
        with looking:
            records = {} if "records" in at_kill else at_kill["execution"].records()
            if len(records) < 2:
                return None
            at_kill["records"] = records
            at_kill["invoked"] = len(gateway.of(function.name, "Invoke"))
            return kill(service, "sample")

    gateway.when(function.name, "Invoke", act=strike, after=after)
    at_kill["execution"] = service.start({"lambdaARN": function.arn, "payload": {"ms": 300}, "preset": "standard"})
    done = at_kill["execution"].ended().succeeded()
    assert at_kill["records"], "it was never killed"
    for size, records in at_kill["records"].items():
        assert done.records()[size][: len(records)] == records
    count = lambda records: sum(map(len, records.values()))  # noqa: E731
    lost = len(gateway.of(function.name, "Invoke")) - count(done.records())
    noted = sum(map(unanswered, done.records().values()))
    assert lost + noted == at_kill["invoked"] - count(at_kill["records"]) <= 3
    assert done.output["power"] == 128


def test_a_step_that_is_killed_each_time(service, gateway, target):
    function = target("wait", MemorySize=640)
    gateway.when(function.name, "PublishVersion", at=range(2, 10), act=lambda _: kill(service, "publish"))
    done = service.run(quick(function)).failed("Tuner.Killed")
    assert "Put the function back after a failure" in done.entered()


@pytest.mark.parametrize(
    ("operation", "action", "at"),
    [
        ("GetFunction", "lambda:GetFunction", 1),
        ("ListVersionsByFunction", "lambda:ListVersionsByFunction", 1),
        ("UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", 1),
        ("PublishVersion", "lambda:PublishVersion", 2),
    ],
)
def test_a_missing_permission_is_named(service, gateway, target, operation, action, at):
    function = target("wait")
    gateway.when(function.name, operation, at=at, act=lambda _: denied(action, function.arn))
    done = service.run(quick(function)).failed("Tuner.Denied")
    assert action in done.cause and function.arn in done.cause


def test_a_missing_permission_to_invoke_is_named(service, gateway, target):
    function = target("wait")
    gateway.when(function.name, "Invoke", act=lambda call: denied("lambda:InvokeFunction", f"{function.arn}:{call.qualifier}"))
    done = service.run(quick(function))
    assert done.status == "FAILED"
    assert "lambda:InvokeFunction" in done.cause and function.arn in done.cause


def test_results_outlive_a_failed_clean_up(service, gateway, target, tmp_path):
    """What could not be deleted is listed, and `tuner restore` deletes it once it may."""
    function = target("wait")
    gateway.when(function.name, "DeleteFunction", act=lambda call: denied("lambda:DeleteFunction", function.arn))
    done = service.run(quick(function)).succeeded()
    [left] = done.document()["leftovers"]
    assert left.startswith(f"versions 1-{len(SIZES)} of {function.arn}") and "lambda:DeleteFunction" in left
    [what_to_do] = done.output["whatToDo"]
    assert "the next execution" in what_to_do and "`tuner restore`" in what_to_do
    gateway.forget(function.name)
    restore(service, gateway, function, tmp_path)


def test_a_function_that_can_not_be_put_back(service, gateway, target, tmp_path):
    """One of two failures that leave the function changed; both say so, and what to do."""
    function = target("wait", MemorySize=640)
    refuse = lambda _: denied("lambda:UpdateFunctionConfiguration", function.arn)  # noqa: E731
    gateway.when(function.name, "UpdateFunctionConfiguration", at=range(2, 1000), act=refuse)
    done = service.run(quick(function)).failed("Tuner.Denied")
    assert function.arn in done.cause and "`tuner restore`" in done.cause and "--" not in done.cause
    assert "lambda:UpdateFunctionConfiguration" in done.cause
    gateway.forget(function.name)
    restore(service, gateway, function, tmp_path)


def test_putting_back_that_fails_itself(service, gateway, target, tmp_path):
    function = target("wait", MemorySize=640)
    gateway.when(function.name, "PublishVersion", at=2, act=lambda _: denied("lambda:PublishVersion", function.arn))
    gateway.when(function.name, "ListVersionsByFunction", at=range(2, 1000), act=lambda _: kill(service, "restore"))
    done = service.run(quick(function)).failed("Tuner.NotRestored")
    assert f"`tuner restore` of the command line puts {function.arn} back" in done.cause and "--" not in done.cause
    assert "lambda:PublishVersion" in done.cause
    gateway.forget(function.name)
    restore(service, gateway, function, tmp_path)


def test_a_second_tuning_while_versions_are_published(service, gateway, target):
    function = target("wait")
    second = []
    gateway.when(function.name, "PublishVersion", at=1, act=lambda _: second.append(service.run(quick(function))))
    service.run(quick(function)).succeeded()
    second[0].failed("Tuner.Marked")
    assert "another tuning" in second[0].cause


def test_a_second_tuning_while_it_is_measured(service, gateway, target):
    """They are apart: neither uses or deletes the versions of the other."""
    function = target("wait")
    second = []
    gateway.when(function.name, "Invoke", at=2, act=lambda _: second.append(service.run(quick(function))))
    first = service.run(quick(function)).succeeded()
    second[0].succeeded()
    assert first.tuning_id != second[0].tuning_id


@pytest.fixture
def behind(target):
    """A function whose alias `live` points to a version that $LATEST has left behind."""
    function = target("wait", MemorySize=3008)
    version = function.functions.publish_version(FunctionName=function.name)["Version"]
    function.functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.update(Timeout=31, Environment={"Variables": {"COLOUR": "a-secret"}})
    function.before = function.seen()
    return function


def to_live(function, **more):
    # The larger size is 23 times as dear: noise decides nothing.
    return quick(function, powerValues=[128, 3008], autoOptimize=True, autoOptimizeAlias="live", **more)


@pytest.mark.parametrize("meant", [{}, {"applyFromLatest": False}, {"applyFromLatest": None}], ids=str)
def test_an_alias_that_would_get_more_than_a_memory_size(service, gateway, behind, meant):
    """The execution ends before anything is measured or changed, and says what differs, without values of variables."""
    kept = set(service.keys("payloads/"))
    done = service.run(to_live(behind, **meant)).failed("Tuner.Alias")
    assert done.entered()[0] == "Read the function" and "Plan" not in done.entered()
    assert gateway.of(behind.name, *MUTATIONS, "CreateAlias", "UpdateAlias", "Invoke") == []
    for word in ("live", "version 1", "COLOUR", "31", "applyFromLatest"):
        assert word in done.cause
    assert "a-secret" not in done.cause
    assert set(service.keys("payloads/")) <= kept


def test_an_alias_that_is_meant_to_get_all_of_latest(service, behind):
    done = service.run(to_live(behind, applyFromLatest=True)).succeeded()
    assert done.output["power"] == 128
    at_alias = behind.functions.get_function(FunctionName=behind.name, Qualifier="live")["Configuration"]
    assert (at_alias["MemorySize"], at_alias["Timeout"]) == (128, 31)
    assert at_alias["Environment"]["Variables"] == {"COLOUR": "a-secret"}
    assert behind.functions.get_alias(FunctionName=behind.name, Name="live")["FunctionVersion"] != "1"
    behind.before = behind.seen()


def test_a_function_that_is_not_there(service):
    done = service.run({"lambdaARN": "nobody"}).failed("Tuner.NotFound")
    assert "nobody" in done.cause


def test_a_function_that_is_deleted_while_it_is_measured(service, gateway, local_lambda):
    """What was measured of it is of no use any more."""
    function = Target(client("lambda", local_lambda), "deleted", FAILING_ECHO)
    gateway.when(function.name, "Invoke", at=15, act=lambda _: function.functions.delete_function(FunctionName=function.name))
    try:
        done = service.run(quick(function, payload="good")).failed("Tuner.NotFound")
    finally:
        gateway.forget(function.name)
    assert f"{function.arn} was deleted" in done.cause


def test_a_first_step_that_is_gone(cloud, gateway, packages):
    """The last word is not that something could not be put back: nothing was changed."""
    name = f"gone-{cloud.engine}"
    broken = deploy(cloud, packages, name, {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint})
    cloud.client("lambda").delete_function(FunctionName=step_name(name, "initialize"))
    done = broken.run({"lambdaARN": "anything"}).failed("Tuner.Setup")
    assert done.cause.startswith("nothing was changed: the Lambda function of the step initialize is not there")
    assert "{" not in done.cause and "NAME" not in done.cause


def test_a_first_step_for_another_processor(cloud, gateway):
    # The header of an executable for RISC-V.
    other = pack({"bootstrap": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00\x01\x00\x00\x00" + bytes(40)})
    packages = {"tuning": other, "review": other}
    broken = deploy(cloud, packages, f"other-{cloud.engine}", {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint})
    done = broken.run({"lambdaARN": "anything"})
    assert done.status == "FAILED"
    assert "nothing was changed" in done.cause and "{" not in done.cause and "\n" not in done.cause
    assert done.error in ("Tuner.Setup", "Tuner.Killed"), done.cause


def test_no_viewer_means_no_link(cloud, gateway, target, packages):
    function = target("wait")
    variables = {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint, "TUNER_VISUALIZATION_URL": ""}
    bare = deploy(cloud, packages, f"bare-{cloud.engine}", variables)
    done = bare.run(quick(function)).succeeded()
    assert done.output["stateMachine"]["visualization"] is None


def test_a_payload_of_plain_text_in_s3_is_sent_as_a_json_text(service, gateway, target):
    function = target(FAILING_ECHO)
    service.cloud.client("s3").put_object(Bucket=service.bucket, Key="payloads/plain.txt", Body=b"plain text, no JSON")
    at = {"payload": None, "payloadS3": f"s3://{service.bucket}/payloads/plain.txt"}
    given = quick(function, **at)
    del given["payload"]
    service.run(given).succeeded()
    assert {call.body for call in gateway.of(function.name, "Invoke")} == {b'"plain text, no JSON"'}
