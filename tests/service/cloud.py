"""Clients of the emulated cloud, and the service deployed to it without Terraform: quick, and the same state machine and
Lambdas."""

import contextlib
import dataclasses
import io
import json
import platform
import re
import uuid
import zipfile
from pathlib import Path

import boto3
import jsonschema
from botocore.config import Config
from servers import until

ROOT = Path(__file__).parent.parent.parent
STATE_MACHINE = ROOT / "statemachine"
OUTPUT_SCHEMA = json.loads((STATE_MACHINE / "power-tuning.output.schema.json").read_text())
# Of this machine, where the emulators run everything.
ARCHITECTURE = platform.machine().replace("aarch64", "arm64")
REGION = "us-east-1"
ACCOUNT = "000000000000"
STEPS = ["initialize", "publish", "plan", "sample", "restore", "analyze", "apply", "report"]
DEFAULT_SIZES = [128, 256, 512, 1024, 1536, 3008]


def client(service, endpoint, account=ACCOUNT, secret="test"):
    """A 12-digit access key is an account of its own in MiniStack."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120, s3={"addressing_style": "path"}),
    )


@dataclasses.dataclass
class Cloud:
    """Where an engine's state machines run, and where everything else is."""

    engine: str
    backend: str
    engine_endpoint: str
    account: str = ACCOUNT

    def client(self, service):
        endpoint = self.engine_endpoint if service == "stepfunctions" else self.backend
        return client(service, endpoint, self.account)

    @property
    def environment(self):
        """How a program, the command line for one, finds this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.backend,
            "AWS_ENDPOINT_URL_SFN": self.engine_endpoint,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }


def cloud_with_iam(endpoint):
    """A MiniStack that enforces IAM, as its administrator."""
    return Cloud("ministack", endpoint, endpoint, account="test")


@contextlib.contextmanager
def role_of_targets(cloud):
    """The role of functions under test, which must exist where IAM is enforced."""
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="target", AssumeRolePolicyDocument=policy)
    yield
    iam.delete_role(RoleName="target")


def definition(machine, arns):
    """A state machine as it ships, with its placeholders filled."""
    text = (STATE_MACHINE / f"{machine}.asl.json").read_text()
    values = {"Partition": "aws"} | {f"{step.title().replace('-', '')}Arn": arn for step, arn in arns.items()}
    return re.sub(r"\$\{(\w+)\}", lambda placeholder: values[placeholder[1]], text)


class Deployed:
    """The service as somebody has deployed it."""

    def __init__(self, cloud, arn, bucket):
        self.cloud, self.arn, self.bucket = cloud, arn, bucket

    @property
    def name(self):
        return self.arn.rsplit(":", 1)[1]

    def start(self, execution_input):
        text = execution_input if isinstance(execution_input, str) else json.dumps(execution_input)
        # AWS gives an execution a name of its own; moto calls each `None`.
        started = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=self.arn, name=str(uuid.uuid4()), input=text
        )
        return Execution(self, started["executionArn"])

    def run(self, execution_input, seconds=300):
        """One whole execution."""
        return self.start(execution_input).ended(seconds)

    def object(self, key):
        return self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix=""):
        pages = self.cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def deploy(cloud, packages, name, variables, timeout=900):
    """Deploys the service without Terraform, in a second."""
    bucket = f"{name}-reports"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    for kind, package in packages.items():
        s3.put_object(Bucket=bucket, Key=f"{kind}.zip", Body=package)
    arns = deploy_steps(cloud, STEPS, name, bucket, variables, timeout)
    return Deployed(cloud, deploy_machine(cloud, name, definition("power-tuning", arns)), bucket)


def deploy_steps(cloud, steps, name, bucket, variables, timeout=900):
    """The Lambda functions of these steps, by the packages in the bucket; their ARNs."""
    functions, arns = cloud.client("lambda"), {}
    for step in steps:
        made = functions.create_function(
            FunctionName=step_name(name, step),
            Runtime="provided.al2023",
            Handler=step,
            Role=f"arn:aws:iam::{cloud.account}:role/{step}",
            Code={"S3Bucket": bucket, "S3Key": "review.zip" if step.startswith("review-") else "tuning.zip"},
            MemorySize=512,
            Timeout=timeout,
            Environment={
                "Variables": {
                    "TUNER_STORE": f"s3://{bucket}",
                    "TUNER_DEFAULT_MEMORY_SIZES": ",".join(map(str, DEFAULT_SIZES)),
                    "TUNER_VISUALIZATION_URL": "https://lambda-power-tuning.show/",
                    "AWS_ENDPOINT_URL_SFN": cloud.engine_endpoint,
                    **variables,
                }
            },
        )
        arns[step] = made["FunctionArn"]
    for arn in arns.values():
        state = lambda arn=arn: functions.get_function(FunctionName=arn)["Configuration"]["State"]
        until(lambda state=state: state() == "Active", f"{arn} becomes active")
    return arns


def deploy_machine(cloud, name, text):
    role = f"arn:aws:iam::{cloud.account}:role/states"
    machine = cloud.client("stepfunctions").create_state_machine(name=name, definition=text, roleArn=role)
    return machine["stateMachineArn"]


def step_name(service, step):
    return f"{service}-{step}"


# What travels from state to state stays under 32 KiB, an eighth of what Step Functions takes; and a history has less than
# 2,000 events, of the 25,000 that it takes.
LARGEST_STATE = 32 * 1024
LONGEST_HISTORY = 2000


class Execution:
    """An execution of the state machine."""

    def __init__(self, service, arn):
        self.service, self.arn = service, arn
        self.states = service.cloud.client("stepfunctions")
        self.described = {}

    def ended(self, seconds=300):
        """Waits until it is over, and looks whether it kept within bounds."""

        def over():
            self.described = self.states.describe_execution(executionArn=self.arn)
            return self.described["status"] != "RUNNING"

        until(over, lambda: f"{self.arn} ends; it is at {self.entered()[-1:]}", seconds, every=0.05)
        assert len(self.history()) < LONGEST_HISTORY
        assert self.largest_state() < LARGEST_STATE
        return self

    def stop(self, **why):
        self.states.stop_execution(executionArn=self.arn, **why)

    @property
    def status(self):
        return self.described["status"]

    @property
    def error(self):
        return self.described.get("error")

    @property
    def cause(self):
        return self.described.get("cause")

    @property
    def output(self):
        return json.loads(self.described["output"])

    def history(self):
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        return [event for page in pages for event in page["events"]]

    def details(self, kind):
        """What events of this kind, such as `stateEntered`, say."""
        return [event[f"{kind}EventDetails"] for event in self.history() if f"{kind}EventDetails" in event]

    def entered(self):
        """The names of the states entered, in order."""
        return [details["name"] for details in self.details("stateEntered")]

    def transitions(self):
        """What Step Functions bills: every entry into a state and every retry.

        Source: "a state transition is counted each time a step of your workflow is executed, including retries".
        """
        retries = sum(event["type"] == "TaskScheduled" for event in self.history())
        tasks = sum(event["type"] == "TaskStateEntered" for event in self.history())
        return len(self.entered()) + max(0, retries - tasks)

    def largest_state(self):
        """Bytes of the largest input or output of a state, after that of the execution itself, which is the user's."""
        texts = [details.get("input", "") for details in self.details("stateEntered")[1:]]
        texts += [details.get("output", "") for details in self.details("stateExited")]
        return max((len(text.encode()) for text in texts), default=0)

    @property
    def tuning_id(self):
        for details in self.details("stateExited"):
            if found := json.loads(details.get("output", "{}")).get("tuning_id"):
                return found
        raise AssertionError(f"{self.arn} names no tuning")

    @property
    def folder(self):
        return f"tunings/{self.tuning_id}/"

    def document(self):
        return json.loads(self.service.object(self.folder + "tuning.json"))

    def files(self):
        return {key.removeprefix(self.folder) for key in self.service.keys(self.folder)}

    def records(self):
        """The records in the store, by memory size."""
        found = {}
        for key in self.service.keys(self.folder + "records/"):
            for line in self.service.object(key).splitlines():
                record = json.loads(line)
                found.setdefault(record["memory_size_mb"], []).append(record)
        return found

    def counted(self):
        """The records that count, by memory size: what other programs disturbed here is set aside, and made again."""
        sizes = self.records().items()
        return {size: [record for record in records if not record.get("set_aside")] for size, records in sizes}

    def succeeded(self):
        assert self.status == "SUCCEEDED", f"{self.status} {self.error}: {self.cause}"
        jsonschema.validate(self.output, OUTPUT_SCHEMA)
        return self

    def failed(self, error):
        assert (self.status, self.error) == ("FAILED", error), f"{self.status} {self.error}: {self.cause}"
        assert self.cause and "\n" not in self.cause, self.cause
        return self


def pack(files):
    """A deployment package of `{name: content}`, all executable."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return packed.getvalue()
