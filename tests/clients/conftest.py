"""A local Lambda for tests with real clients.

TUNER_LOCAL_SERVE      the command that serves another command as a function, such as `target/debug/examples/serve`;
                       its first line of output is the endpoint, and it ends when its standard input does
TUNER_LOCAL_BOOTSTRAP  a Runtime API program to upload, such as `target/debug/examples/bootstrap`
TUNER_LOCAL_ENDPOINT   a server that runs already, used instead of starting one where any server will do
TUNER_NODE_MODULES     where aws-lambda-ric is installed, if it is
"""

import contextlib
import io
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

FUNCTIONS = Path(__file__).parent.parent / "functions"
REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/test"
# Any credentials do; the server does not check signatures, but clients insist on making them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def required(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.fail(f"set {variable}; see {__file__}")
    return value


@contextlib.contextmanager
def served(*arguments, directory=None):
    """The endpoint of a server with these arguments, for as long as it is needed."""
    command = [*shlex.split(required("TUNER_LOCAL_SERVE")), *arguments]
    command[0] = str(Path(command[0]).resolve())
    with subprocess.Popen(
        command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            endpoint = server.stdout.readline().strip()
            assert endpoint.startswith("http://"), endpoint
            yield endpoint
        finally:
            server.stdin.close()
            server.wait(timeout=10)


def client(endpoint, **config):
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture(scope="session")
def endpoint():
    if running := os.environ.get("TUNER_LOCAL_ENDPOINT"):
        yield running
        return
    with served() as started:
        yield started


@pytest.fixture(scope="session")
def package():
    """A deployment package: a Rust program on lambda_runtime."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(required("TUNER_LOCAL_BOOTSTRAP"), "bootstrap")
    return packed.getvalue()


@pytest.fixture
def lambda_client(endpoint):
    return client(endpoint)


@pytest.fixture
def function(lambda_client, package, request):
    """The name of a function of the test's own, active."""
    name = request.node.name.replace("[", "-").replace("]", "")[:64]
    lambda_client.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Role=ROLE,
        Handler="bootstrap",
        Code={"ZipFile": package},
        Description="as it was",
        Timeout=10,
        MemorySize=1024,
        Environment={"Variables": {"COLOUR": "green"}},
    )
    lambda_client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02})
    yield name
    with contextlib.suppress(lambda_client.exceptions.ResourceNotFoundException):
        lambda_client.delete_function(FunctionName=name)


@pytest.fixture
def python_function():
    """awslambdaric of this very interpreter, and how to serve it."""
    return [sys.executable, "-m", "awslambdaric", "handler.handle"], FUNCTIONS / "python"


@pytest.fixture
def node_function():
    modules = os.environ.get("TUNER_NODE_MODULES")
    if not modules:
        pytest.skip("aws-lambda-ric is not installed; set TUNER_NODE_MODULES")
    return ["node", str(Path(modules).resolve() / "aws-lambda-ric" / "index.mjs")], FUNCTIONS / "node"
