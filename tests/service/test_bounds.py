"""What a tuning takes: states, history, calls."""

import pytest

from cloud import deploy

TEN_SIZES = [128, 256, 384, 512, 640, 768, 1024, 1536, 1769, 2048]


def test_six_sizes_take_few_transitions_and_calls(service, gateway, target, capsys):
    """aws-lambda-power-tuning 4.4.0 takes 5 + 3 x 6 transitions by its state machine's definition."""
    function = target("wait", MemorySize=1024)
    done = service.run({"lambdaARN": function.arn, "payload": {"ms": 5}}).succeeded()
    calls = gateway.of(function.name)
    # GetFunction has a quota of its own, 100 a second; all other control-plane calls share 15.
    polls = [call for call in calls if call.operation == "GetFunction"]
    others = [call.operation for call in calls if call.operation != "GetFunction"]
    with capsys.disabled():
        counted = {name: others.count(name) for name in sorted(set(others))}
        print(f"\n6 sizes: {done.transitions()} transitions, {counted}, {len(polls)} x GetFunction")
    assert done.transitions() <= 30
    assert len(others) <= 4 * 6


@pytest.fixture(scope="module")
def quick_service(cloud, local_lambda, packages):
    """Without the gateway between: ten thousand calls need not be looked at."""
    return deploy(cloud, packages, f"quick-{cloud.engine}", {"AWS_ENDPOINT_URL_LAMBDA": local_lambda})


def test_ten_sizes_a_thousand_times(quick_service, target):
    function = target("hash")
    done = quick_service.run(
        {"lambdaARN": function.arn, "num": 1000, "powerValues": TEN_SIZES, "payload": {"blocks": 0}}, 300
    ).succeeded()
    warm = lambda records: sum(record["start"] == "warm" for record in records)  # noqa: E731
    assert {size: warm(records) for size, records in done.counted().items()} == dict.fromkeys(TEN_SIZES, 1000)
    # Every invocation has its record.
    made = {size["memory_size_mb"]: size["outcomes"]["success"] for size in done.document()["sizes"]}
    assert {size: len(records) for size, records in done.records().items()} == made


def test_ten_sizes_with_a_hundred_cold_starts(quick_service, target):
    function = target("hash")
    done = quick_service.run(
        {
            "lambdaARN": function.arn,
            "num": 100,
            "powerValues": TEN_SIZES,
            "payload": {"blocks": 0},
            "onlyColdStarts": True,
        },
        300,
    ).succeeded()
    for records in done.records().values():
        # The last round makes as many at the same time as any.
        assert 100 <= sum(record["start"] == "cold" for record in records) < 110
