"""The state machines: their form, that every failure leads where it should, and that names are real ones."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import MACHINES, ROOT, defined
from machines import every_state, paths_to_the_end, steps, tasks

RESTORE = "Put the function back after a failure"
SAY = "Say what failed"
# AWS's own words for what goes wrong with a Lambda function, outside of the function's code.
PLATFORM = {
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
}


def run(tool, *arguments):
    done = subprocess.run([str(tool), *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def statelint():
    return Path(sys.executable).with_name("statelint")


def test_the_linters_have_no_complaint(filled, asl_validator):
    code, said = run(asl_validator, "--json-path", filled)
    assert code == 0 and "is valid" in said, said
    code, said = run(statelint(), filled)
    assert code == 0 and not said.strip(), said


@pytest.mark.parametrize("what", ["a dangling Next", "an unknown field"])
def test_the_linters_do_look(filled, asl_validator, tmp_path, what):
    machine = json.loads(filled.read_text())
    if what == "a dangling Next":
        machine["States"][machine["StartAt"]]["Next"] = "Nowhere"
    else:
        machine["States"][machine["StartAt"]]["Retry"][0]["MaxAttempt"] = 1
    broken = tmp_path / "broken.asl.json"
    broken.write_text(json.dumps(machine))
    assert run(asl_validator, "--json-path", broken)[0] != 0 or run(statelint(), broken)[0] != 0


def test_every_state_is_explained(machine):
    assert machine["Comment"]
    for name, state in every_state(machine):
        assert len(state.get("Comment", "")) > 30, name
        assert len(name) <= 80, name


def test_everything_has_a_time_out(machine):
    assert machine["TimeoutSeconds"] > 0
    for name, task in tasks(machine).items():
        # A Lambda function lives at most 900 s; its own time-out is to come first.
        assert 0 < task["TimeoutSeconds"] <= 910, name


def test_every_step_is_called_alike(machine):
    assert {task["Resource"] for task in tasks(machine).values()} <= {
        "arn:${Partition}:states:::lambda:invoke",
        "arn:${Partition}:states:::sns:publish",
    }
    for name, task in steps(machine).items():
        parameters = task["Parameters"]
        assert re.fullmatch(r"\$\{[A-Z][A-Za-z]+Arn\}", parameters["FunctionName"]), name
        assert parameters["Payload"] == {
            "execution.$": "$$.Execution.Id",
            "started_at.$": "$$.Execution.StartTime",
            "input.$": "$",
        }, name
        assert task["OutputPath"] == "$.Payload", name


def test_every_step_retries_by_kind_of_error(machine):
    retries = {json.dumps(task["Retry"]) for task in steps(machine).values()}
    assert len(retries) == 1, "every step is safe to repeat, so all of them are retried alike"
    kinds = {retrier["Comment"].split(":")[0]: retrier for retrier in json.loads(retries.pop())}
    assert list(kinds) == ["Throttled", "Conflict", "Service", "Killed"]
    assert "Tuner.Throttled" in kinds["Throttled"]["ErrorEquals"]
    assert "Tuner.Conflict" in kinds["Conflict"]["ErrorEquals"]
    assert "Tuner.Service" in kinds["Service"]["ErrorEquals"]
    names = [name for retrier in kinds.values() for name in retrier["ErrorEquals"]]
    assert len(names) == len(set(names)), "a kind of error has one back-off"
    for retrier in kinds.values():
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["IntervalSeconds"] <= retrier["MaxDelaySeconds"] <= 60
        # statelint takes no whole number here.
        assert isinstance(retrier["BackoffRate"], float) and retrier["BackoffRate"] > 1
    back_offs = [(r["IntervalSeconds"], r["MaxAttempts"], r["BackoffRate"]) for r in kinds.values()]
    assert len(set(back_offs)) == len(back_offs)


@pytest.fixture
def expand(tmp_path):
    """statemachine/expand on a copy of the state machines."""
    copy = shutil.copytree(ROOT / "statemachine", tmp_path / "statemachine")
    return lambda *arguments: run(copy / "expand", *arguments), copy


def test_retries_come_from_one_source(expand):
    expand, copy = expand
    assert expand("--check") == (0, "")
    source = json.loads((copy / "retries.json").read_text())
    for machine in map(defined, MACHINES):
        for name, task in tasks(machine).items():
            assert task["Retry"] == source[task["Resource"]], name

    written = (copy / "retries.json").read_text()
    (copy / "retries.json").write_text(written.replace('"MaxAttempts": 5', '"MaxAttempts": 6'))
    code, said = expand("--check")
    assert code == 1 and all(f"{name}.asl.json" in said for name in MACHINES)
    assert expand()[0] == 0 and expand("--check") == (0, "")
    for name in MACHINES:
        now = json.loads((copy / f"{name}.asl.json").read_text())
        assert {task["Retry"][2]["MaxAttempts"] for task in steps(now).values()} == {6}
    # Nothing else has changed, not even how it is written.
    (copy / "retries.json").write_text(written)
    assert expand()[0] == 0
    for name in MACHINES:
        assert (copy / f"{name}.asl.json").read_text() == (ROOT / f"statemachine/{name}.asl.json").read_text()


def test_a_task_without_retries_is_found(expand):
    expand, copy = expand
    path = copy / "power-tuning.asl.json"
    path.write_text(path.read_text().replace('"Retry": [', '"Retries": [', 1))
    code, said = expand("--check")
    assert code == 1 and re.search(r"1 of \d+ tasks have no retries", said), said


def test_every_error_is_caught(machine):
    for name, state in every_state(machine):
        if state["Type"] not in ("Task", "Map"):
            assert state["Type"] in ("Choice", "Pass", "Wait", "Succeed", "Fail"), f"{name}: is {state['Type']} to have a Catch?"
            continue
        (catcher,) = state["Catch"]
        assert catcher["ErrorEquals"] == ["States.ALL"], name


def test_a_choice_has_a_way_out(machine):
    for name, state in every_state(machine):
        if state["Type"] == "Choice":
            assert state["Default"], name


def test_every_failure_puts_the_function_back_and_then_fails(tuning):
    states = tuning["States"]
    first = tuning["StartAt"]
    begin = {state["Catch"][0]["Next"] for name, state in states.items() if "Catch" in state and name not in (RESTORE, first)}
    begin.add(states["What next?"]["Default"])
    assert begin
    for first in begin:
        for path in paths_to_the_end(states, first):
            assert RESTORE in path, path
            assert path[-1] == "Failed", path
    doubly = states[RESTORE]["Catch"][0]["Next"]
    assert states[doubly]["Default"] == "Failed, and not put back"
    # A check has changed nothing, and all of its states say that it is one.
    [of_checks] = states[doubly]["Choices"]
    assert (of_checks["Variable"], of_checks["Next"]) == ("$.check", "Check failed, nothing was changed")


def test_where_nothing_was_changed_nothing_is_put_back_and_no_step_is_needed_to_say_why(tuning):
    states = tuning["States"]
    (catcher,) = states[tuning["StartAt"]]["Catch"]
    ends = {path[-1] for path in paths_to_the_end(states, catcher["Next"])}
    for path in paths_to_the_end(states, catcher["Next"]):
        assert {states[name]["Type"] for name in path} <= {"Choice", "Pass", "Fail"}, path
    for name in ends:
        said = states[name].get("Cause") or states[name]["CausePath"]
        assert "nothing was changed" in said and "\n" not in said, name
    assert len(ends) == 6


def test_every_failure_of_a_review_is_said_and_then_fails(review):
    states = review["States"]
    told = ("Tell", SAY, "Tell of the failure")
    begin = {state["Catch"][0]["Next"] for name, state in states.items() if "Catch" in state and name not in told}
    begin.add(states["What next?"]["Default"])
    assert begin
    for first in begin:
        for path in paths_to_the_end(states, first):
            assert SAY in path and path[-1] == "Failed", path
    for name, after in (("Tell", "Done"), (SAY, "Failed, with the cause as it came"), ("Tell of the failure", "Failed")):
        assert states[name]["Catch"][0]["Next"] == after, "that nobody could be told changes nothing"


def test_a_batch_that_fails_does_not_fail_the_others(review):
    look = review["States"]["Look at every function"]
    assert look["ToleratedFailurePercentage"] == 100 and 0 < look["MaxConcurrency"] <= 40
    assert look["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    # Nothing of what children hand back is kept: the state stays small.
    assert look["ResultPath"] is None
    inside = look["ItemProcessor"]["States"]
    assert inside["Looked at"]["Parameters"] == {"batch.$": "$.batch"}
    assert inside["Look"]["Catch"][0]["Next"] == "Note why" and inside["Note why"]["Next"] == "Not looked at"
    assert inside["Not looked at"]["Type"] == "Fail"


def test_a_failed_group_does_not_fail_the_others(tuning):
    measure = tuning["States"]["Measure"]
    inside = measure["ItemProcessor"]["States"]
    (note,) = {state["Catch"][0]["Next"] for state in inside.values() if "Catch" in state}
    assert inside[note]["Type"] == "Pass" and inside[note]["End"]
    assert set(inside[note]["Parameters"]) == {"group.$", "error.$"}
    assert measure["MaxConcurrency"] == 10


def test_no_error_hides_what_is_known(machine):
    for name, state in every_state(machine):
        for catcher in state.get("Catch", []):
            kept = catcher.get("ResultPath", "$").startswith("$.")
            # The input of the first state may be anything, also something that a field can't be added to.
            assert kept or name == machine["StartAt"], name


def test_a_second_error_does_not_hide_the_first(tuning, review):
    for machine, name in ((tuning, RESTORE), (review, "Note why"), (review, SAY), (review, "Tell of the failure")):
        (state,) = (state for of, state in every_state(machine) if of == name)
        assert state["Catch"][0]["ResultPath"] != "$.error", name


def test_a_failed_execution_says_what_restoring_handed_on(tuning):
    failed = tuning["States"]["Failed"]
    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.error", "$.cause")
    not_restored = tuning["States"]["Failed, and not put back"]
    assert not_restored["Error"] == "Tuner.NotRestored"
    assert "`tuner restore`" in not_restored["CausePath"] and "--" not in not_restored["CausePath"]


def test_errors_that_are_named_are_raised(machine):
    sources = "".join(path.read_text() for path in (ROOT / "crates/tuner-lambdas/src").rglob("*.rs"))
    raised = set(re.findall(r'"(Tuner\.\w+)"', sources))
    named = set()
    for _, state in every_state(machine):
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            named |= set(rule["ErrorEquals"])
    assert {name for name in named if name.startswith("Tuner.")} <= raised
    assert {name for name in named if not name.startswith("Tuner.")} <= PLATFORM
    named = {state["Error"] for _, state in every_state(machine) if state["Type"] == "Fail" and "Error" in state}
    assert {name for name in named if name != "Tuner.NotRestored"} <= raised
    assert machine["States"]["Note an unknown plan"]["Result"]["Error"] in raised


def test_placeholders_are_those_that_both_templates_fill(name):
    import sam

    wanted = set(re.findall(r"\$\{(\w+)\}", (ROOT / f"statemachine/{name}.asl.json").read_text()))
    file, resource = {"power-tuning": ("main", "StateMachine"), "memory-review": ("review", "ReviewStateMachine")}[name]
    terraform = (ROOT / f"infra/terraform/{file}.tf").read_text()
    terraform = terraform[terraform.index("templatefile(") :]
    assert set(re.findall(r"^    (\w+) += ", terraform[: terraform.index("})")], re.M)) == wanted
    assert set(sam.template()["Resources"][resource]["Properties"]["DefinitionSubstitutions"]) == wanted
