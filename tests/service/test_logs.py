"""REPORTs that come from CloudWatch Logs, and logs in other forms."""

import pytest

from cloud import deploy
from logs import Logs


def quick(function, **more):
    return {"lambdaARN": function.arn, "num": 5, "powerValues": [512, 1769], "payload": {"ms": 5}, **more}


def all_measured(done, count=12):
    records = [record for size in done.records().values() for record in size]
    assert len(records) == count
    assert all(r["outcome"] == "success" and r["duration_ms"] > 0 for r in records), records
    return records


def test_json_logs(service, target):
    function = target("wait", LoggingConfig={"LogFormat": "JSON"})
    all_measured(service.run(quick(function)).succeeded())


def test_json_logs_that_hide_the_reports(service, target):
    """With the system log level WARN nothing can be measured, and it says what to do."""
    function = target("wait", LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    done = service.run(quick(function)).failed("Tuner.EverySizeFailed")
    assert "INFO" in done.cause


@pytest.mark.parametrize("group", [None, "/custom/group"], ids=["own group", "custom group"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_reports_from_the_log_group(service, cloud, gateway, target, group, log_format):
    """LogResult has none, as when an extension swallowed it."""
    name = f"{group}/{cloud.engine}/{log_format}" if group else None
    logging = {"LogFormat": log_format} | ({"LogGroup": name} if name else {})
    function = target("wait", LoggingConfig=logging)
    logs = Logs(gateway, cloud.backend, function.name, name)
    all_measured(service.run(quick(function)).succeeded())
    assert logs.asynchronous == 0


def test_a_log_group_that_is_not_there(service, gateway, target):
    """Samples without a REPORT are unmeasured, not zero."""
    from gateway import Answer

    def strip(call):
        status, headers, body = call.response
        return Answer(status, {k: v for k, v in headers.items() if k.lower() != "x-amz-log-result"}, body)

    function = target("wait")
    gateway.when(function.name, "Invoke", act=strip, after=True)
    done = service.run(quick(function)).failed("Tuner.EverySizeFailed")
    assert "REPORT" in done.cause


@pytest.fixture(scope="module")
def short_service(cloud, gateway, lambdas_zip):
    """Its steps have 20 s, which is to a function of a minute what 15 minutes are to one of a quarter of an hour."""
    variables = {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint}
    return deploy(cloud, lambdas_zip, f"short-{cloud.engine}", variables, timeout=20)


def test_functions_that_take_longer_than_a_step(short_service, cloud, gateway, target):
    function = target("wait", Timeout=60)
    logs = Logs(gateway, cloud.backend, function.name)
    done = short_service.run(quick(function, payload={"ms": 300})).succeeded()
    records = all_measured(done)
    assert logs.asynchronous == 12
    assert all(record["duration_ms"] == pytest.approx(300, rel=0.2) for record in records)
    # Lambda must not repeat one that failed: it would be paid for and not be seen.
    assert len(gateway.of(function.name, "PutFunctionEventInvokeConfig")) == 2


def test_a_function_in_the_emulator_itself(service, cloud, gateway, target_in):
    """MiniStack's LogResult has no REPORT at all; its log group has one."""
    function = target_in(cloud.backend, "wait")
    gateway.route(function.name, cloud.backend)
    all_measured(service.run(quick(function, payload={"ms": 50})).succeeded())
