"""infra/smoke, as infra/README.md says to run it: the whole way, against a MiniStack that enforces IAM (AUTH=true)."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from cloud import ARCHITECTURE, ROOT, cloud_with_iam
from servers import plain_environment
from test_terraform import mirror

PREFIX = "tuner-smoke"


def said():
    """The lines of the README that run it."""
    readme = (ROOT / "infra/README.md").read_text()
    block = re.search(r"## Try the whole way\n.*?```\n(.*?)```", readme, re.S)[1].splitlines()
    assert block[:2] == ["infra/build", "pip install boto3"], "tests/run has done these"
    return [shlex.split(line) for line in block[2:]]


COMMANDS = said()


@pytest.fixture(scope="module")
def checkout(place, packages_folder):
    """A clone in which infra/build was run."""
    root = place / "checkout"
    shutil.copytree(ROOT / "infra", root / "infra", ignore=shutil.ignore_patterns("dist", ".terraform*"))
    shutil.copytree(ROOT / "statemachine", root / "statemachine")
    shutil.copytree(packages_folder, root / "infra/dist")
    # The template names the state machines from the folder it was built in.
    template = root / f"infra/dist/sam-{ARCHITECTURE}.yaml"
    template.write_text(re.sub(r"(DefinitionUri: )\S*/(statemachine/\S+)", r"\1../../\2", template.read_text()))
    return root


class Smoke:
    def __init__(self, checkout, endpoint):
        self.checkout, self.cloud = checkout, cloud_with_iam(endpoint)
        self.environment = {**plain_environment(checkout), **self.cloud.environment, "TF_IN_AUTOMATION": "1"}
        if plugins := mirror():
            config = checkout / "terraformrc"
            config.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{plugins}" }} }}\n')
            self.environment["TF_CLI_CONFIG_FILE"] = str(config)

    def run(self, command, answer="", **environment):
        return subprocess.run(
            command, cwd=self.checkout, env=self.environment | environment, input=answer, capture_output=True, text=True
        )

    def nothing_is_left(self):
        cloud = self.cloud
        assert cloud.client("lambda").list_functions()["Functions"] == []
        assert cloud.client("stepfunctions").list_state_machines()["stateMachines"] == []
        assert cloud.client("s3").list_buckets()["Buckets"] == []
        assert cloud.client("scheduler").list_schedules()["Schedules"] == []
        assert cloud.client("iam").list_roles()["Roles"] == []
        for prefix in ("/aws/lambda/tuner-smoke", "/aws/vendedlogs/"):
            assert cloud.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"] == []


@pytest.fixture
def smoke(ministacks, checkout, request):
    # An account of its own for each: what is left of one would be the other's.
    with ministacks(f"smoke-{request.node.name.replace('/', '-')}", AUTH="true") as endpoint:
        yield Smoke(checkout, endpoint)


def rows(text):
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")]
    return {row[0].strip(): row[1:] for row in cells[2:]}


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command) for command in COMMANDS])
def test_the_whole_way(smoke, command):
    if command[1] == "terraform" and not shutil.which("terraform"):
        pytest.skip("there is no terraform on PATH: infra/smoke terraform was NOT run")
    done = smoke.run(command, "yes\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"It costs \d+ cents at most", done.stderr), done.stderr
    assert f"{command[1]}, {ARCHITECTURE}, us-east-1, " in done.stdout and "everything worked" in done.stdout
    table = rows(done.stdout)
    assert list(table) == [
        "who am I",
        "deploy",
        "make a function",
        "tune it",
        "read its report",
        "the function is as before",
        "review the region",
        "destroy the function",
        "destroy the deployment",
        "nothing is left",
    ], done.stdout
    assert {row[0] for row in table.values()} == {"ok"}
    for step in ("who am I", "make a function", "tune it", "read its report", "review the region", "destroy the function"):
        assert table[step][2] != "-", f"{step} has no request ID"
    smoke.nothing_is_left()


def test_nothing_is_made_without_a_yes(smoke):
    done = smoke.run(COMMANDS[0], "no\n")
    assert done.returncode == 1 and "nothing was made" in done.stderr
    smoke.nothing_is_left()


def test_what_fails_is_in_the_table_and_all_is_destroyed_all_the_same(smoke):
    """The review's role may do nothing: the tuning works, the review does not, and nothing is left."""
    template = smoke.checkout / f"infra/dist/sam-{ARCHITECTURE}.yaml"
    text = template.read_text()
    template.write_text(text.replace("Handler: review-list", "Handler: review-nothing"))
    try:
        done = smoke.run([*COMMANDS[0], "--yes"])
    finally:
        template.write_text(text)
    assert done.returncode == 1 and "FAILED at review the region" in done.stdout, done.stdout + done.stderr
    table = rows(done.stdout)
    assert table["tune it"][0] == "ok" and table["nothing is left"][0] == "ok"
    assert table["review the region"][0] == "FAILED" and "review-nothing" in table["review the region"][3]
    smoke.nothing_is_left()


def test_what_is_there_already_is_left_alone(smoke):
    logs = smoke.cloud.client("logs")
    logs.create_log_group(logGroupName=f"/aws/lambda/{PREFIX}-function")
    done = smoke.run([*COMMANDS[0], "--yes"])
    assert done.returncode == 1 and "already" in done.stdout
    assert f"aws logs delete-log-group --log-group-name /aws/lambda/{PREFIX}-function" in done.stdout
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{PREFIX}")["logGroups"]
