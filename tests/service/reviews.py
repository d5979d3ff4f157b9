"""Memory reviews in the emulated cloud."""

import base64
import contextlib
import json
import re
import time

import jsonschema

from account import count
from cloud import STATE_MACHINE, Deployed, Execution, client, definition, deploy_machine, deploy_steps

REVIEW_STEPS = ["review-list", "review-look", "review-rank", "review-tune", "review-report"]
REVIEW_OUTPUT = json.loads((STATE_MACHINE / "memory-review.output.schema.json").read_text())
# What a review leaves, beside what its steps hand to one another.
FILES = {"review.json", "report.html", "report.svg", "report.md", "report.csv"}


class Reviews(Deployed):
    """The state machine of reviews as somebody has deployed it, beside that of tunings."""

    def start(self, execution_input):
        started = super().start(execution_input)
        return Review(self, started.arn)


def deploy_reviews(service, name, variables, topic=None):
    """Beside the service that tunes, in its bucket."""
    told = {"TUNER_REVIEW_TOPIC": topic} if topic else {}
    machine = {"TUNER_STATE_MACHINE": service.arn, "TUNER_CONTROL_PLANE_RATE": "1000"}
    arns = deploy_steps(service.cloud, REVIEW_STEPS, name, service.bucket, machine | variables | told)
    text = definition("memory-review", arns)
    if service.cloud.engine == "moto":
        # moto's grammar wants a fraction here; the States Language says a number.
        whole = '"ToleratedFailurePercentage": 100'
        assert whole in text
        text = text.replace(whole, whole + ".0")
    return Reviews(service.cloud, deploy_machine(service.cloud, name, text), service.bucket)


class Review(Execution):
    """An execution of it."""

    def succeeded(self):
        assert self.status == "SUCCEEDED", f"{self.status} {self.error}: {self.cause}"
        jsonschema.validate(self.output, REVIEW_OUTPUT)
        return self

    @property
    def folder(self):
        return f"reviews/{self.output['reviewId']}/"

    def review(self):
        return json.loads(self.service.object(self.folder + "review.json"))

    def functions(self):
        """The rows of the document, by the function's plain name."""
        return {row["function"]["name"].rpartition(":")[2]: row for row in self.review()["functions"]}

    def kinds(self, name):
        return {finding["kind"] for finding in self.functions()[name].get("findings", [])}

    def batches(self):
        """How many children of the Distributed Map ended how."""
        (run,) = self.states.list_map_runs(executionArn=self.arn)["mapRuns"]
        counts = self.states.describe_map_run(mapRunArn=run["mapRunArn"])["executionCounts"]
        return counts["succeeded"], counts["failed"]


class Logged:
    """A function of our local Lambda that is really invoked, and whose log is really there, in MiniStack."""

    def __init__(self, functions, backend, target, group=None, json_logs=False):
        self.target, self.functions, self.backend = target, client("lambda", functions), backend
        self.group = group or f"/aws/lambda/{target.name}"
        # In a group that functions share the stream names the function. Source: Lambda, "Configuring CloudWatch log groups".
        prefix = f"{target.name}" if group else ""
        self.stream = f"2026/11/21/{prefix}[$LATEST]{'0' * 31}1"
        self.invocations, self.ms = 0, 0.0
        logs = client("logs", backend)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=self.group)
        logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)

    def invoke(self, times, payload, memory_size_mb=None):
        """At this size, if another is wanted; the size stays."""
        if memory_size_mb:
            self.target.update(MemorySize=memory_size_mb)
            self.target.before = self.target.seen()
        lines = []
        for _ in range(times):
            answer = self.functions.invoke(FunctionName=self.target.name, Payload=json.dumps(payload), LogType="Tail")
            assert "FunctionError" not in answer, answer["Payload"].read()
            lines += base64.b64decode(answer["LogResult"]).decode().splitlines()
        durations = re.findall(r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms", "\n".join(lines))
        durations += re.findall(r'"durationMs":([\d.]+)', "".join(lines))
        assert len(durations) >= times
        self.invocations += times
        self.ms += sum(map(float, durations[-times:]))
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        client("logs", self.backend).put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        return self

    def counted(self):
        """CloudWatch counts it, too."""
        count(self.backend, {self.target.name: {"invocations": self.invocations, "duration_ms": self.ms / self.invocations}})
        return self
