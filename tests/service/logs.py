"""CloudWatch Logs for functions in our local Lambda, which itself answers with the log's tail and keeps none."""

import base64
import contextlib
import json
import re
import threading
import time
import uuid

from cloud import ACCOUNT, client
from gateway import Answer


class Logs:
    """Takes the REPORTs out of Invoke's answers and writes them to a log group, as when LogResult has none; and makes
    asynchronous invocations, whose REPORT is in the log group only."""

    def __init__(self, gateway, backend, function, group=None):
        self.gateway, self.logs = gateway, client("logs", backend, ACCOUNT)
        self.group, self.stream = group or f"/aws/lambda/{function}", "2026/11/21/[1]" + uuid.uuid4().hex
        self.asynchronous = 0
        # The versions for which Lambda's own repetitions were turned off.
        self.without_repetitions = set()
        with contextlib.suppress(self.logs.exceptions.ResourceAlreadyExistsException):
            self.logs.create_log_group(logGroupName=self.group)
        self.logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        gateway.when(function, "Invoke", act=self.before)
        gateway.when(function, "Invoke", act=self.after, after=True)
        # Which our local Lambda does not offer.
        gateway.when(function, "PutFunctionEventInvokeConfig", act=self.configure)

    def configure(self, call):
        if json.loads(call.body).get("MaximumRetryAttempts") == 0:
            self.without_repetitions.add(call.qualifier)
        return Answer(200, {"Content-Type": "application/json"}, call.body)

    def before(self, call):
        if header(call.headers, "x-amz-invocation-type") != "Event":
            return None
        self.asynchronous += 1
        request_id = str(uuid.uuid4())
        threading.Thread(target=self.run, args=(call, request_id), daemon=True).start()
        return Answer(202, {"x-amzn-RequestId": request_id}, b"")

    def run(self, call, request_id):
        """One try: a tuning turns off Lambda's own repetitions."""
        headers = {k: v for k, v in call.headers.items() if not k.lower().startswith("x-amz-")}
        headers |= {"X-Amz-Log-Type": "Tail", "X-Amz-Invocation-Type": "RequestResponse"}
        _, answered, _ = self.gateway.forward(call, "POST", call.target, headers, call.body)
        own_id, lines = report(answered)
        self.write([line.replace(own_id, request_id) for line in lines])

    def after(self, call):
        status, headers, body = call.response
        _, lines = report(headers)
        self.write(lines)
        kept = {k: v for k, v in headers.items() if k.lower() != "x-amz-log-result"}
        return Answer(status, kept, body)

    def write(self, lines):
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)


def header(headers, name):
    return next((value for key, value in headers.items() if key.lower() == name), None)


def report(headers):
    """The request ID and the log lines of an answer to Invoke."""
    tail = base64.b64decode(header(headers, "x-amz-log-result") or "").decode()
    return re.search(r"[0-9a-f-]{36}", header(headers, "x-amzn-requestid") or tail)[0], tail.splitlines()
