"""infra/terraform, applied for real to a MiniStack that enforces IAM (AUTH=true), and the service it makes.

Not enforced there: what Step Functions itself calls with the role of the state machine.
"""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud import ARCHITECTURE, ROOT, Deployed, cloud_with_iam, role_of_targets
from reviews import Reviews
from servers import plain_environment

MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
}

module "tuner" {
  source                     = "%(source)s"
  lambda_packages            = "%(packages)s"
  architecture               = "%(architecture)s"
  report_bucket_force_destroy = true
  %(more)s
}

output "memory_review_arn" { value = module.tuner.memory_review_arn }
output "topic_arn" { value = module.tuner.memory_review_topic_arn }
output "state_machine_arn" { value = module.tuner.state_machine_arn }
output "report_bucket" { value = module.tuner.report_bucket }
output "function_arns" { value = module.tuner.function_arns }
"""


def mirror():
    """A directory of provider plugins on this machine, laid out as Terraform's own cache."""
    found = subprocess.run(
        ["find", "/", "-xdev", "-path", "*/registry.terraform.io/*", "-name", "terraform-provider-aws*"],
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return found[0].split("/registry.terraform.io/")[0] if found else None


class Terraform:
    def __init__(self, place, endpoint):
        self.place = place
        self.environment = {**plain_environment(place), "AWS_ENDPOINT_URL": endpoint, "TF_IN_AUTOMATION": "1"}

    def run(self, *arguments, codes=(0,)):
        command = ["terraform", f"-chdir={self.place}", arguments[0], "-no-color", *arguments[1:]]
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert ended.returncode in codes, f"{arguments}: {ended.stdout[-4000:]} {ended.stderr[-4000:]}"
        return ended

    def write(self, **values):
        (self.place / "main.tf").write_text(MODULE % values)


@pytest.fixture(scope="module")
def endpoint(ministacks):
    with ministacks("ministack-with-iam", AUTH="true") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def applied(endpoint, place, packages_folder):
    """The module applied, and destroyed at the end of this file's tests."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on PATH: infra/terraform was NOT applied")
    directory = place / "terraform"
    directory.mkdir()
    terraform = Terraform(directory, endpoint)
    # Relative: Terraform copies what an absolute path names, without the folders beside it.
    source = os.path.relpath(ROOT / "infra" / "terraform", directory)
    more = 'memory_review_email = "team@example.org"'
    terraform.write(source=source, packages=packages_folder, architecture=ARCHITECTURE, more=more)
    plugins = mirror()
    init = terraform.run("init", *([f"-plugin-dir={plugins}"] if plugins else []), codes=(0, 1))
    if init.returncode != 0:
        pytest.skip(f"terraform can't get the AWS provider: infra/terraform was NOT applied ({init.stderr[-300:]})")
    terraform.run("apply", "-auto-approve")
    yield terraform
    terraform.run("destroy", "-auto-approve")
    left = cloud_with_iam(endpoint)
    assert left.client("lambda").list_functions()["Functions"] == []
    assert left.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert left.client("s3").list_buckets()["Buckets"] == []
    assert left.client("scheduler").list_schedules()["Schedules"] == []
    assert left.client("sns").list_topics()["Topics"] == []
    assert [role["RoleName"] for role in left.client("iam").list_roles()["Roles"]] == []
    groups = left.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/tuner-")
    assert groups["logGroups"] == []


@pytest.fixture
def service(applied, endpoint):
    outputs = json.loads(applied.run("output", "-json").stdout)
    return Deployed(cloud_with_iam(endpoint), outputs["state_machine_arn"]["value"], outputs["report_bucket"]["value"])


@pytest.fixture(scope="module")
def role(endpoint):
    with role_of_targets(cloud_with_iam(endpoint)):
        yield


@pytest.fixture
def target(applied, role, endpoint, target_in):
    """A function in the emulator itself."""
    return lambda example, **settings: target_in(endpoint, example, **settings)


def test_a_second_plan_is_empty(applied):
    plan = applied.run("plan", "-detailed-exitcode", codes=(0, 2))
    assert plan.returncode == 0, plan.stdout


def test_the_command_line_finds_what_was_deployed(service, target, tmp_path):
    """By its tag, and with nothing else said."""
    function = target("wait", MemorySize=1024)
    # Far apart in price: noise decides nothing.
    arguments = ["--memory", "128,3008", "--num", "5", "--payload", '{"ms": 20}', "--yes", "--out", tmp_path]
    run = subprocess.run(
        [Path(os.environ["TUNER_BIN"]).resolve(), "run", "--function", function.name, *arguments],
        env={**plain_environment(tmp_path), **service.cloud.environment},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    document = json.loads((tmp_path / "tuning.json").read_text())
    assert document == json.loads(service.object(f"tunings/{document['tuning_id']}/tuning.json"))
    assert document["decision"]["memory_size_mb"] == 128


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"onlyColdStarts": True},
        {"autoOptimize": True, "autoOptimizeAlias": "live"},
        {"payload": {"ms": 20}, "parallelInvocation": True},
    ],
    ids=["plain", "cold starts", "applied", "parallel"],
)
def test_tunings_with_the_permissions_that_they_have(service, target, more):
    function = target("wait", MemorySize=1024)
    done = service.run({"lambdaARN": function.arn, "num": 5, "powerValues": [128, 512], "payload": {"ms": 20}, **more})
    done.succeeded()
    assert done.document()["leftovers"] == []
    if "autoOptimize" in more:
        assert function.configuration()["MemorySize"] == done.output["power"]
        function.before = function.seen()


def test_a_permission_that_is_missing(service, target):
    """Somebody has taken one away from a role: the cause names it, and nothing is left.

    AWS's words name the resource too; MiniStack's do not.
    """
    function = target("wait", MemorySize=1024)
    iam = service.cloud.client("iam")
    role = next(r["RoleName"] for r in iam.list_roles()["Roles"] if "publish" in r["RoleName"])
    policy = iam.get_role_policy(RoleName=role, PolicyName="publish")["PolicyDocument"]
    without = {**policy, "Statement": [s for s in policy["Statement"] if "lambda:PublishVersion" not in s["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName="publish", PolicyDocument=json.dumps(without))
    try:
        done = service.run({"lambdaARN": function.arn, "num": 5, "powerValues": [128, 512]}).failed("Tuner.Denied")
        assert "not authorized to perform: lambda:PublishVersion" in done.cause
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="publish", PolicyDocument=json.dumps(policy))


def test_a_bucket_that_is_not_ours(service, target):
    """Not even the state of a tuning can be kept: the first cause is said, since nothing was touched."""
    function = target("wait")
    s3 = service.cloud.client("s3")
    policy = s3.get_bucket_policy(Bucket=service.bucket)["Policy"]
    closed = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{service.bucket}/*"}
    s3.put_bucket_policy(Bucket=service.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [closed]}))
    try:
        done = service.run({"lambdaARN": function.arn}).failed("Tuner.Store")
        assert "s3:PutObject" in done.cause and service.bucket in done.cause
    finally:
        s3.put_bucket_policy(Bucket=service.bucket, Policy=policy)


@pytest.fixture
def reviews(applied, endpoint):
    outputs = json.loads(applied.run("output", "-json").stdout)
    return Reviews(cloud_with_iam(endpoint), outputs["memory_review_arn"]["value"], outputs["report_bucket"]["value"])


def test_the_schedule_is_off_and_what_it_begins_works(applied, service, reviews, target):
    """What the schedule would begin, begun by hand: with the permissions that the roles have, and the input it has."""
    cloud = service.cloud
    schedule = cloud.client("scheduler").get_schedule(Name="tuner-memory-review")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("DISABLED", "cron(0 6 1 * ? *)")
    assert schedule["Target"]["Arn"] == reviews.arn
    topic = json.loads(applied.run("output", "-json").stdout)["topic_arn"]["value"]
    queue_arn = f"arn:aws:sqs:us-east-1:{topic.split(':')[4]}:told"
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queue = cloud.client("sqs").create_queue(QueueName="told", Attributes={"Policy": policy})["QueueUrl"]
    subscribed = cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True)
    function = target("wait", MemorySize=1024)
    for _ in range(3):
        function.functions.invoke(FunctionName=function.name, Payload=b'{"ms": 5}')

    done = reviews.run(json.loads(schedule["Target"]["Input"])).succeeded()

    # MiniStack itself logs and counts what it invokes: the function under test, and the steps of the service.
    rows = done.functions()
    assert function.name in rows and "tuner-review-look" in rows
    row = rows[function.name]
    assert row["function"]["memory_size_mb"] == 1024
    denied = [gap["text"] for r in rows.values() for gap in r["evidence"].get("gaps", []) if gap["why"] == "no_access"]
    assert denied == []
    assert not [w for w in done.output["warnings"] if "not authorized" in w and "compute-optimizer" not in w], done.output["warnings"]
    assert "Tell" in done.entered() and "notTold" not in done.output, done.output
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert done.output["report"]["html"] in json.loads(message["Body"])["Message"]
    cloud.client("sns").unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    cloud.client("sqs").delete_queue(QueueUrl=queue)


def test_a_review_tunes_with_the_permissions_that_it_has(service, reviews, target):
    """The tag registers the function; another one, which has none, is not invoked."""
    function, other = target("wait", MemorySize=2048, Tags={"tuner:payload": "empty"}), target("wait", MemorySize=2048)
    invoke = lambda one: one.functions.invoke(FunctionName=one.name, Payload=b"{}")  # noqa: E731
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(invoke, [function, other] * 60))
    logs = service.cloud.client("logs")
    said = lambda: len(logs.filter_log_events(logGroupName=f"/aws/lambda/{other.name}", filterPattern="START")["events"])  # noqa: E731
    before = said()
    done = reviews.run({"tune": 5}, 240).succeeded()
    assert done.output["tuned"] == {"measured": 1, "failed": 0}, done.functions()[function.name]
    assert "tuned" in done.functions()[function.name] and "tuned" not in done.functions()[other.name]
    assert said() == before
