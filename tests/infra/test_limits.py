"""A review of 10,000 functions against every limit of Step Functions, worked out from the state machine as it is, and compared
with what statemachine/README.md says.

Limits: Step Functions, "Service quotas"; facts of Lambda and CloudWatch: "Lambda quotas", "CloudWatch service quotas",
"CloudWatch Logs quotas".
"""

import json
import math
import re

import pytest

from conftest import ROOT

STATE, HISTORY = 256 * 1024, 25_000
FUNCTIONS = 10_000
# Events of a state in a history: entered and exited, and what its work leaves between; of a Succeed or Fail state no more.
EVENTS = {"Task": 5, "Choice": 2, "Pass": 2, "Wait": 2, "Succeed": 2, "Map": 6}
BEGIN_AND_END = 2


def constant(path, name):
    """A number as a Rust source has it."""
    found = re.search(rf"const {name}: \w+ = ([\d_* ]+);", (ROOT / "crates" / path).read_text())
    return math.prod(int(factor.replace("_", "")) for factor in found[1].split("*"))


@pytest.fixture(scope="module")
def readme():
    return (ROOT / "statemachine/README.md").read_text()


@pytest.fixture(scope="module")
def batches():
    return math.ceil(FUNCTIONS / constant("tuner-engine/src/review/batches.rs", "FUNCTIONS"))


def events(states, *names):
    return sum(EVENTS[states[name]["Type"]] for name in names)


def test_what_travels_is_small(review, readme, batches):
    # As Lambda writes it: `[1,2,...]`.
    items = len(json.dumps(list(range(1, batches + 1)), separators=(",", ":")))
    assert f"{batches} batch numbers, {items} bytes" in readme
    handed_back = batches * len(json.dumps({"batch": batches}, separators=(",", ":")))
    assert f"{batches} x 13 bytes: {handed_back / 1000:.1f} KB" in readme
    assert handed_back < STATE / 50
    assert review["States"]["Look at every function"]["ItemSelector"].keys() == {"review_id.$", "batch.$"}


def test_the_history_is_short(review, readme):
    states = review["States"]
    way = ["List the functions", "Look at every function", "Rank", "What next?", "Report", "Is anybody to be told?", "Tell", "Done"]
    without_tunings = BEGIN_AND_END + events(states, *way)
    assert f"| {without_tunings} events with a topic | 25,000 |" in readme
    looks = constant("tuner-lambdas/src/review/tunings.rs", "MOST_ROUNDS")
    each = events(states, "Tune", "What next?", "Wait for tunings")
    assert f"{looks:,} looks x {each} events: {looks * each:,}" in readme
    # Each attempt of a task has two more events than the first; a tenth of all looks may fail and be repeated.
    assert without_tunings + looks * each + looks // 10 * 3 < HISTORY


def test_the_history_of_a_child_is_short(review, readme):
    states = review["States"]["Look at every function"]["ItemProcessor"]["States"]
    looks = constant("tuner-lambdas/src/review/mod.rs", "MOST_ROUNDS")
    each = events(states, "Look", "All looked at?")
    whole = BEGIN_AND_END + looks * each + events(states, "Looked at")
    assert f"{each} events a look, {looks} looks: {whole}" in readme and whole < HISTORY


def test_children_fit_a_map_run(review, readme, batches):
    at_once = review["States"]["Look at every function"]["MaxConcurrency"]
    assert at_once == constant("tuner-lambdas/src/review/mod.rs", "BATCHES_AT_ONCE")
    assert f"{batches}, {at_once} at a time" in readme
    assert at_once <= 10_000


def test_the_execution_outlives_its_tunings(review):
    waits = constant("tuner-lambdas/src/review/tunings.rs", "MOST_ROUNDS") * review["States"]["Wait for tunings"]["Seconds"]
    assert waits < review["TimeoutSeconds"] <= 365 * 86_400


def test_calls_are_within_the_rates(readme, batches):
    pages = FUNCTIONS // 50
    assert f"{pages} calls, {pages // 10} s at 10 a second" in readme
    assert f"{FUNCTIONS:,} calls, {round(FUNCTIONS / 10 / 60)} minutes at 10 a second" in readme
    series = 5
    calls = FUNCTIONS * series // 500
    assert f"{FUNCTIONS:,} x {series} series: {calls} calls of 500" in readme
    assert f"{batches} queries, 10 at a time" in readme


def test_the_cost_is_what_it_says(review, readme, batches):
    # us-east-1: $0.025 for 1,000 state transitions, $0.01 for 1,000 metrics.
    child, own = 3, len(["List", "Look at all", "Rank", "What next?", "Report", "Anybody?", "Tell", "Done"])
    transitions = batches * child + own
    assert f"{batches} children x {child} state transitions and {own} of the" in readme
    assert f"${transitions * 0.000025:.3f}" in readme
    look = batches * 60 * 0.5 * 0.0000133334
    assert f"${look:.2f}" in readme
    assert f"**${FUNCTIONS * 5 / 1000 * 0.01:.2f}**" in readme
