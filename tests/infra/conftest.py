"""What infra/ and statemachine/ say, checked without running them.

TUNER_ASL_VALIDATOR      asl-validator; without it node_modules beside this file is looked into
TUNER_TERRAFORM_PLUGINS  a folder with Terraform's AWS provider; without it one is looked for on this machine
"""

import json
import os
import re
from pathlib import Path

import pytest

import sam
from terraform import terraform  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]
TUNING_STEPS = ["initialize", "plan", "publish", "sample", "restore", "analyze", "apply", "report"]
REVIEW_STEPS = ["review-list", "review-look", "review-rank", "review-tune", "review-report"]
STEPS = [*TUNING_STEPS, *REVIEW_STEPS]
MACHINES = ["power-tuning", "memory-review"]
ACCOUNT = "123456789012"

# Every optional thing at once, by the names of the Terraform module.
EVERYTHING = {
    "state_machine_name_prefix": "Team_7",
    "lambda_resource": [
        f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-*",
        f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:payments",
    ],
    "log_group_resource": [f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/orders-*"],
    "assumable_role_arns": ["arn:aws:iam::210987654321:role/tuner"],
    "power_values": [256, 512],
    "total_execution_timeout": 900,
    "visualization_url": "",
    "payload_s3_bucket": "payloads",
    "payload_s3_key": "tuner/*",
    "report_bucket": "reports",
    "report_retention_in_days": 0,
    "log_group_retention_in_days": 30,
    "log_level": "DEBUG",
    "waiting_memory_size": 256,
    "state_machine_log_level": "ERROR",
    "state_machine_tracing": True,
    "architecture": "x86_64",
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "security_group_ids": ["sg-1"],
    "memory_review_schedule_state": "ENABLED",
    "memory_review_schedule": "cron(30 7 ? * MON#1 *)",
    "memory_review_timezone": "Europe/Dublin",
    "memory_review_regions": ["eu-west-1", "us-gov-east-1"],
    "memory_review_days": 7,
    "memory_review_budget_usd": 2.5,
    "memory_review_tune": 3,
    "memory_review_payloads": "s3://payloads/tuner/registry.json",
    "memory_review_email": "team@example.org",
    "memory_review_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:reviews",
}


def camel(step):
    """What begins the names of a step in the SAM template and in the state machines' placeholders."""
    return "".join(word.capitalize() for word in step.split("-"))


def sam_names():
    """The parameter of the SAM template for a variable of the Terraform module."""
    return {name.lower(): name for name in sam.template()["Parameters"]}


def for_sam(variables):
    names = sam_names()
    return {names[name.replace("_", "")]: written(value) for name, value in variables.items()}


def written(value):
    """As CloudFormation writes it, which has no true and false."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value) if isinstance(value, bool) else value


def defined(name):
    """A state machine as it is in the repository, with its placeholders."""
    return json.loads((ROOT / f"statemachine/{name}.asl.json").read_text())


@pytest.fixture(scope="session", params=MACHINES)
def name(request):
    return request.param


@pytest.fixture(scope="session")
def machine(name):
    """Each of the state machines."""
    return defined(name)


@pytest.fixture(scope="session")
def tuning():
    return defined("power-tuning")


@pytest.fixture(scope="session")
def review():
    return defined("memory-review")


@pytest.fixture(scope="session")
def filled(name, tmp_path_factory):
    """Each of them with its placeholders filled, in a file."""
    text = (ROOT / f"statemachine/{name}.asl.json").read_text()
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:step"
    text = re.sub(r"\$\{(\w+)\}", lambda m: "aws" if m[1] == "Partition" else arn, text)
    path = tmp_path_factory.mktemp("statemachine") / f"{name}.asl.json"
    path.write_text(text)
    return path


@pytest.fixture(scope="session")
def asl_validator():
    given = os.environ.get("TUNER_ASL_VALIDATOR")
    path = Path(given) if given else Path(__file__).parent / "node_modules/.bin/asl-validator"
    if not given and not path.exists():
        pytest.skip("there is no asl-validator: npm ci --prefix tests/infra")
    return path


@pytest.fixture(scope="session")
def default_plan(terraform):  # noqa: F811
    return terraform.plan({})


@pytest.fixture(scope="session")
def full_plan(terraform):  # noqa: F811
    return terraform.plan(EVERYTHING)
