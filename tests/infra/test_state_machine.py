"""The state machine: its form, that every failure leads back to the function as it was, and that names are real ones."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

RESTORE = "Put the function back after a failure"
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
    "States.Timeout",
}


def every_state(machine):
    """Name and state, also those inside a Map."""
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from every_state(state["ItemProcessor"])


def tasks(machine):
    return {name: state for name, state in every_state(machine) if state["Type"] == "Task"}


def following(state):
    nexts = [state.get("Next"), state.get("Default")]
    nexts += [choice["Next"] for choice in state.get("Choices", [])]
    return {name for name in nexts if name}


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
        machine["States"]["Plan"]["Next"] = "Nowhere"
    else:
        machine["States"]["Plan"]["Retry"][0]["MaxAttempt"] = 1
    broken = tmp_path / "broken.asl.json"
    broken.write_text(json.dumps(machine))
    assert run(asl_validator, "--json-path", broken)[0] != 0 or run(statelint(), broken)[0] != 0


def test_every_state_is_explained(definition):
    assert definition["Comment"]
    for name, state in every_state(definition):
        assert len(state.get("Comment", "")) > 30, name
        assert len(name) <= 80, name


def test_everything_has_a_time_out(definition):
    assert definition["TimeoutSeconds"] > 0
    for name, task in tasks(definition).items():
        # A Lambda function lives at most 900 s; its own time-out is to come first.
        assert 0 < task["TimeoutSeconds"] <= 910, name


def test_every_step_is_called_alike(definition):
    for name, task in tasks(definition).items():
        assert task["Resource"] == "arn:${Partition}:states:::lambda:invoke", name
        parameters = task["Parameters"]
        assert re.fullmatch(r"\$\{[A-Z][a-z]+Arn\}", parameters["FunctionName"]), name
        assert parameters["Payload"] == {
            "execution.$": "$$.Execution.Id",
            "started_at.$": "$$.Execution.StartTime",
            "input.$": "$",
        }, name
        assert task["OutputPath"] == "$.Payload", name


def test_every_step_retries_by_kind_of_error(definition):
    retries = {json.dumps(task["Retry"]) for task in tasks(definition).values()}
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


def test_every_error_is_caught(definition):
    for name, state in every_state(definition):
        if state["Type"] not in ("Task", "Map"):
            assert state["Type"] in ("Choice", "Pass", "Fail"), f"{name}: is {state['Type']} to have a Catch?"
            continue
        (catcher,) = state["Catch"]
        assert catcher["ErrorEquals"] == ["States.ALL"], name


def test_a_choice_has_a_way_out(definition):
    for name, state in every_state(definition):
        if state["Type"] == "Choice":
            assert state["Default"], name


def paths_to_the_end(states, name, before=()):
    assert name not in before, f"{name} comes round again after a failure"
    path = (*before, name)
    after = following(states[name])
    if not after:
        yield path
    for following_name in after:
        yield from paths_to_the_end(states, following_name, path)


def test_every_failure_puts_the_function_back_and_then_fails(definition):
    states = definition["States"]
    begin = {state["Catch"][0]["Next"] for name, state in states.items() if "Catch" in state and name != RESTORE}
    begin |= {state["Default"] for state in states.values() if state["Type"] == "Choice"}
    assert begin
    for first in begin:
        for path in paths_to_the_end(states, first):
            assert RESTORE in path, path
            assert path[-1] == "Failed", path
    assert states[RESTORE]["Catch"][0]["Next"] == "Failed, and not put back"


def test_a_failed_group_does_not_fail_the_others(definition):
    measure = definition["States"]["Measure"]
    inside = measure["ItemProcessor"]["States"]
    (note,) = {state["Catch"][0]["Next"] for state in inside.values() if "Catch" in state}
    assert inside[note]["Type"] == "Pass" and inside[note]["End"]
    assert set(inside[note]["Parameters"]) == {"group.$", "error.$"}
    assert measure["MaxConcurrency"] == 10


def test_no_error_hides_what_is_known(definition):
    for name, state in every_state(definition):
        for catcher in state.get("Catch", []):
            kept = catcher.get("ResultPath", "$").startswith("$.")
            # The input of the first state may be anything, also something that a field can't be added to.
            assert kept or name == definition["StartAt"], name
    assert definition["States"][RESTORE]["Catch"][0]["ResultPath"] != "$.error", "the first error would be lost"


def test_a_failed_execution_says_what_restoring_handed_on(definition):
    failed = definition["States"]["Failed"]
    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.error", "$.cause")
    not_restored = definition["States"]["Failed, and not put back"]
    assert not_restored["Error"] == "Tuner.NotRestored"
    assert "tuner restore --function {}" in not_restored["CausePath"]


def test_errors_that_are_named_are_raised(definition):
    sources = "".join(path.read_text() for path in (ROOT / "crates/tuner-lambdas/src").rglob("*.rs"))
    raised = set(re.findall(r'"(Tuner\.\w+)"', sources))
    named = set()
    for _, state in every_state(definition):
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
            named |= set(rule["ErrorEquals"])
    assert {name for name in named if name.startswith("Tuner.")} <= raised
    assert {name for name in named if not name.startswith("Tuner.")} <= PLATFORM
    assert definition["States"]["Note an unknown plan"]["Result"]["Error"] in raised


def test_placeholders_are_those_that_both_templates_fill():
    wanted = placeholders("statemachine/power-tuning.asl.json")
    terraform = (ROOT / "infra/terraform/main.tf").read_text()
    assert set(re.findall(r"^    (\w+) += ", terraform[terraform.index("templatefile(") :], re.M)) == wanted
    import sam

    assert set(sam.template()["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"]) == wanted


def placeholders(path):
    return set(re.findall(r"\$\{(\w+)\}", (ROOT / path).read_text()))
