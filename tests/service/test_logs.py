"""REPORTs that come from CloudWatch Logs, and logs in other forms."""

import pytest

from cloud import deploy
from gateway import Answer
from logs import Logs


def quick(function, **more):
    return {"lambdaARN": function.arn, "num": 5, "powerValues": [512, 1769], "payload": {"ms": 5}, **more}


def all_measured(done, count=12):
    records = [record for size in done.records().values() for record in size]
    assert sum(map(len, done.counted().values())) == count
    assert all(r["outcome"] == "success" and r["duration_ms"] > 0 for r in records), records
    return records


def test_json_logs(service, target):
    function = target("wait", LoggingConfig={"LogFormat": "JSON"})
    all_measured(service.run(quick(function)).succeeded())


def without_log(call):
    status, headers, body = call.response
    return Answer(status, {k: v for k, v in headers.items() if k.lower() != "x-amz-log-result"}, body)


def test_json_logs_that_hide_the_reports(service, gateway, target):
    """With the system log level WARN there is no REPORT anywhere, and it says what to do.

    Our local Lambda always gives one; what LogResult holds on AWS in this case is not documented.
    """
    function = target("wait", LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    gateway.when(function.name, "Invoke", act=without_log, after=True)
    done = service.run(quick(function)).failed("Tuner.EverySizeFailed")
    assert "unmeasured" in done.cause
    assert any("raise it to INFO" in warning for warning in done.document()["warnings"])


@pytest.mark.parametrize(("log_format", "group"), [("Text", "/custom/group"), ("JSON", None)])
def test_reports_from_the_log_group(service, cloud, gateway, target, log_format, group):
    """LogResult has none, as when an extension swallowed it."""
    function = target("wait", LoggingConfig={"LogFormat": log_format} | ({"LogGroup": group} if group else {}))
    logs = Logs(gateway, cloud.backend, function.name, group)
    all_measured(service.run(quick(function)).succeeded())
    assert logs.asynchronous == 0


def test_a_log_group_that_is_not_there(service, gateway, target):
    """Invocations without a REPORT are unmeasured, not of zero duration."""
    function = target("wait")
    gateway.when(function.name, "Invoke", act=without_log, after=True)
    # Once, since it looks into the log for a quarter of a minute.
    done = service.run(quick(function, powerValues=[512], dryRun=True)).failed("Tuner.EverySizeFailed")
    assert "unmeasured" in done.cause
    assert "duration_ms" not in done.records()[512][0]


@pytest.fixture(scope="module")
def short_service(cloud, gateway, packages):
    """Its steps have 12 s, as if a function of a minute were one of an hour."""
    variables = {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint}
    return deploy(cloud, packages, f"short-{cloud.engine}", variables, timeout=12)


def test_functions_that_take_longer_than_a_step(short_service, cloud, gateway, target):
    function = target("wait", Timeout=60)
    logs = Logs(gateway, cloud.backend, function.name)
    done = short_service.run(quick(function, payload={"ms": 300})).succeeded()
    records = all_measured(done)
    assert logs.asynchronous == len(records) >= 12
    # Noise makes a wait longer, and never shorter.
    assert min(record["duration_ms"] for record in records) == pytest.approx(300, rel=0.2)
    assert all(record["duration_ms"] >= 300 for record in records)
    # Lambda must not repeat one that failed: it would be paid for and not be seen.
    assert logs.without_repetitions == {"1", "2"}


def test_a_function_in_the_emulator_itself(service, cloud, gateway, target_in):
    """MiniStack's LogResult has no REPORT at all; its log group has one."""
    function = target_in(cloud.backend, "wait")
    gateway.route(function.name, cloud.backend)
    all_measured(service.run(quick(function, payload={"ms": 50})).succeeded())
