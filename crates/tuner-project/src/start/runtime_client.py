"""The Runtime API in plain Python, for where the compiled part of awslambdaric is not to be had."""

import http.client
import os

PREFIX = "/2018-06-01/runtime/invocation/"
_connection = None
_user_agent = ""


def initialize_client(user_agent):
    global _user_agent
    _user_agent = user_agent


def _request(method, path, body=None, headers=None):
    global _connection
    if _connection is None:
        _connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        _connection.request(method, path, body, {"User-Agent": _user_agent, **(headers or {})})
        response = _connection.getresponse()
        return response, response.read()
    except Exception:
        _connection.close()
        _connection = None
        raise


def next():
    response, body = _request("GET", PREFIX + "next")
    headers = {"-".join(part.capitalize() for part in name.split("-")): value for name, value in response.getheaders()}
    for name in (
        "Lambda-Runtime-Trace-Id",
        "Lambda-Runtime-Client-Context",
        "Lambda-Runtime-Cognito-Identity",
        "Lambda-Runtime-Aws-Tenant-Id",
        "Lambda-Runtime-Invocation-Id",
    ):
        headers.setdefault(name, None)
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    return body, headers


def post_invocation_result(request_id, body, content_type="application/json", *more):
    data = body.encode() if isinstance(body, str) else body
    _request("POST", PREFIX + request_id + "/response", data, {"Content-Type": content_type})


def post_error(request_id, body, xray="", *more):
    import json

    data = body.encode() if isinstance(body, str) else body
    try:
        kind = json.loads(data).get("errorType") or "Unhandled"
    except ValueError:
        kind = "Unhandled"
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": str(kind).encode("ascii", "replace").decode()}
    _request("POST", PREFIX + request_id + "/error", data, headers)
