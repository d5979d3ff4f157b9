"""The AWS CLI, unchanged, against the local Lambda."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CREDENTIALS, REGION, ROLE


@pytest.fixture
def aws(endpoint):
    beside = Path(sys.executable).with_name("aws")
    program = str(beside) if beside.exists() else shutil.which("aws")

    def run(*arguments, fails=False):
        done = subprocess.run(
            [program, "lambda", *map(str, arguments), "--output", "json"],
            env={**os.environ, **CREDENTIALS, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "",
                 "AWS_ENDPOINT_URL_LAMBDA": endpoint, "AWS_MAX_ATTEMPTS": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout or "null")

    return run


def test_a_life_of_a_function(aws, package, tmp_path):
    packed, out = tmp_path / "function.zip", tmp_path / "out.json"
    packed.write_bytes(package)
    name = ("--function-name", "cli-function")
    created = aws("create-function", *name, "--runtime", "provided.al2023", "--handler", "bootstrap", "--role", ROLE,
                  "--zip-file", f"fileb://{packed}", "--memory-size", 512, "--timeout", 10)
    assert (created["State"], created["MemorySize"]) == ("Pending", 512)
    aws("wait", "function-active-v2", *name)

    event = tmp_path / "event.json"
    event.write_text('{"a": 1}')
    # As a file: on the command line, version 1 of the CLI takes it as it is and version 2 in base64.
    answer = aws("invoke", *name, "--payload", f"fileb://{event}", "--log-type", "Tail", out)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(out.read_text())["event"] == {"a": 1}
    assert "\tMemory Size: 512 MB\t" in base64.b64decode(answer["LogResult"]).decode()

    updated = aws("update-function-configuration", *name, "--memory-size", 1024,
                  "--environment", "Variables={COLOUR=blue}")
    assert updated["LastUpdateStatus"] == "InProgress"
    aws("wait", "function-updated-v2", *name)
    version = aws("publish-version", *name, "--description", "first")
    assert (version["Version"], version["MemorySize"]) == ("1", 1024)
    aws("create-alias", *name, "--name", "live", "--function-version", "1")
    aws("invoke", *name, "--qualifier", "live", out)
    shown = json.loads(out.read_text())
    assert (shown["version"], shown["memory_mb"], shown["colour"]) == ("1", 1024, "blue")

    versions = aws("list-versions-by-function", *name)["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST", "1"]
    assert "ResourceConflictException" in aws("delete-function", *name, "--qualifier", "1", fails=True)
    assert "PreconditionFailedException" in aws("update-function-configuration", *name, "--timeout", 5,
                                                "--revision-id", "stale", fails=True)
    aws("delete-alias", *name, "--name", "live")
    aws("delete-function", *name)
    error = aws("get-function", *name, fails=True)
    assert "ResourceNotFoundException" in error and "Function not found: arn:aws:lambda:" in error


def test_account_and_lists(aws, function):
    assert aws("get-account-settings")["AccountLimit"]["ConcurrentExecutions"] >= 1
    names = [f["FunctionName"] for f in aws("list-functions", "--page-size", 1)["Functions"]]
    assert function in names
