"""boto3, unchanged, against the local Lambda."""

import base64
import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError


def updated(lambda_client, function, **changes):
    lambda_client.update_function_configuration(FunctionName=function, **changes)
    lambda_client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.02})


def published(lambda_client, function, **request):
    version = lambda_client.publish_version(FunctionName=function, **request)
    lambda_client.get_waiter("published_version_active").wait(
        FunctionName=function, Qualifier=version["Version"], WaiterConfig={"Delay": 0.02}
    )
    return version


def refused(code):
    return pytest.raises(ClientError, match=code)


def test_invoke(lambda_client, function):
    answer = lambda_client.invoke(FunctionName=function, Payload=b'{"a": 1}', LogType="Tail")
    payload = json.load(answer["Payload"])
    assert payload["event"] == {"a": 1}
    assert (payload["memory_mb"], payload["version"], payload["colour"]) == (1024, "$LATEST", "green")
    assert payload["arn"].endswith(f":function:{function}")
    assert payload["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    report = base64.b64decode(answer["LogResult"]).decode().strip().splitlines()[-1]
    assert re.match(rf"REPORT RequestId: {payload['request_id']}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t", report)
    failed = lambda_client.invoke(FunctionName=function, Payload=b'{"error": "as asked"}')
    assert failed["FunctionError"] == "Unhandled"
    assert json.load(failed["Payload"])["errorMessage"] == "as asked"


def test_invoke_without_waiting_for_an_answer(lambda_client, function):
    assert lambda_client.invoke(FunctionName=function, InvocationType="Event")["StatusCode"] == 202
    assert lambda_client.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204


def test_invoke_refuses_bad_payloads(lambda_client, function):
    with pytest.raises(lambda_client.exceptions.InvalidRequestContentException, match="Could not parse request body"):
        lambda_client.invoke(FunctionName=function, Payload=b"{")
    with pytest.raises(lambda_client.exceptions.RequestTooLargeException, match="smaller than 6291456 bytes"):
        lambda_client.invoke(FunctionName=function, Payload=b'"' + b"x" * 6_291_456 + b'"')


def test_tuning_by_hand_leaves_nothing_behind(lambda_client, function):
    before = lambda_client.get_function_configuration(FunctionName=function)
    revision = before["RevisionId"]
    sizes = [128, 256, 512]
    for size in sizes:
        lambda_client.update_function_configuration(FunctionName=function, MemorySize=size, RevisionId=revision)
        with pytest.raises(lambda_client.exceptions.ResourceConflictException, match="An update is in progress"):
            lambda_client.publish_version(FunctionName=function)
        lambda_client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.02})
        current = lambda_client.get_function(FunctionName=function)["Configuration"]
        version = published(lambda_client, function, RevisionId=current["RevisionId"])
        assert version["MemorySize"] == size
        revision = lambda_client.get_function(FunctionName=function)["Configuration"]["RevisionId"]
    updated(lambda_client, function, MemorySize=before["MemorySize"], RevisionId=revision)
    for number, size in enumerate(sizes, 1):
        answer = lambda_client.invoke(FunctionName=f"{before['FunctionArn']}:{number}")
        assert (answer["ExecutedVersion"], json.load(answer["Payload"])["memory_mb"]) == (str(number), size)
        lambda_client.delete_function(FunctionName=function, Qualifier=str(number))
    after = lambda_client.get_function_configuration(FunctionName=function)
    changing = {"RevisionId", "LastModified", "ResponseMetadata"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert [v["Version"] for v in lambda_client.list_versions_by_function(FunctionName=function)["Versions"]] == ["$LATEST"]


def test_a_stale_revision_is_refused(lambda_client, function, package):
    stale = lambda_client.get_function(FunctionName=function)["Configuration"]["RevisionId"]
    lambda_client.update_function_code(FunctionName=function, ZipFile=package)
    lambda_client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.02})
    with pytest.raises(lambda_client.exceptions.PreconditionFailedException):
        lambda_client.update_function_configuration(FunctionName=function, MemorySize=256, RevisionId=stale)
    with pytest.raises(lambda_client.exceptions.PreconditionFailedException):
        lambda_client.publish_version(FunctionName=function, RevisionId=stale)


def test_publishing_what_is_published_already(lambda_client, function):
    first = published(lambda_client, function, Description="one")
    again = lambda_client.publish_version(FunctionName=function, CodeSha256=first["CodeSha256"])
    assert (again["Version"], again["Description"]) == ("1", "one")
    with refused("InvalidParameterValueException"):
        lambda_client.publish_version(FunctionName=function, CodeSha256="other")


def test_limits(lambda_client, function):
    for change, code in [
        ({"MemorySize": 10241}, "InvalidParameterValueException"),
        ({"MemorySize": 40000}, "ValidationException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"Description": "x" * 257}, "ValidationException"),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException"),
    ]:
        with refused(code):
            lambda_client.update_function_configuration(FunctionName=function, **change)


def test_aliases(lambda_client, function):
    published(lambda_client, function)
    updated(lambda_client, function, MemorySize=256)
    published(lambda_client, function)
    alias = lambda_client.create_alias(FunctionName=function, Name="live", FunctionVersion="1", Description="d")
    assert alias["AliasArn"].endswith(f":{function}:live")
    with pytest.raises(lambda_client.exceptions.ResourceConflictException, match="live"):
        lambda_client.delete_function(FunctionName=function, Qualifier="1")
    with pytest.raises(lambda_client.exceptions.PreconditionFailedException):
        lambda_client.update_alias(FunctionName=function, Name="live", FunctionVersion="2", RevisionId="stale")
    lambda_client.update_alias(
        FunctionName=function,
        Name="live",
        RevisionId=alias["RevisionId"],
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    ran = [lambda_client.invoke(FunctionName=function, Qualifier="live")["ExecutedVersion"] for _ in range(4)]
    assert sorted(ran) == ["1", "1", "2", "2"]
    shown = lambda_client.get_alias(FunctionName=function, Name="live")
    assert shown["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    assert [a["Name"] for a in lambda_client.list_aliases(FunctionName=function)["Aliases"]] == ["live"]
    lambda_client.delete_alias(FunctionName=function, Name="live")
    with pytest.raises(lambda_client.exceptions.ResourceNotFoundException, match="Cannot find alias arn"):
        lambda_client.get_alias(FunctionName=function, Name="live")


def test_logs_of_two_versions_behind_an_alias(lambda_client, function, endpoint):
    published(lambda_client, function)
    updated(lambda_client, function, MemorySize=256)
    published(lambda_client, function)
    lambda_client.create_alias(
        FunctionName=function,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}},
    )
    ran = {"1": [], "2": []}
    for _ in range(20):
        answer = lambda_client.invoke(FunctionName=function, Qualifier="live")
        ran[answer["ExecutedVersion"]].append(answer["ResponseMetadata"]["RequestId"])
    assert (len(ran["1"]), len(ran["2"])) == (16, 4)
    logs = boto3.client(
        "logs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    group = f"/aws/lambda/{function}"
    streams = [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/\[[12]\][0-9a-f]{32}", stream) for stream in streams), streams
    days = {stream[:11] for stream in streams}
    for version, requests in ran.items():
        found = [
            event
            for day in days
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group,
                logStreamNamePrefix=f"{day}[{version}]",
                filterPattern='"REPORT RequestId"',
                PaginationConfig={"PageSize": 3},
            )
            for event in page["events"]
        ]
        assert [re.search(r"RequestId: (\S+)", event["message"])[1] for event in found] == requests
        size = {"1": 1024, "2": 256}[version]
        assert all(f"Memory Size: {size} MB" in event["message"] for event in found)
        assert all(f"[{version}]" in event["logStreamName"] for event in found)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="/aws/lambda/none")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="regular expressions"):
        logs.filter_log_events(logGroupName=group, filterPattern="%x%")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=group, logStreamNames=streams[:1], logStreamNamePrefix="2")
    with refused("UnknownOperation"):
        logs.delete_log_group(logGroupName=group)


def test_pages(lambda_client, function):
    for size in range(129, 134):
        updated(lambda_client, function, MemorySize=size)
        lambda_client.publish_version(FunctionName=function)
    pages = lambda_client.get_paginator("list_versions_by_function").paginate(
        FunctionName=function, PaginationConfig={"PageSize": 2}
    )
    sizes = [[version["Version"] for version in page["Versions"]] for page in pages]
    assert sizes == [["$LATEST", "1"], ["2", "3"], ["4", "5"]]
    everything = lambda_client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    mine = [f["Version"] for page in everything for f in page["Functions"] if f["FunctionName"] == function]
    assert mine == ["$LATEST", "1", "2", "3", "4", "5"]


def test_concurrency_and_settings(lambda_client, function):
    lambda_client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(lambda_client.exceptions.TooManyRequestsException) as caught:
        lambda_client.invoke(FunctionName=function)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert lambda_client.get_function(FunctionName=function)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    lambda_client.delete_function_concurrency(FunctionName=function)
    assert lambda_client.invoke(FunctionName=function)["StatusCode"] == 200
    assert lambda_client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] >= 1


def test_tags(lambda_client, function):
    arn = lambda_client.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    lambda_client.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    lambda_client.untag_resource(Resource=arn, TagKeys=["a"])
    assert lambda_client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert lambda_client.get_function(FunctionName=function)["Tags"] == {"b": "2"}


def test_what_is_not_there(lambda_client):
    for call in [
        lambda: lambda_client.get_function(FunctionName="nobody"),
        lambda: lambda_client.invoke(FunctionName="nobody"),
        lambda: lambda_client.delete_function(FunctionName="nobody"),
    ]:
        with pytest.raises(lambda_client.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:"):
            call()


def test_the_endpoint_from_the_environment(endpoint, function, monkeypatch):
    """As a user would point any program at it."""
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("lambda").get_function(FunctionName=function)["Configuration"]["State"] == "Active"
