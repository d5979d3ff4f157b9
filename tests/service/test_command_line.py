"""`tuner run` and `tuner history` as the wrapper of the state machine."""

import json
import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from noise import despite_noise
from servers import plain_environment

# The larger size is 23 times as dear: noise seldom decides anything.
QUICK = ["--memory", "128,3008", "--num", "5", "--payload", '{"ms": 30}', "--yes"]


class Tuner:
    """The command line, where it finds one engine and the functions under test."""

    def __init__(self, service, gateway, place):
        self.service, self.place = service, place
        self.environment = {
            **plain_environment(place),
            **service.cloud.environment,
            "AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint,
        }

    def started(self, *arguments):
        return subprocess.Popen(
            [Path(os.environ["TUNER_BIN"]).resolve(), *arguments],
            env=self.environment,
            cwd=self.place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments, code=0):
        process = self.started(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, out + err
        return out, err

    def run(self, function, *arguments, code=0):
        where = ["--state-machine", self.service.arn, "--out", "out"]
        return self("run", "--function", function.arn, *QUICK, *where, *arguments, code=code)


@pytest.fixture
def tuner(service, gateway, tmp_path):
    return Tuner(service, gateway, tmp_path)


def the_execution(err):
    """The name of the execution that was started."""
    return re.search(r"^started (\S+)$", err, re.M)[1]


def test_a_tuning_from_a_terminal(service, tuner, target):
    function = target("wait", MemorySize=3008)

    def agree():
        out, err = tuner.run(function)
        local = json.loads((tuner.place / "out" / "tuning.json").read_text())
        assert local["decision"]["verdict"] == "move"
        return out, err, local

    out, err, local = despite_noise(agree)
    assert "move from 3008 MB to 128 MB" in out.replace("\n", " ")
    assert "state transitions" in out
    # The plan comes first, and nothing else is on standard output.
    assert err.index("publishes") < err.index("started tuner-")
    assert local == json.loads(service.object(f"tunings/{local['tuning_id']}/tuning.json"))
    assert (tuner.place / "out" / "report.svg").exists() and (tuner.place / "out" / "report.html").exists()
    assert f"s3://{service.bucket}/tunings/{local['tuning_id']}/" in err
    history = json.loads(tuner("history", "--state-machine", service.arn, "--format", "json")[0])
    newest = history[0] if isinstance(history, list) else history["tunings"][0]
    assert newest["tuning_id"] == local["tuning_id"]
    assert newest["recommended_memory_size_mb"] == 128


def test_it_is_found_by_its_tag_or_its_name(service, tuner, target):
    function = target("wait", MemorySize=512)
    _, err = tuner("run", "--function", function.arn, *QUICK, code=2)
    assert "infra/README.md" in err and "--direct" in err
    tag = {"key": "tuner:state-machine", "value": "power-tuning"}
    states = service.cloud.client("stepfunctions")
    states.tag_resource(resourceArn=service.arn, tags=[tag])
    try:
        tuner("run", "--function", function.arn, *QUICK)
    finally:
        states.untag_resource(resourceArn=service.arn, tagKeys=[tag["key"]])
    (tuner.place / "tuner.toml").write_text(f'state_machine = "{service.name}"\n')
    tuner("run", "--function", function.arn, *QUICK)


def test_a_failure_is_told_with_its_cause(service, tuner, target):
    function = target("#!/bin/sh\nexit 1\n")
    out, err = tuner.run(function, code=6)
    assert "failed at every size" in out
    function = target("wait", MemorySize=512)
    _, err = tuner.run(function, "--pre-processor", "nobody", code=5)
    assert "Tuner.Processor" in err and "nobody" in err


@contextmanager
def held(gateway, function, operation, at):
    """The call number `at` of `operation` is held: gives what waits until it is reached, and lets it go on."""
    reached, go_on = threading.Event(), threading.Event()
    gateway.when(function.name, operation, at=at, act=lambda _: (reached.set(), go_on.wait(60)) and None)
    try:
        yield reached, go_on
    finally:
        go_on.set()


def test_an_execution_that_somebody_stops(service, gateway, tuner, target):
    function = target("wait", MemorySize=512)
    where = ["--state-machine", service.arn]
    with held(gateway, function, "Invoke", 2) as (reached, _):
        process = tuner.started("run", "--function", function.arn, *QUICK, *where)
        assert reached.wait(60)
        states = service.cloud.client("stepfunctions")
        running = states.list_executions(stateMachineArn=service.arn, statusFilter="RUNNING")["executions"]
        [execution] = [e for e in running if function.name in e["name"]]
        states.stop_execution(executionArn=execution["executionArn"])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 5, err
    # moto 5.2.5 trips over itself when it is stopped inside a Map, and says FAILED with States.Runtime.
    assert ("States.Runtime" if service.cloud.engine == "moto" else "ABORTED") in err
    # The state machine can't clean up any more: it is done from here.
    assert f"{function.arn} is as it was before" in err
    function.is_as_before()


def test_an_interrupt_stops_the_execution_and_puts_back(service, gateway, tuner, target):
    function = target("wait", MemorySize=512)
    with held(gateway, function, "Invoke", 2) as (reached, _):
        process = tuner.started("run", "--function", function.arn, *QUICK, "--state-machine", service.arn)
        assert reached.wait(60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    states = service.cloud.client("stepfunctions")
    arn = service.arn.replace(":stateMachine:", ":execution:") + ":" + the_execution(err)
    ended = (process.returncode, states.describe_execution(executionArn=arn)["status"])
    # As above.
    assert ended == ((5, "FAILED") if service.cloud.engine == "moto" else (130, "ABORTED")), err
    function.is_as_before()


def test_starting_now_and_following_later(service, tuner, target):
    function = target("wait", MemorySize=512)
    out, err = tuner.run(function, "--no-wait")
    arn = re.search(r"arn:\S+:execution:\S+", out + err)[0].rstrip("`.,)")
    out, _ = tuner("run", "--follow", arn, "--out", "later")
    assert "128 MB" in out
    assert (tuner.place / "later" / "tuning.json").exists()


def test_no_past_tunings_is_a_sentence(service, tuner):
    out, err = tuner("history", "--function", "nobody-at-all", "--state-machine", service.arn)
    assert len((out + err).strip().splitlines()) == 1
