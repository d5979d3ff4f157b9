"""The SAM template that infra/build writes, created by CloudFormation in a MiniStack that enforces IAM (AUTH=true): all of it,
and the service it makes. Packages go up as with `sam deploy`, by `aws cloudformation package`."""

import json
import subprocess
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from cloud import ARCHITECTURE, Deployed, cloud_with_iam, role_of_targets
from reviews import Reviews
from servers import plain_environment, until

STACK = "tuner"
# With these there is no resource whose condition keeps it from being created.
EVERYTHING = ["memoryReviewEmail=team@example.org", "stateMachineLogLevel=ERROR", "payloadS3Bucket=packages"]


@pytest.fixture(scope="module")
def endpoint(ministacks):
    with ministacks("ministack-with-iam-for-sam", AUTH="true") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def template(packages_folder):
    return packages_folder / f"sam-{ARCHITECTURE}.yaml"


class Stacks:
    """CloudFormation by the AWS CLI, as infra/README.md says it."""

    def __init__(self, endpoint, place):
        self.cloud, self.place = cloud_with_iam(endpoint), place
        self.environment = {**plain_environment(place), **self.cloud.environment}
        self.client = self.cloud.client("cloudformation")

    def aws(self, *arguments):
        return subprocess.run(["aws", "cloudformation", *arguments], env=self.environment, capture_output=True, text=True)

    def deploy(self, template: Path, *parameters):
        packaged = self.place / "packaged.yaml"
        done = self.aws(
            "package", "--template-file", template, "--s3-bucket", "packages", "--output-template-file", packaged
        )
        assert done.returncode == 0, done.stderr
        overrides = ["--parameter-overrides", *parameters] if parameters else []
        more = ["--s3-bucket", "packages", "--stack-name", STACK, "--capabilities", "CAPABILITY_IAM", *overrides]
        return self.aws("deploy", "--template-file", packaged, *more)

    def outputs(self):
        (stack,) = self.client.describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def resources(self):
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=STACK)
        return [resource for page in pages for resource in page["StackResourceSummaries"]]

    def status(self):
        stacks = self.client.list_stacks()["StackSummaries"]
        return next((stack["StackStatus"] for stack in stacks if stack["StackName"] == STACK), None)


@pytest.fixture(scope="module")
def stacks(endpoint, place, template):
    """The template deployed, and deleted at the end of this file's tests."""
    directory = place / "sam"
    directory.mkdir()
    stacks = Stacks(endpoint, directory)
    stacks.cloud.client("s3").create_bucket(Bucket="packages")
    done = stacks.deploy(template, *EVERYTHING)
    assert done.returncode == 0, done.stderr
    yield stacks
    s3, bucket = stacks.cloud.client("s3"), stacks.outputs()["reportBucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
    stacks.client.delete_stack(StackName=STACK)
    until(lambda: stacks.status() == "DELETE_COMPLETE", lambda: f"the stack is deleted; it is {stacks.status()}")
    cloud = stacks.cloud
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["packages"]
    assert cloud.client("scheduler").list_schedules()["Schedules"] == []
    assert cloud.client("sns").list_topics()["Topics"] == []
    assert cloud.client("iam").list_roles()["Roles"] == []
    for prefix in ("/aws/lambda/tuner-", "/aws/vendedlogs/"):
        assert cloud.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"] == []


@pytest.fixture
def target(stacks, endpoint, target_in):
    """A function in the emulator itself, with a role that exists."""
    with role_of_targets(stacks.cloud):
        yield lambda example, **settings: target_in(endpoint, example, **settings)


def test_all_of_the_template_is_created(stacks, template):
    made = {resource["LogicalResourceId"]: resource["ResourceStatus"] for resource in stacks.resources()}
    assert set(made) == set(yaml_parse(template.read_text())["Resources"])
    assert set(made.values()) == {"CREATE_COMPLETE"}, made
    functions = stacks.cloud.client("lambda").list_functions()["Functions"]
    assert {tuple(function["Architectures"]) for function in functions} == {(ARCHITECTURE,)}
    assert len(functions) == 13


def test_outputs_say_where_it_is(stacks):
    outputs = stacks.outputs()
    machines = stacks.cloud.client("stepfunctions").list_state_machines()["stateMachines"]
    arns = {machine["name"]: machine["stateMachineArn"] for machine in machines}
    assert outputs["StateMachineARN"] == outputs["stateMachineArn"] == arns["tuner-power-tuning"]
    assert outputs["memoryReviewArn"] == arns["tuner-memory-review"]


def test_another_architecture_than_that_of_the_packages_is_refused(stacks, template):
    other = {"x86_64": "arm64", "arm64": "x86_64"}[ARCHITECTURE]
    done = stacks.deploy(template, f"architecture={other}")
    assert done.returncode != 0
    assert "architecture" in done.stderr and ARCHITECTURE in done.stderr, done.stderr


def test_a_tuning_with_the_permissions_that_it_has(stacks, target):
    function = target("wait", MemorySize=1024)
    outputs = stacks.outputs()
    service = Deployed(stacks.cloud, outputs["StateMachineARN"], outputs["reportBucket"])
    done = service.run({"lambdaARN": function.arn, "num": 5, "powerValues": [128, 3008], "payload": {"ms": 20}})
    done.succeeded()
    assert done.output["power"] == 128 and done.document()["leftovers"] == []


def test_a_review_with_the_permissions_that_it_has(stacks, target):
    function = target("wait", MemorySize=1024)
    for _ in range(3):
        function.functions.invoke(FunctionName=function.name, Payload=b'{"ms": 5}')
    schedule = stacks.cloud.client("scheduler").get_schedule(Name="tuner-memory-review")
    outputs = stacks.outputs()
    reviews = Reviews(stacks.cloud, outputs["memoryReviewArn"], outputs["reportBucket"])
    done = reviews.run(json.loads(schedule["Target"]["Input"])).succeeded()
    assert function.name in done.functions()
    assert "Tell" in done.entered() and "notTold" not in done.output, done.output
