"""What the other tests stand on."""

import base64
import json
import re

from cloud import client, pack
from gateway import THROTTLED
from servers import until
from targets import FAILING_ECHO


def test_gateway_passes_calls_on_and_breaks_them(gateway, target):
    function = target("hash", MemorySize=1769)
    through = client("lambda", gateway.endpoint)
    answer = through.invoke(FunctionName=function.arn, Payload=b'{"blocks": 10}', LogType="Tail")
    assert "hash" in json.load(answer["Payload"])
    assert re.search(r"REPORT RequestId: .*\tDuration: [\d.]+ ms\t", base64.b64decode(answer["LogResult"]).decode())
    gateway.when(function.name, "Invoke", at=2, act=lambda _: THROTTLED)
    through.invoke(FunctionName=function.arn, Payload=b'{"blocks": 10}')
    try:
        through.invoke(FunctionName=function.arn, Payload=b'{"blocks": 10}')
    except through.exceptions.TooManyRequestsException:
        pass
    through.get_function(FunctionName=function.name)
    assert [c.operation for c in gateway.of(function.name)] == ["GetFunction"]
    assert [c.status for c in gateway.of(function.name, "Invoke")] == [200, 200, 429]


def test_machines_run_on_both_engines(cloud):
    """A Map over a Lambda function, one item of which fails, is caught and noted."""
    functions, states = cloud.client("lambda"), cloud.client("stepfunctions")
    name = f"echo-{cloud.engine}"
    arn = functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="echo",
        Role="arn:aws:iam::000000000000:role/echo",
        Code={"ZipFile": pack({"bootstrap": FAILING_ECHO})},
    )["FunctionArn"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": {"id.$": "$$.Execution.Id", "at.$": "$$.Execution.StartTime", "in.$": "$"}},
        "OutputPath": "$.Payload.in",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Note"}],
        "End": True,
    }
    machine = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {"item.$": "$$.Map.Item.Value"},
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Do",
                    "States": {"Do": task, "Note": {"Type": "Pass", "End": True}},
                },
                "ResultPath": "$.done",
                "End": True,
            }
        },
    }
    made = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn="arn:aws:iam::000000000000:role/x")
    run = states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps({"items": ["good", "bad"]}))
    ended = lambda: (d := states.describe_execution(executionArn=run["executionArn"]))["status"] != "RUNNING" and d  # noqa: E731
    described = until(ended, name)
    assert described["status"] == "SUCCEEDED", described
    good, bad = json.loads(described["output"])["done"]
    assert good == {"item": "good"}
    assert bad["item"] == "bad" and bad["error"]["Error"] == "Tuner.Bad"
    assert json.loads(bad["error"]["Cause"])["errorMessage"] == "as asked"


def test_request_id_of_an_invocation_is_that_of_its_log(ministack, target_in):
    function, logs = target_in(ministack, "hash"), client("logs", ministack)
    answer = function.functions.invoke(FunctionName=function.name, InvocationType="Event", Payload=b'{"blocks": 1}')
    request_id = answer["ResponseMetadata"]["RequestId"]

    def logged():
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}", filterPattern=f'"{request_id}"')
            return [event["message"] for event in found["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return None

    assert any(line.startswith("REPORT") for line in until(logged, "the log of an asynchronous invocation"))
