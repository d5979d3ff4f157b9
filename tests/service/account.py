"""The account that a review looks at, as its Lambdas see it: a proxy before Lambda, CloudWatch, CloudWatch Logs and Compute
Optimizer.

Functions are those of a Lambda API, or simulated ones; logs and metrics are MiniStack's, unless a test has an answer of its
own. Every call is noted, with the region that it was made in: each region is an account's own.
"""

import contextlib
import dataclasses
import datetime
import http.server
import json
import os
import re
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import cbor2

from cloud import ACCOUNT, REGION, client
from gateway import Proxy

FUNCTIONS = "/2015-03-31/functions"
PROVISIONED = re.compile(r"/2019-09-30/functions/([^/]+)/provisioned-concurrency")


@dataclasses.dataclass
class Call:
    """A call of an AWS service."""

    region: str
    service: str
    operation: str
    method: str
    target: str
    headers: dict
    body: bytes
    # The address of whoever made it.
    peer: tuple

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def protocol(self):
        return {name.lower(): value for name, value in self.headers.items()}.get("smithy-protocol")

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))


def answer(body, status=200, **headers):
    return status, {"Content-Type": "application/x-amz-json-1.1", **headers}, json.dumps(body).encode()


def refused(code, message, status=400):
    """An error of a service that speaks JSON."""
    return answer({"__type": code, "message": message, "Message": message}, status, **{"x-amzn-ErrorType": code})


DENIED = refused("AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/x/y is not authorized", 403)
# What AWS says in a region that an account has not enabled.
NOT_ENABLED = refused("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
NO_POLICY = refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)
NOT_OPTED_IN = refused("OptInRequiredException", "Aws account is not registered for recommendations.", 403)


class Account(Proxy):
    """`endpoint` is what the Lambdas of the review are given for each of the services."""

    def __init__(self, functions, backend):
        self.functions, self.backend = functions, backend
        self.names, self.patches, self.simulated = [], {}, []
        # What ListEventSourceMappings tells.
        self.mappings = []
        # Invocations of each simulated function, of 100 ms.
        self.counted = 10_000
        self.calls, self.rules = [], []
        self.lock = threading.Lock()
        super().__init__()

    @property
    def environment(self):
        services = ("LAMBDA", "CLOUDWATCH", "CLOUDWATCH_LOGS", "COMPUTE_OPTIMIZER")
        return {f"AWS_ENDPOINT_URL_{service}": self.endpoint for service in services}

    def empty(self):
        """Another test, another account."""
        with self.lock:
            self.names, self.patches, self.simulated, self.mappings = [], {}, [], []
            self.calls, self.rules = [], []

    def add(self, name, **patch):
        """A function of the Lambda API is one of the account's; `patch` is what a list of functions says of it otherwise."""
        self.names.append(name)
        self.patches[name] = patch

    def when(self, operation, act, region=None):
        """`act(call)` answers, unless it gives None."""
        with self.lock:
            self.rules.append((operation, region, act))

    def of(self, *operations):
        with self.lock:
            return [call for call in self.calls if call.operation in operations]

    def respond(self, call):
        with self.lock:
            self.calls.append(call)
            rules = list(self.rules)
        for operation, region, act in rules:
            if operation == call.operation and region in (None, call.region) and (found := act(call)):
                return found
        if call.region != REGION:
            return NOT_ENABLED
        if call.operation == "ListFunctions":
            return self.list(call)
        if call.operation == "ListProvisionedConcurrencyConfigs":
            return answer({"ProvisionedConcurrencyConfigs": []})
        if call.operation == "ListEventSourceMappings":
            return answer({"EventSourceMappings": self.mappings})
        if call.operation == "GetPolicy":
            return NO_POLICY
        if call.operation == "GetFunction" and self.simulated:
            return answer({"Configuration": self.simulated[index_of(call.target)], "Tags": {"team": "seven"}})
        if call.operation == "GetMetricData" and self.simulated:
            return self.metrics(call)
        if call.service == "compute-optimizer":
            return NOT_OPTED_IN
        return forward(call, self.functions if call.service == "lambda" else self.backend)

    def list(self, call):
        if not self.simulated:
            status, headers, body = forward(call, self.functions)
            page = json.loads(body)
            listed = [f | self.patches[f["FunctionName"]] for f in page["Functions"] if f["FunctionName"] in self.names]
            return answer(page | {"Functions": listed})
        begin = int(call.query.get("Marker", 0))
        page = {"Functions": self.simulated[begin : begin + 50]}
        if begin + 50 < len(self.simulated):
            page["NextMarker"] = str(begin + 50)
        return answer(page)

    def metrics(self, call):
        """What CloudWatch counted for simulated functions. MiniStack would take minutes for thousands."""
        counted = {("Invocations", "Sum"): self.counted, ("Duration", "Sum"): self.counted * 100.0, ("Duration", "Maximum"): 100.0}
        results = []
        for query in cbor2.loads(call.body)["MetricDataQueries"]:
            asked = query["MetricStat"]
            value = float(counted.get((asked["Metric"]["MetricName"], asked["Stat"]), 0))
            results.append({"Id": query["Id"], "Label": query["Id"], "Values": [value], "StatusCode": "Complete"})
        body = cbor2.dumps({"MetricDataResults": results})
        return 200, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body

    def _handler(account):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")}
                call = read(self.command, self.path, headers, body, self.client_address)
                status, headers, content = in_its_protocol(call, account.respond(call))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response_only(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                    self.wfile.flush()

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        return Handler


def read(method, target, headers, body, peer):
    lower = {name.lower(): value for name, value in headers.items()}
    # Credential=KEY/DATE/REGION/SERVICE/aws4_request
    _, _, region, service, _ = re.search(r"Credential=([^,]+)", lower["authorization"])[1].split("/")
    path = urllib.parse.urlsplit(target).path
    if "x-amz-target" in lower:
        operation = lower["x-amz-target"].rpartition(".")[2]
    elif PROVISIONED.match(path):
        operation = "ListProvisionedConcurrencyConfigs"
    elif path.rstrip("/").endswith("/event-source-mappings"):
        operation = "ListEventSourceMappings"
    elif path.endswith("/policy"):
        operation = "GetPolicy"
    elif path.rstrip("/") == FUNCTIONS:
        operation = "ListFunctions"
    elif path.startswith(FUNCTIONS):
        operation = "GetFunction" if path.count("/") == 3 and method == "GET" else f"{method} {path}"
    else:
        operation = path.rpartition("/")[2]
    return Call(region, service, operation, method, target, headers, body, peer)


def in_its_protocol(call, answered):
    """An answer of ours in CBOR, where the call is."""
    status, headers, body = answered
    if call.protocol != "rpc-v2-cbor" or headers.get("Content-Type") != "application/x-amz-json-1.1":
        return answered
    return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, cbor2.dumps(json.loads(body))


def forward(call, endpoint):
    request = urllib.request.Request(endpoint + call.target, call.body or None, call.headers, method=call.method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, plain(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, plain(error.headers), error.read()


def plain(headers):
    dropped = ("connection", "content-length", "transfer-encoding")
    return {name: value for name, value in headers.items() if name.lower() not in dropped}


def name_of(target):
    """The function that a call of the Lambda API names, by its name or ARN."""
    return urllib.parse.unquote(urllib.parse.urlsplit(target).path).split("/")[3].split(":")[-1]


def index_of(target):
    return int(name_of(target).rpartition("-")[2])


def simulated(number, memory_size_mb=512, **more):
    """What Lambda lists of a function that is not there."""
    name = f"simulated-{number}"
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/x",
        "Handler": "app.handler",
        "CodeSize": 1000,
        "Description": "",
        "Timeout": 30,
        "LastModified": "2026-01-15T10:30:00.000+0000",
        "MemorySize": memory_size_mb,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "Version": "$LATEST",
        "RevisionId": "11111111-1111-1111-1111-111111111111",
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        **more,
    }


def count(backend, figures, at=None):
    """Puts what CloudWatch would have counted: `{function: {invocations, duration_ms, errors, throttles}}`."""
    at = at or datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    data = []
    for name, counted in figures.items():
        invocations, mean = counted["invocations"], counted["duration_ms"]
        duration = {"SampleCount": invocations, "Sum": invocations * mean, "Minimum": mean, "Maximum": mean}
        sums = {"Invocations": invocations, "Errors": counted.get("errors", 0), "Throttles": counted.get("throttles", 0)}
        values = {"Duration": duration} | {
            metric: {"SampleCount": 1, "Sum": value, "Minimum": value, "Maximum": value} for metric, value in sums.items()
        }
        for metric, statistics in values.items():
            dimension = [{"Name": "FunctionName", "Value": name}]
            data.append({"MetricName": metric, "Dimensions": dimension, "Timestamp": at, "StatisticValues": statistics})
    metrics = client("cloudwatch", backend)
    for begin in range(0, len(data), 1000):
        metrics.put_metric_data(Namespace="AWS/Lambda", MetricData=data[begin : begin + 1000])


def kill(call):
    """Ends the process that made the call, one of MiniStack's, as when Lambda runs out of memory under it."""
    port = call.peer[1]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = {row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == f"socket:[{inode}]":
                os.kill(int(link.parts[2]), signal.SIGKILL)
                return
    raise AssertionError(f"nobody has the port {port}")
