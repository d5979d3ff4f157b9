"""Tunings that choose sizes and numbers of invocations by what they measure."""

import pytest

from gateway import denied
from noise import despite_noise
from targets import FAILING_ECHO

# What the grid of six sizes with ten warm invocations makes.
GRID_INVOCATIONS = 66
# What `standard` makes at most, however much noise there is to see through.
MOST_INVOCATIONS = 100
STANDARD = {"preset": "standard"}
# Timing needs the two processors of a small machine: one invocation at a time.
ALONE = {"maxConcurrency": 1}


def by_size(document):
    return {size["memory_size_mb"]: size for size in document["sizes"]}


def bouts(calls):
    """How often the function was changed for a while: runs of changes with no invocation between."""
    changes = [call.operation != "Invoke" for call in calls if call.operation in ("Invoke", "UpdateFunctionConfiguration")]
    return sum(change and not before for before, change in zip([False, *changes], changes))


def early_end(done):
    return [warning for warning in done.output["warnings"] if warning.startswith("measuring ended early")]


def test_a_function_that_waits_costs_least_at_the_smallest_size(service, gateway, target, capsys):
    def agree():
        function = target("wait", MemorySize=1024)
        done = service.run({"lambdaARN": function.arn, "payload": {"ms": 100}, **STANDARD}).succeeded()
        document = done.document()
        assert (done.output["power"], done.output["verdict"]) == (128, "move")
        assert document["request"]["preset"] == "standard"
        sizes = by_size(document)
        assert {128, 256, 1024} <= set(sizes)
        # Every invocation has its record, and there are far fewer than a grid makes.
        invoked = gateway.of(function.name, "Invoke")
        assert len(invoked) == len(document["records"]) == sum(map(len, done.records().values())) < GRID_INVOCATIONS
        assert done.output["costOfThisTuning"]["function"]["invocations"] == len(invoked)
        # The sizes of the way up are published together, and the function is back before it is measured.
        calls = gateway.of(function.name)
        published = sum(call.operation == "PublishVersion" for call in calls)
        assert bouts(calls) <= 2 and published <= 8
        others = sum(call.operation != "GetFunction" and call.operation != "Invoke" for call in calls)
        with capsys.disabled():
            print(
                f"\nstandard: {done.transitions()} transitions, {len(invoked)} invocations at {len(sizes)} sizes, {published}"
                f" versions in {bouts(calls)} bouts, {others} other calls of the control plane"
            )
        assert done.transitions() <= 30
        told = done.output["costOfThisTuning"]["stateMachine"]["stateTransitions"]
        assert abs(told - done.transitions()) <= 2

    despite_noise(agree)


@pytest.mark.alone
def test_a_function_of_the_processor_alone_is_fastest_with_a_whole_one(service, target):
    function = target("hash", MemorySize=512)

    def agree():
        done = service.run(
            {"lambdaARN": function.arn, "payload": {"blocks": 15}, "strategy": "speed", **STANDARD, **ALONE}
        ).succeeded()
        document = done.document()
        means = {size: one["warm"]["duration_ms"]["mean"]["value"] for size, one in by_size(document).items() if one.get("warm")}
        chosen = done.output["power"]
        # The last of them is one processor. Larger ones are no faster: only where they measured so, as noise can make it.
        slower = [size for size, mean in means.items() if 1280 <= size <= 1769 and mean > 1.03 * means[chosen]]
        assert 1280 <= chosen and (chosen <= 1769 or slower), (done.output["sentence"], means)
        assert document["exploration"]["invocations"] <= MOST_INVOCATIONS

    despite_noise(agree)


def test_sizes_that_are_too_small(service, gateway, target):
    """The present one among them: each costs one invocation, and the way leads on to larger ones."""
    function = target("memory", MemorySize=128)
    done = service.run({"lambdaARN": function.arn, "payload": {"mb": 300}, **STANDARD}).succeeded()
    sizes = by_size(done.document())
    for size in (128, 256):
        assert sizes[size]["status"] == {"kind": "failed", "outcome": "out_of_memory"}
    assert sum(call.qualifier is not None for call in gateway.of(function.name, "Invoke")) == len(done.document()["records"])
    assert [len(done.records()[size]) for size in (128, 256)] == [1, 1]
    assert done.output["status"] == "partial"
    # With a fifth more than the 300 MB that it uses.
    assert done.output["power"] >= 360


def test_a_limit_that_no_size_keeps(service, target):
    function = target("wait", MemorySize=256)
    done = service.run(
        {"lambdaARN": function.arn, "payload": {"ms": 50}, "maxP95Ms": 5, "autoOptimize": True, **STANDARD}
    ).succeeded()
    output = done.output
    assert (output["verdict"], output["power"], output["cost"], output["duration"]) == ("constraint_not_met", None, None, None)
    closest = output["closest"]
    assert (closest["field"], closest["limit"]) == ("maxP95Ms", 5) and closest["value"] > 50
    assert closest["memorySizeMb"] in by_size(done.document())
    assert output["applied"] is None


def test_a_limit_that_decides(service, target):
    """The smallest size is the cheapest, and too slow: half a processor or more is needed."""
    function = target("hash", MemorySize=1769)
    given = {"lambdaARN": function.arn, "payload": {"blocks": 15}, **STANDARD, **ALONE}

    def agree():
        free = service.run(given).succeeded()
        mean = by_size(free.document())[1769]["warm"]["duration_ms"]["mean"]["value"]
        done = service.run({**given, "maxMeanMs": 3 * mean}).succeeded()
        # A third of 1,769 MB, as far as noise goes.
        assert 440 <= done.output["power"], done.output["sentence"]
        assert done.output["duration"] <= 3 * mean
        assert done.output["closest"] is None

    despite_noise(agree)


def test_a_budget_of_invocations(service, gateway, target):
    function = target("wait", MemorySize=512)
    done = service.run(
        {"lambdaARN": function.arn, "payload": {"ms": 20}, "preset": "thorough", "budgetInvocations": 7}
    ).succeeded()
    assert 2 <= len(gateway.of(function.name, "Invoke")) <= 7
    [words] = early_end(done)
    assert "budget of invocations" in words
    assert done.document()["request"]["budget"] == {"invocations": 7}


def test_a_budget_of_money_and_time(service, target):
    function = target("wait", MemorySize=256, Timeout=3)
    done = service.run(
        {
            "lambdaARN": function.arn,
            "payload": {"ms": 100},
            "preset": "thorough",
            # Nothing is known of the first invocations but that each ends after 3 s, and 10 s of init.
            "budgetCost": 0.0003,
            "budgetSeconds": 300,
        }
    ).succeeded()
    assert 0 < done.output["costOfThisTuning"]["function"]["cost"]["amount"] <= 0.0003


def test_a_budget_for_nothing_at_all(service, gateway, target):
    function = target("wait", MemorySize=512)
    done = service.run({"lambdaARN": function.arn, "budgetCost": 0.0000001, **STANDARD}).failed("Tuner.EverySizeFailed")
    assert "the budget of money" in done.cause
    assert gateway.of(function.name, "Invoke") == []


def test_a_function_that_fails_everywhere(service, gateway, target):
    function = target(FAILING_ECHO)
    done = service.run({"lambdaARN": function.arn, "payload": "bad", **STANDARD}).failed("Tuner.EverySizeFailed")
    assert "Tuner.Bad" in done.cause and "as asked" in done.cause
    assert len(gateway.of(function.name, "Invoke")) <= 15


def test_a_missing_permission_to_invoke_is_named(service, gateway, target):
    function = target("wait")
    gateway.when(function.name, "Invoke", act=lambda call: denied("lambda:InvokeFunction", f"{function.arn}:{call.qualifier}"))
    done = service.run({"lambdaARN": function.arn, **STANDARD})
    assert done.status == "FAILED"
    assert "lambda:InvokeFunction" in done.cause and function.arn in done.cause
    # It says so for every size: there is no need to ask many times.
    assert len(gateway.of(function.name, "Invoke")) <= 3


def test_weighted_payloads(service, gateway, target):
    function = target("wait", MemorySize=256)
    payloads = [{"payload": {"ms": 1}, "weight": 3}, {"payload": {"ms": 2}, "weight": 1}]
    done = service.run({"lambdaARN": function.arn, "payload": payloads, "preset": "frugal"}).succeeded()
    for size, records in done.records().items():
        assert {record["payload_index"] for record in records} == {0, 1}, size
