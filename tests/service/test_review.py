"""Memory reviews: real functions with real logs, recorded answers, failures, and 2,000 simulated functions."""

import itertools
import json
import time

import pytest

import account as aws
from account import Account, answer, count, refused, simulated
from cloud import client
from reviews import FILES, Logged, deploy_reviews
from servers import until

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def whole_account(gateway, ministack):
    with Account(gateway.endpoint, ministack) as whole:
        yield whole


@pytest.fixture
def account(whole_account):
    whole_account.empty()
    return whole_account


@pytest.fixture(scope="module")
def topic(cloud, ministack):
    """A topic, and a queue behind it: gives the topic and what waits for a message."""
    name = f"reviews-{cloud.engine}"
    sns, sqs = client("sns", ministack), client("sqs", ministack)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def told(about):
        """The message that has this in it, among those of other tests."""

        def found():
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                if about in body["Message"]:
                    return body

        return until(found, f"a message about {about}", 10, 0.1)

    return topic, told


@pytest.fixture(scope="module")
def reviews(service, whole_account, topic):
    """The state machine of reviews. Its bucket is that of the service: there the tunings are."""
    return deploy_reviews(service, f"reviews-{service.cloud.engine}", whole_account.environment, topic[0])


@pytest.fixture
def logged(account, local_lambda, ministack, target):
    """A function of the account: really there, really invoked, its log really kept."""

    def make(program, group=None, patch=None, **settings):
        function = Logged(local_lambda, ministack, target(program, **settings), group)
        account.add(function.target.name, **({"LoggingConfig": {"LogFormat": "Text", "LogGroup": group}} if group else {}), **(patch or {}))
        return function

    return make


def sizes(row):
    return {size["memory_size_mb"]: size for size in row["evidence"].get("sizes", [])}


def test_functions_that_were_really_invoked(reviews, account, logged, gateway, topic):
    """At several sizes; with a shared group, a missing one, an image, and a region that is not enabled."""
    waiting = logged("wait", MemorySize=1024).invoke(10, {"ms": 1}).invoke(60, {"ms": 1}, 2048).counted()
    busy = logged("hash", MemorySize=128).invoke(25, {"blocks": 2}).counted()
    shared = f"/shared/{next(numbers)}"
    in_group = [logged("wait", shared, MemorySize=512).invoke(3 + n, {"ms": 1}).counted() for n in range(2)]
    image = logged("wait", patch={"PackageType": "Image", "Runtime": ""}, MemorySize=256).invoke(2, {"ms": 1}).counted()
    silent = logged("wait", patch={"LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/missing/{next(numbers)}"}})
    count(reviews.cloud.backend, {silent.target.name: {"invocations": 40, "duration_ms": 12.0}})
    before = len(gateway.of(waiting.target.name, "Invoke"))

    done = reviews.run({"regions": ["us-east-1", "eu-west-1"], "budgetUsd": 0}).succeeded()

    rows = done.functions()
    assert done.output["functions"] == len(rows) == 6
    assert {size: s["invocations"] for size, s in sizes(rows[waiting.target.name]).items()} == {1024: 10, 2048: 60}
    # Read as a sample, which is free; all of what is there is in it.
    assert rows[waiting.target.name]["evidence"]["logs"]["source"] == "filter_log_events"
    assert not [gap for gap in rows[waiting.target.name]["evidence"].get("gaps", [])]
    assert "memory_overprovisioned" in done.kinds(waiting.target.name), rows[waiting.target.name]["findings"]
    assert {size: s["invocations"] for size, s in sizes(rows[busy.target.name]).items()} == {128: 25}
    for function in in_group:
        assert sum(s["invocations"] for s in sizes(rows[function.target.name]).values()) == function.invocations
    assert rows[image.target.name]["function"]["package"] == "image"
    assert sum(s["invocations"] for s in sizes(rows[image.target.name]).values()) == 2
    assert "no_logs" in done.kinds(silent.target.name)
    # Billed milliseconds at the price of us-east-1, a month of them: what the metrics counted, at the size now configured.
    bill = rows[waiting.target.name]["monthly"]
    assert bill["invocations"] > 0 and bill["bill"]["total"]["amount"] > 0

    home, other = sorted(done.output["regions"], key=lambda region: region["region"], reverse=True)
    assert home == {"region": "us-east-1", "functions": 6}
    assert (other["region"], other["functions"]) == ("eu-west-1", 0) and "security token" in other["problem"]

    assert {key.removeprefix(done.folder) for key in reviews.keys(done.folder)} >= FILES
    assert any(key.endswith(f"{done.output['reviewId']}.json") for key in reviews.keys("review-history/"))
    assert len(gateway.of(waiting.target.name, "Invoke")) == before, "a review invokes nothing"
    assert {call.operation for call in account.calls} <= {
        "ListFunctions",
        "GetFunction",
        "ListProvisionedConcurrencyConfigs",
        "ListEventSourceMappings",
        "GetPolicy",
        "GetMetricData",
        "DescribeLogGroups",
        "FilterLogEvents",
        "GetLambdaFunctionRecommendations",
    }, "a budget of nothing makes no query"
    told = topic[1](done.output["report"]["html"])
    assert told["Subject"].startswith("Memory review") and len(told["Subject"]) <= 100


def recorded(group, size, reports, mean_ms=100.0, used=100, **more):
    """A row of an answer of Insights: every value is a text, and what no line had is left out."""
    values = {
        "@log": f"000000000000:{group}",
        "sizeMb": str(size),
        "reports": str(reports),
        "firstSeen": "2026-11-01 00:00:00.000",
        "lastSeen": "2026-11-20 23:59:59.000",
        "meanMs": f"{mean_ms:.4f}",
        "p50Ms": f"{mean_ms:.2f}",
        "p95Ms": f"{mean_ms * 1.2:.2f}",
        "p99Ms": f"{mean_ms * 1.5:.2f}",
        "maxMs": f"{mean_ms * 2:.2f}",
        "billedSumMs": str(int(reports * (mean_ms + 0.5))),
        "billed": str(reports),
        "coldStarts": "0",
        "restored": "0",
        "maxUsedMb": str(used),
        "timeouts": "0",
        "outOfMemories": "0",
        "failures": "0",
        **more,
    }
    return [{"field": field, "value": value} for field, value in values.items()]


def insights(account, row_of, bytes_scanned=1_000_000):
    """CloudWatch Logs Insights, which no emulator has: answers of recorded shape. The first look finds it at work."""
    queries = {}

    def start(call):
        query = f"query-{len(queries) + 1}"
        queries[query] = call.json["logGroupNames"]
        return answer({"queryId": query})

    def results(call):
        query = call.json["queryId"]
        groups, queries[query] = queries[query], tuple(queries[query])
        statistics = {"recordsMatched": 1.0, "recordsScanned": 1.0, "bytesScanned": float(bytes_scanned)}
        if not isinstance(groups, tuple):
            return answer({"status": "Running", "results": [], "statistics": statistics})
        rows = [row for group in groups if (row := row_of(group))]
        return answer({"status": "Complete", "results": rows, "statistics": statistics})

    account.when("StartQuery", start)
    account.when("GetQueryResults", results)
    return queries


def test_answers_of_insights(reviews, account, logged):
    function = logged("wait", MemorySize=2048).invoke(1, {"ms": 1})
    count(reviews.cloud.backend, {function.target.name: {"invocations": 5000, "duration_ms": 100.0}})
    queries = insights(account, lambda group: recorded(group, 2048, 5000), bytes_scanned=2_000_000_000)
    done = reviews.run({"budgetUsd": 5}).succeeded()
    row = done.functions()[function.target.name]
    assert row["evidence"]["logs"]["source"] == "insights"
    assert {size: s["invocations"] for size, s in sizes(row).items()} == {2048: 5000}
    assert list(queries) == ["query-1"]
    assert (done.output["scan"]["queries"], done.output["scan"]["bytes"]) == (1, 2_000_000_000)
    # us-east-1: $0.005 a GB.
    assert done.output["scan"]["cost"]["amount"] == pytest.approx(0.01, rel=0.08)


def test_insights_refused_is_read_as_a_sample(reviews, account, logged):
    function = logged("wait", MemorySize=512).invoke(4, {"ms": 1}).counted()
    account.when("StartQuery", lambda _: aws.DENIED)
    done = reviews.run({}).succeeded()
    row = done.functions()[function.target.name]
    assert row["evidence"]["logs"]["source"] == "filter_log_events"
    assert {size: s["invocations"] for size, s in sizes(row).items()} == {512: 4}


def test_logs_that_may_not_be_read_are_a_row(reviews, account, logged):
    function = logged("wait", MemorySize=512).invoke(2, {"ms": 1}).counted()
    for operation in ("StartQuery", "FilterLogEvents"):
        account.when(operation, lambda _: aws.DENIED)
    done = reviews.run({}).succeeded()
    assert "no_access" in done.kinds(function.target.name)


def test_registered_functions_are_tuned_and_no_other(reviews, account, logged, gateway):
    """By the real state machine of tunings. The range becomes a measured number."""
    ready = [logged("wait", MemorySize=3008).invoke(60, {"ms": 20}) for _ in range(3)]
    registered, unknown, broken = [function.target.name for function in ready]
    count(reviews.cloud.backend, {name: {"invocations": 900_000, "duration_ms": 20.0} for name in (registered, unknown, broken)})
    before = len(gateway.of(unknown, "Invoke"))
    entry = {"payload": {"ms": 20}, "num": 5, "powerValues": [128, 3008]}
    registry = {"functions": {registered: entry, broken: entry | {"preProcessorARN": "nobody"}, "another-*": {"payload": 1}}}
    s3 = reviews.cloud.client("s3")
    s3.put_object(Bucket=reviews.bucket, Key="payloads/registry.json", Body=json.dumps(registry))
    tuned = next(function.target for function in ready if function.target.name == registered)

    done = reviews.run({"tune": 3, "budgetUsd": 0, "payloads": f"s3://{reviews.bucket}/payloads/registry.json"}).succeeded()

    rows = done.functions()
    assert done.output["tuned"] == {"measured": 1, "failed": 1}, [rows[name].get("tuned") for name in (registered, broken)]
    rows = done.functions()
    row = rows[registered]
    assert row["tuned"]["memory_size_mb"] == 128 and row["tuned"]["status"] == "succeeded", row["tuned"]
    (saving,) = [f["saving"] for f in row["findings"] if f["kind"] == "memory_overprovisioned"]
    assert saving["basis"] == "measured" and saving["at_best"]["amount"] > 0
    assert done.output["savingMeasured"]["amount"] > 0
    assert "nobody" in rows[broken]["tuned"]["problem"]
    assert "tuned" not in rows[unknown]
    assert len(gateway.of(unknown, "Invoke")) == before, "nobody registered it"
    assert len(gateway.of(registered, "Invoke")) > 0
    tuned.is_as_before()
    # Payloads are kept no longer than they are needed.
    assert b'"input"' not in reviews.object(done.folder + "tunings.json")
    assert "Wait for tunings" in done.entered()


def test_a_registry_that_is_no_registry(reviews, account, topic):
    """It is said before anything is paid for."""
    reviews.cloud.client("s3").put_object(Bucket=reviews.bucket, Key="payloads/broken.json", Body=b'{"function": {}}')
    at = f"s3://{reviews.bucket}/payloads/broken.json"
    done = reviews.run({"tune": 1, "payloads": at}).failed("Tuner.Input")
    assert at in done.cause and "functions" in done.cause
    assert account.calls == []
    assert "failed" in topic[1](at)["Subject"]


@pytest.mark.parametrize(
    ("given", "says"),
    [({"region": "eu-west-1"}, "did you mean regions?"), ({"days": 91}, "days is 91"), ("text", "must be a JSON object")],
)
def test_an_input_that_is_wrong(reviews, account, given, says):
    done = reviews.run(json.dumps(given)).failed("Tuner.Input")
    assert says in done.cause
    assert account.calls == []


def test_no_region_can_be_read(reviews, account):
    done = reviews.run({"regions": "eu-west-1"}).failed("Tuner.Denied")
    assert "eu-west-1" in done.cause


def test_what_came_of_the_last_advice(reviews, account, logged):
    """The size was changed as advised: the second review says so, and what it really saves."""
    function = logged("wait", MemorySize=2048).invoke(60, {"ms": 1})
    counted = {function.target.name: {"invocations": 500_000, "duration_ms": 6.0}}
    count(reviews.cloud.backend, counted)
    asked = {"budgetUsd": 0, "regions": ["us-east-1"]}
    first = reviews.run(asked).succeeded()
    assert "memory_overprovisioned" in first.kinds(function.target.name)
    function.invoke(60, {"ms": 1}, 512)
    second = reviews.run(asked).succeeded()
    assert second.output["sinceLast"]["reviewId"] == first.output["reviewId"]
    assert (second.output["sinceLast"]["advised"], second.output["sinceLast"]["followed"]) == (1, 1)
    changes = second.functions()[function.target.name]["changes"]
    assert changes["memory_size_mb"] == 2048 and changes["advice"]["followed"]
    assert changes["advice"]["saved"]["amount"] > 0


def many(account, count_of_functions):
    """Simulated functions with logs that Insights knows: each tenth runs out of memory, others use a tenth of it."""
    account.simulated = [simulated(number) for number in range(count_of_functions)]
    names = sorted(entry["FunctionName"] for entry in account.simulated)

    def groups(call):
        prefix = call.json["logGroupNamePrefix"]
        groups = [group for group in (f"/aws/lambda/{name}" for name in names) if group.startswith(prefix)]
        begin = int(call.json.get("nextToken", 0))
        page = [{"logGroupName": group, "storedBytes": 1_000_000, "creationTime": 1} for group in groups[begin : begin + 50]]
        more = {"nextToken": str(begin + 50)} if begin + 50 < len(groups) else {}
        return answer({"logGroups": page, **more})

    account.when("DescribeLogGroups", groups)

    def row(group):
        number = int(group.rpartition("-")[2])
        return recorded(group, 512, 10_000, used=512 if number % 10 == 0 else 51, outOfMemories="3" if number % 10 == 0 else "0")

    return insights(account, row)


def test_two_thousand_functions(reviews, account, capsys):
    queries = many(account, 2000)
    begun = time.monotonic()
    done = reviews.run({"budgetUsd": 10}, 300).succeeded()
    seconds = time.monotonic() - begun
    assert done.output["functions"] == 2000
    assert done.batches() == (40, 0)
    # 50 log groups a query.
    assert len(queries) == done.output["scan"]["queries"] == 40
    found = done.output["findings"]
    assert found["memory_underprovisioned"] == 200 and found["memory_overprovisioned"] == 1800
    assert len(done.output["first"]) == 10
    document = len(reviews.object(done.folder + "review.json"))
    page = len(reviews.object(done.folder + "report.html"))
    assert page < 2_000_000
    # Step Functions takes 262,144 bytes and 25,000 events.
    assert done.largest_state() < 8 * 1024 and len(done.history()) < 60
    with capsys.disabled():
        print(
            f"\n2,000 functions on {reviews.cloud.engine}: {seconds:.0f} s, {len(done.history())} events, largest state "
            f"{done.largest_state()} bytes, document {document} bytes, page {page} bytes"
        )


def test_a_child_that_dies_is_rows(reviews, account):
    """Its Lambda function is killed each time. The others are looked at all the same, and the rows say why."""
    many(account, 120)
    # Batches are cut in the order of the log groups' names.
    victim = sorted(entry["FunctionName"] for entry in account.simulated)[0]
    account.when("GetFunction", lambda call: aws.kill(call) if aws.name_of(call.target) == victim else None)
    done = reviews.run({"budgetUsd": 10}).succeeded()
    assert done.batches() == (2, 1)
    rows = done.functions()
    dead = [name for name, row in rows.items() if any(f["kind"] == "failed" for f in row.get("findings", []))]
    assert len(rows) == 120 and 1 <= len(dead) <= 50 and victim in dead
    gap = next(gap["text"] for gap in rows[victim]["evidence"]["gaps"] if gap["why"] == "failed")
    assert "a step of the tuner was killed" in gap
    assert done.output["findings"]["failed"] == len(dead)


def test_stopped_and_started_again(reviews, account):
    many(account, 60)
    reached = []
    account.when("GetFunction", lambda call: reached.append(call) or time.sleep(0.5))
    first = reviews.start({"budgetUsd": 10})
    until(lambda: reached, "the first look")
    first.stop(error="Tuner.Interrupted", cause="as asked")
    history = set(reviews.keys("review-history/"))
    assert first.ended().status == "ABORTED"
    account.rules = [rule for rule in account.rules if rule[0] != "GetFunction"]
    second = reviews.run({"budgetUsd": 10}).succeeded()
    assert second.output["functions"] == 60
    added = set(reviews.keys("review-history/")) - history
    assert [key for key in added if second.output["reviewId"] not in key] == [], "what was stopped is no review"


def test_a_throttled_account_is_waited_out(reviews, account):
    many(account, 10)
    throttled = refused("ThrottlingException", "Rate exceeded", 429)
    seen = {}

    def once(call):
        seen[call.operation] = seen.get(call.operation, 0) + 1
        return throttled if seen[call.operation] == 1 else None

    for operation in ("ListFunctions", "GetMetricData", "GetFunction", "DescribeLogGroups"):
        account.rules.insert(0, (operation, None, once))
    done = reviews.run({"budgetUsd": 10}).succeeded()
    assert done.output["functions"] == 10 and set(seen) == {"ListFunctions", "GetMetricData", "GetFunction", "DescribeLogGroups"}
    assert "failed" not in done.output["findings"]


def test_a_schedule_begins_a_review(reviews, account, engine, logged):
    if engine == "moto":
        pytest.skip("moto's Scheduler never fires")
    function = logged("wait", MemorySize=512).invoke(1, {"ms": 1}).counted()
    before = set(reviews.keys("review-history/"))
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    reviews.cloud.client("scheduler").create_schedule(
        Name=f"monthly-{next(numbers)}",
        ScheduleExpression=f"at({at})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": reviews.arn,
            "RoleArn": "arn:aws:iam::000000000000:role/schedule",
            "Input": json.dumps({"days": 30, "budgetUsd": 0, "tune": 0}),
        },
    )
    (entry,) = until(lambda: set(reviews.keys("review-history/")) - before, "the review that the schedule began", 60, 0.2)
    review_id = entry.removeprefix("review-history/").removesuffix(".json")
    until(lambda: f"reviews/{review_id}/report.csv" in reviews.keys(f"reviews/{review_id}/"), "its report")
    document = json.loads(reviews.object(f"reviews/{review_id}/review.json"))
    assert [row["function"]["name"].rpartition(":")[2] for row in document["functions"]] == [function.target.name]
