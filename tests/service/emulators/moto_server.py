"""moto's Step Functions engine on a free port, ending with its standard input.

Every task goes to MiniStack, whose endpoint is in BACKEND: moto itself runs no Lambda function without Docker.
"""

import os
import time
import types

import leash

leash.put_on()
port = leash.say_endpoint()
backend = os.environ["BACKEND"]
wait_scale = float(os.environ.get("SFN_WAIT_SCALE", "1"))

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from moto.stepfunctions.parser.asl.utils import boto_client  # noqa: E402


def client_of_backend(region, service, state_credentials=None):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=backend,
        aws_access_key_id=os.environ["MOTO_ACCOUNT_ID"],
        aws_secret_access_key="test",
        # One try, and no time-out before that of the longest Lambda function.
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=910),
    )


# Before the parser is imported: its modules bind the name.
boto_client.boto_client_for = client_of_backend

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl  # noqa: E402

retrier_decl.time = types.SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * wait_scale))

from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction  # noqa: E402


def wait(self, env, wait_seconds):
    end = time.monotonic() + wait_seconds * wait_scale
    while env.is_running() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))


WaitFunction._wait_interval = wait

from moto.core.config import default_user_config  # noqa: E402

default_user_config["stepfunctions"] = {"execute_state_machine": True}

from moto.server import main  # noqa: E402

main(["-H", "127.0.0.1", "-p", str(port)])
