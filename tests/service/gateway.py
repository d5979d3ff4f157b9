"""A proxy between the service's Lambdas and the Lambda API that has the functions under test.

It records every call, and breaks calls on request: a test says what goes wrong at which call, so that nothing depends on
who is faster.
"""

import dataclasses
import http.client
import http.server
import json
import math
import re
import threading
import time
import urllib.parse
from collections.abc import Callable

FUNCTION = r"/2015-03-31/functions/(?P<name>[^/]+)"
OPERATIONS = [
    (method, re.compile(path + r"/?$"), operation)
    for method, path, operation in [
        ("POST", FUNCTION + "/invocations", "Invoke"),
        ("GET", FUNCTION, "GetFunction"),
        ("GET", FUNCTION + "/configuration", "GetFunctionConfiguration"),
        ("PUT", FUNCTION + "/configuration", "UpdateFunctionConfiguration"),
        ("POST", FUNCTION + "/versions", "PublishVersion"),
        ("GET", FUNCTION + "/versions", "ListVersionsByFunction"),
        ("DELETE", FUNCTION, "DeleteFunction"),
        ("POST", FUNCTION + "/aliases", "CreateAlias"),
        ("GET", FUNCTION + "/aliases", "ListAliases"),
        ("GET", FUNCTION + "/aliases/[^/]+", "GetAlias"),
        ("PUT", FUNCTION + "/aliases/[^/]+", "UpdateAlias"),
        ("DELETE", FUNCTION + "/aliases/[^/]+", "DeleteAlias"),
        ("PUT", r"/2019-09-25/functions/(?P<name>[^/]+)/event-invoke-config", "PutFunctionEventInvokeConfig"),
        ("GET", r"/2016-08-19/account-settings(?P<name>)", "GetAccountSettings"),
        ("DELETE", r"/2019-09-25/functions/(?P<name>[^/]+)/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    ]
]


@dataclasses.dataclass
class Call:
    """One call of the Lambda API."""

    operation: str
    function: str
    qualifier: str | None
    target: str
    body: bytes
    headers: dict
    at: float
    response: tuple | None = None

    @property
    def status(self):
        return self.response and self.response[0]


@dataclasses.dataclass
class Answer:
    """What a rule answers in place of the API."""

    status: int
    headers: dict
    body: bytes

    def parts(self):
        return self.status, self.headers, self.body


def error(status, name, message):
    """An error as the Lambda API gives it."""
    body = json.dumps({"Type": "User", "message": message, "Message": message, "Reason": name})
    return Answer(status, {"Content-Type": "application/json", "x-amzn-ErrorType": name}, body.encode())


THROTTLED = error(429, "TooManyRequestsException", "Rate Exceeded.")
SERVICE_ERROR = error(500, "ServiceException", "Service encountered an internal error.")


def denied(action, resource):
    return error(
        403,
        "AccessDeniedException",
        f"User: arn:aws:sts::000000000000:assumed-role/role/step is not authorized to perform: {action} on resource: "
        f"{resource} because no identity-based policy allows the {action} action",
    )


@dataclasses.dataclass
class Rule:
    """`act` at the calls `numbers` (from 1; all if none) of these operations on this function."""

    function: str
    operations: tuple
    numbers: frozenset | None
    act: Callable
    after: bool
    seen: int = 0


class Account:
    """How many executions there may be at the same time, and are."""

    def __init__(self, limit, others):
        self.limit, self.free, self.running, self.most = limit, limit - others, 0, 0
        # A step waits for eight invocations at the same time, and ten are made at most, in half of what there is.
        self.steps = math.ceil(min(10, limit // 2) / 8)
        self.lock = threading.Lock()

    def enter(self, _call):
        with self.lock:
            # Beside the steps that wait for them.
            if self.running + 1 + self.steps > self.free:
                return THROTTLED
            self.running += 1
            self.most = max(self.most, self.running)
        return None

    def leave(self, _call):
        with self.lock:
            self.running -= 1


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # A hundred invocations may come at the same moment.
    request_queue_size = 256


class Proxy:
    """Serves in threads of this process; `endpoint` is what the Lambdas are given."""

    def __init__(self):
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Gateway(Proxy):
    """A proxy of one Lambda API, and of others for some functions."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.others = {}
        self.calls = []
        self.rules = []
        self.lock = threading.Lock()
        self.connections = threading.local()
        self.accounts = {}
        super().__init__()

    def route(self, function, endpoint):
        """This function is to be found at another endpoint."""
        self.others[function] = endpoint

    def when(self, function, *operations, at=None, act, after=False):
        """Calls `act(call)` before (or after) the calls number `at` of these operations.

        If it returns an `Answer` the call is answered with that: before, it is not made at all; after, it has been made.
        """
        numbers = None if at is None else frozenset([at] if isinstance(at, int) else at)
        with self.lock:
            self.rules.append(Rule(function, operations, numbers, act, after))

    def limit(self, function, limit, others=0):
        """This function is in an account with so many concurrent executions, of which others take some.

        The steps that invoke take places beside the invocations they wait for.
        """
        with self.lock:
            self.accounts[function] = Account(limit, others)
        self.when(function, "Invoke", act=self.accounts[function].enter)
        self.when(function, "Invoke", act=self.accounts[function].leave, after=True)
        return self.accounts[function]

    def forget(self, function):
        """The function's test is over."""
        with self.lock:
            self.accounts.pop(function, None)
            self.rules = [rule for rule in self.rules if rule.function != function]

    def of(self, function, *operations):
        """The calls made so far of these operations (all but Invoke if none is named)."""
        with self.lock:
            return [
                call
                for call in self.calls
                if call.function == function
                and (call.operation in operations if operations else call.operation != "Invoke")
            ]

    def _matching(self, call, after):
        found = []
        with self.lock:
            for rule in self.rules:
                if rule.function == call.function and call.operation in rule.operations and rule.after == after:
                    rule.seen += 1
                    if rule.numbers is None or rule.seen in rule.numbers:
                        found.append(rule)
        return found

    def answer(self, method, target, headers, body):
        call = read_call(method, target, headers, body)
        with self.lock:
            self.calls.append(call)
            if call.operation == "GetAccountSettings" and self.accounts:
                (account,) = self.accounts.values()
                limits = {"ConcurrentExecutions": account.limit, "UnreservedConcurrentExecutions": account.limit}
                body = json.dumps({"AccountLimit": limits, "AccountUsage": {}}).encode()
                call.response = (200, {"Content-Type": "application/json"}, body)
                return call.response
        for rule in self._matching(call, after=False):
            if isinstance(answer := rule.act(call), Answer):
                call.response = answer.parts()
        if call.response is None:
            call.response = self.forward(call, method, target, headers, body)
            for rule in self._matching(call, after=True):
                if isinstance(answer := rule.act(call), Answer):
                    call.response = answer.parts()
        return call.response

    def forward(self, call, method, target, headers, body):
        upstream = urllib.parse.urlsplit(self.others.get(call.function, self.upstream)).netloc
        pool = self.connections.__dict__
        connection = pool.setdefault(upstream, http.client.HTTPConnection(upstream, timeout=910))
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except (http.client.HTTPException, OSError):
            # An idle connection that the server closed. The thread's next call makes a new one, this one fails: Invoke
            # must not be repeated by anybody.
            pool.pop(upstream).close()
            return SERVICE_ERROR.parts()
        kept = {k: v for k, v in response.getheaders() if k.lower() not in HOP_BY_HOP}
        return response.status, kept, content

    def _handler(gateway):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
                status, headers, content = gateway.answer(self.command, self.path, headers, body)
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        return Handler


HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"}


def read_call(method, target, headers, body):
    url = urllib.parse.urlsplit(target)
    path = urllib.parse.unquote(url.path)
    qualifier = urllib.parse.parse_qs(url.query).get("Qualifier", [None])[0]
    for its_method, pattern, operation in OPERATIONS:
        if its_method == method and (match := pattern.match(path)):
            name, in_name = split_name(match["name"])
            return Call(operation, name, qualifier or in_name, target, body, headers, time.time())
    return Call(f"{method} {path}", "", qualifier, target, body, headers, time.time())


def split_name(name):
    """Plain name and qualifier of a name, partial or full ARN."""
    parts = name.split(":")
    if "function" in parts:
        parts = parts[parts.index("function") + 1 :]
    return parts[0], parts[1] if len(parts) > 1 else None
