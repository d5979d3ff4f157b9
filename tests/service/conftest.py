"""The service in an emulated cloud.

Every state machine scenario runs on two engines that know nothing of each other: MiniStack's, and moto's with all tasks
sent to MiniStack. The functions under test run in our local Lambda, with real limits and truthful REPORT lines.

TUNER_EMULATORS     a Python with tests/service/requirements.txt installed
TUNER_PACKAGES      the folder of the service's deployment packages and SAM template, as infra/build makes them for this machine;
                    to try something quickly, with packages of a debug build: for KIND tuning and review
                    `strip -o bootstrap target/debug/KIND && zip FOLDER/tuner-KIND-$(uname -m).zip bootstrap`
TUNER_LOCAL_SERVE   as for tests/clients: `target/debug/examples/serve`
TUNER_BIN           the command line
"""

import fcntl
import itertools
import os
import shlex
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("cloud", "targets")

from cloud import ACCOUNT, ARCHITECTURE, Cloud, client, deploy  # noqa: E402
from gateway import Gateway  # noqa: E402
from servers import served  # noqa: E402
from targets import Target  # noqa: E402

EMULATORS = Path(__file__).parent / "emulators"
# Waits between the state machine's retries are shortened to this share.
WAIT_SCALE = "0.1"


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: nothing else is to run on this machine at the same time")


# (The groups of pytest-xdist 3.8.0 have no effect with pytest 9.2.)
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With pytest-xdist each test goes to a process that is free, which has its own emulators; but those of Terraform and
    CloudFormation, first of all, to one each, or it would be applied in each."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            module = nodeid.partition("::")[0]
            return module if module.endswith(("test_terraform.py", "test_sam.py")) else nodeid

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Tests that compare durations run while the other processes' tests wait, and what those set up: emulators, deployments."""
    alone = item.get_closest_marker("alone")
    place = Path(tempfile.gettempdir())
    with (place / "tuner-service-tests.queue").open("w") as queue, (place / "tuner-service-tests.lock").open("w") as lock:
        # A queue, or those that share the lock would never let go of it.
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        return (yield)


def required(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.fail(f"set {variable}; see {__file__}")
    return value


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="session")
def ministacks(place):
    """Starts MiniStacks, each with a state directory of its own."""

    def started(name, **variables):
        directory = place / name
        directory.mkdir()
        return served(
            [required("TUNER_EMULATORS"), str(EMULATORS / "ministack_server.py")],
            directory / "log",
            "/_ministack/health",
            {"STATE_DIR": str(directory), "SFN_WAIT_SCALE": WAIT_SCALE, "LOG_LEVEL": "WARNING", **variables},
        )

    return started


@pytest.fixture(scope="session")
def ministack(ministacks):
    with ministacks("ministack") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def moto(place, ministack):
    directory = place / "moto"
    directory.mkdir()
    with served(
        [required("TUNER_EMULATORS"), str(EMULATORS / "moto_server.py")],
        directory / "log",
        "/moto-api/",
        {"BACKEND": ministack, "MOTO_ACCOUNT_ID": ACCOUNT, "SFN_WAIT_SCALE": WAIT_SCALE},
    ) as endpoint:
        yield endpoint


@pytest.fixture(scope="session", params=["ministack", "moto"])
def engine(request):
    return request.param


@pytest.fixture(scope="session")
def cloud(engine, ministack, request):
    endpoint = ministack if engine == "ministack" else request.getfixturevalue("moto")
    return Cloud(engine, ministack, endpoint)


@pytest.fixture(scope="session")
def local_lambda(place):
    """Our own local Lambda, empty."""
    with served(shlex.split(required("TUNER_LOCAL_SERVE")), place / "local-lambda.log") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def gateway(local_lambda):
    with Gateway(local_lambda) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def packages_folder():
    return Path(required("TUNER_PACKAGES")).resolve()


@pytest.fixture(scope="session")
def packages(packages_folder):
    """The deployment packages by what they are for."""
    return {kind: (packages_folder / f"tuner-{kind}-{ARCHITECTURE}.zip").read_bytes() for kind in ("tuning", "review")}


@pytest.fixture(scope="session")
def service(cloud, gateway, packages):
    return deploy(cloud, packages, f"tuner-{cloud.engine}", {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint})


numbers = itertools.count(1)


@pytest.fixture
def target_in(gateway):
    """Makes functions under test: one of the command line's examples by its name, or a shell script. Afterwards each must
    be as it was."""
    made = []

    def make(endpoint, program, **settings):
        name, script = "script", program
        if not program.startswith("#!"):
            tuner = Path(required("TUNER_BIN")).resolve()
            name, script = program, f"#!/bin/sh\nexec {shlex.quote(str(tuner))} example-function {program}\n"
        function = Target(client("lambda", endpoint), f"{name}-{next(numbers)}", script, **settings)
        made.append(function)
        return function

    yield make
    for function in made:
        gateway.forget(function.name)
        function.is_as_before()
        function.functions.delete_function(FunctionName=function.name)


@pytest.fixture
def target(local_lambda, target_in):
    """The same in our local Lambda, where sizes differ as they do in AWS."""
    return lambda program, **settings: target_in(local_lambda, program, **settings)
