"""`tuner review` against an account: what it reads, asks, tunes and leaves alone. The cloud is MiniStack's alone: nothing here
but the tunings by the service is about state machines."""

import itertools
import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from account import Account, answer, count
from cloud import Cloud, client, deploy
from reviews import FILES, Logged
from servers import plain_environment
from test_review import insights, recorded

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(ministack):
    return Cloud("ministack", ministack, ministack)


@pytest.fixture(scope="module")
def whole_account(gateway, ministack):
    with Account(gateway.endpoint, ministack) as whole:
        yield whole


@pytest.fixture
def account(whole_account):
    whole_account.empty()
    return whole_account


@pytest.fixture
def logged(account, local_lambda, ministack, target):
    """A function of the account: really there, really invoked, its log really kept."""

    def make(group=None, invocations=60, **settings):
        function = Logged(local_lambda, ministack, target("wait", **settings), group)
        logging = {"LoggingConfig": {"LogFormat": "Text", "LogGroup": group}} if group else {}
        account.add(function.target.name, **logging)
        return function.invoke(invocations, {"ms": 1}) if invocations else function

    return make


class Reviewer:
    """The command line, where it finds this account."""

    def __init__(self, cloud, account, gateway, place):
        self.place, self.gateway, self.account = place, gateway, account
        self.environment = {
            **plain_environment(place),
            **cloud.environment,
            **account.environment,
            "AWS_ENDPOINT_URL_LAMBDA": account.endpoint,
        }

    def started(self, *arguments, **streams):
        return subprocess.Popen(
            [Path(os.environ["TUNER_BIN"]).resolve(), "review", "--out", "out", *arguments],
            env=self.environment,
            cwd=self.place,
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def __call__(self, *arguments, code=0):
        process = self.started(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, out + err
        return out, err

    def document(self):
        return json.loads((self.place / "out" / "review.json").read_text())

    def functions(self):
        return {row["function"]["name"].rpartition(":")[2]: row for row in self.document()["functions"]}

    def paid_calls(self):
        return self.account.of("StartQuery", "FilterLogEvents")


@pytest.fixture
def review(cloud, account, gateway, tmp_path):
    return Reviewer(cloud, account, gateway, tmp_path)


@pytest.fixture
def waiting(logged, ministack):
    """One that wastes, in an account where that is worth something."""
    function = logged(MemorySize=2048)
    count(ministack, {function.target.name: {"invocations": 500_000, "duration_ms": 6.0}})
    return function


@pytest.mark.parametrize("store", ["directory", "bucket"])
def test_a_review_and_the_next_one(review, cloud, logged, waiting, gateway, store):
    place = "kept"
    if store == "bucket":
        place = f"s3://reviews-{next(numbers)}/monthly"
        cloud.client("s3").create_bucket(Bucket=place.split("/")[2])
    shared = f"/shared/cli-{next(numbers)}"
    in_group = [logged(shared, 3 + n, MemorySize=512).counted() for n in range(2)]
    silent = logged(f"/shared/empty-{next(numbers)}", 0)
    client("logs", cloud.backend).delete_log_group(logGroupName=silent.group)
    count(cloud.backend, {silent.target.name: {"invocations": 40, "duration_ms": 12.0}})
    invocations = len(gateway.of(waiting.target.name, "Invoke"))
    asked = ["--budget", "0", "--regions", "us-east-1,eu-west-1", "--store", place]

    out, err = review(*asked, "--format", "json")

    # Standard output is the document, and nothing else.
    assert json.loads(out) == review.document()
    assert {file.name for file in (review.place / "out").iterdir()} == FILES
    rows = review.functions()
    assert rows[waiting.target.name]["evidence"]["logs"]["source"] == "filter_log_events"
    for function in in_group:
        assert sum(s["invocations"] for s in rows[function.target.name]["evidence"]["sizes"]) == function.invocations
    assert {f["kind"] for f in rows[silent.target.name]["findings"]} >= {"no_logs"}
    refused = next(region for region in review.document()["regions"] if region["region"] == "eu-west-1")
    assert "security token" in refused["problem"]
    # An account that has no Compute Optimizer has nothing to be warned of.
    assert not [w for w in review.document().get("warnings", []) if "Compute Optimizer" in w]
    assert "us-east-1: 4 functions" in err and "looked at 4 of 4 functions" in err and "eu-west-1: its functions" in err
    assert "previous" not in review.document()
    assert f"kept in {place}/reviews/{review.document()['review_id']}/review.json" in err
    assert review.account.of("StartQuery") == []

    out, _ = review(*asked)
    assert review.document()["previous"]["advised"] == 1
    assert "Since the review of" in out
    assert len(gateway.of(waiting.target.name, "Invoke")) == invocations, "a review invokes nothing"


def test_nothing_is_paid_for_unasked(review, waiting):
    """Where nobody can answer, the plan is shown and the way out named; nothing is scanned, nor left behind."""
    insights(review.account, lambda group: recorded(group, 2048, 5000))
    _, err = review(code=2)
    assert "CloudWatch Logs Insights will scan" in err and "at most $1.00" in err and "metrics of them have cost" in err
    assert "nobody is here to agree" in err and "--yes" in err and "--budget 0" in err
    assert review.paid_calls() == [] and not (review.place / "out").exists()
    review("--yes")
    assert len(review.account.of("StartQuery")) == 1
    assert review.functions()[waiting.target.name]["evidence"]["logs"]["source"] == "insights"


def test_the_gate(review, waiting):
    _, err = review("--budget", "0", "--fail-on", "memory_overprovisioned,timeout_risk", code=3)
    assert f"memory over-provisioned: {waiting.target.name}" in err
    review("--budget", "0", "--fail-on", "timeout_risk")


def test_no_region_can_be_read(review):
    _, err = review("--regions", "eu-west-1,eu-west-2", code=5)
    assert "eu-west-1" in err and "lambda:ListFunctions" in err
    assert not (review.place / "out").exists()


def test_an_account_without_functions(review):
    out, _ = review("--yes")
    assert "No function was found in us-east-1" in out
    assert review.document()["functions"] == []


def test_places_that_cannot_be_written(review, waiting):
    _, err = review("--budget", "0", "--store", "s3://nobody-has-this", code=5)
    assert "no bucket `nobody-has-this`" in err and "--store" in err
    (review.place / "file").write_text("")
    _, err = review("--budget", "0", "--store", "file/x", code=2)
    assert "file/x" in err and "--store" in err
    assert review.account.calls == []


def test_an_interrupt_reports_what_was_found_out(review, waiting):
    reached, go_on = threading.Event(), threading.Event()
    review.account.when("FilterLogEvents", lambda _: (reached.set(), go_on.wait(60)) and None)
    process = review.started("--budget", "0")
    try:
        assert reached.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline(), "it says something"
    finally:
        go_on.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    row = review.functions()[waiting.target.name]
    # What CloudWatch counted was known before.
    assert row["evidence"]["metrics"]["invocations"] == 500_000
    assert waiting.target.name in out
    assert "was stopped" in review.document()["warnings"][0]
    # The next one is compared with a whole one.
    review("--budget", "0")
    assert "previous" not in review.document()


def test_an_interrupt_at_the_question(review, waiting):
    """A signal that is caught does not end a read: without care it would wait for an answer all the same."""
    ours, theirs = os.openpty()
    process = review.started(stdin=theirs)
    os.close(theirs)
    try:
        err = ""
        while "[y/N]" not in err:
            piece = process.stderr.read(1)
            assert piece, err
            err += piece
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        os.close(ours)
    assert process.returncode == 130, err
    assert "nothing was changed" in err and out == ""
    assert review.paid_calls() == []


def registered(review, *functions, **entry):
    entry = {"payload": {"ms": 20}, "num": 5, "powerValues": [128, 2048], **entry}
    registry = {"functions": {function.target.name: entry for function in functions}}
    (review.place / "registry.json").write_text(json.dumps(registry))
    return ["--budget", "0", "--payloads", "registry.json"]


def is_measured(row):
    assert row["tuned"]["status"] == "succeeded" and row["tuned"]["memory_size_mb"] == 128, row["tuned"]
    (saving,) = [f["saving"] for f in row["findings"] if f["kind"] == "memory_overprovisioned"]
    assert saving["basis"] == "measured"


def test_only_registered_functions_are_tuned(review, waiting, logged, gateway, ministack):
    other = logged(MemorySize=3008)
    count(ministack, {other.target.name: {"invocations": 900_000, "duration_ms": 6.0}})
    invocations = len(gateway.of(other.target.name, "Invoke"))
    asked = registered(review, waiting)
    _, err = review(*asked, "--tune", "2", code=2)
    assert "nobody is here to agree" in err and review.account.calls == []
    _, err = review(*asked, "--tune", "2", "--yes")
    # The plan comes first.
    assert err.index("Plan for ") < err.index("publishes") < err.index("spends") < err.index("published as version")
    assert "1 function with more at stake was not tuned" in err
    rows = review.functions()
    is_measured(rows[waiting.target.name])
    assert (review.place / rows[waiting.target.name]["tuned"]["report"]).exists()
    assert "tuned" not in rows[other.target.name]
    assert len(gateway.of(other.target.name, "Invoke")) == invocations


def test_a_tuning_that_fails_is_a_row(review, waiting):
    review(*registered(review, waiting, preProcessorARN="nobody"), "--tune", "1", "--yes")
    assert "nobody" in review.functions()[waiting.target.name]["tuned"]["problem"]


def test_an_interrupted_tuning_is_put_back_and_reported(review, waiting, gateway):
    reached, go_on = threading.Event(), threading.Event()
    at = len(gateway.of(waiting.target.name, "Invoke")) + 3
    gateway.when(waiting.target.name, "Invoke", at=at, act=lambda _: (reached.set(), go_on.wait(60)) and None)
    process = review.started(*registered(review, waiting), "--tune", "1", "--yes")
    try:
        assert reached.wait(60)
        process.send_signal(signal.SIGINT)
        said = ""
        while "stopping" not in said:
            said = process.stderr.readline()
            assert said
    finally:
        go_on.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "nterrupt" in review.functions()[waiting.target.name]["tuned"]["problem"]
    waiting.target.is_as_before()


def test_tunings_by_the_service(review, waiting, cloud, gateway, packages):
    service = deploy(cloud, packages, f"tuner-review-cli-{next(numbers)}", {"AWS_ENDPOINT_URL_LAMBDA": gateway.endpoint})
    asked = [*registered(review, waiting), "--tune", "1", "--yes", "--state-machine"]
    _, err = review(*asked, "nobody", code=2)
    assert "no state machine `nobody`" in err and review.paid_calls() == []
    _, err = review(*asked, service.name)
    assert f"state machine {service.name}" in err
    row = review.functions()[waiting.target.name]
    is_measured(row)
    assert row["tuned"]["report"] == f"s3://{service.bucket}/tunings/{row['tuned']['tuning_id']}/report.html"
    assert f"tunings/{row['tuned']['tuning_id']}/tuning.json" in service.keys("tunings/")
