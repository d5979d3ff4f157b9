"""MiniStack on a free port, ending with its standard input.

Some things differ from AWS in MiniStack 1.5.33 and are put right here, since AWS's behaviour wins:

* The request ID that Invoke answers with is the one in the function's log. MiniStack takes another for each.
* A function whose own output holds its REPORT gets no second one.
* IAM looks at a call with a qualifier by the qualified ARN ("not authorized to perform: lambda:GetFunctionConfiguration on
  resource: ...:function:NAME:$LATEST", issue 260 of aws-lambda-power-tuning), and each operation on an alias is an action
  of its own. MiniStack leaves the qualifier out, and takes them all for ListAliases.
* DescribeStateMachine says whether executions are traced. MiniStack forgets it.
* Fn::Join works in the conditions of a CloudFormation template. MiniStack takes it for a text that is never empty.
"""

import contextvars
import json
import os
import sys

import leash

leash.put_on()
port = leash.say_endpoint()
os.environ |= {
    "GATEWAY_PORT": str(port),
    "BIND_HOST": "127.0.0.1",
    # Where the SDKs in the functions find everything.
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
}

from ministack import app  # noqa: E402
from ministack.core import iam_actions  # noqa: E402
from ministack.services import cloudformation, lambda_svc, stepfunctions  # noqa: E402

# How long a change of a function takes; half a second otherwise.
lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.05

# The request ID of this HTTP request's invocation, once there is one.
invocation = contextvars.ContextVar("invocation", default=None)
_serve, _invoke, _dispatch = app.app, lambda_svc._invoke, lambda_svc._execute_function_dispatch
_provided = lambda_svc._execute_function_provided_warm
_action, _resource = iam_actions._lambda_action, iam_actions.extract_resource_arn


async def serve(scope, receive, send):
    async def send_with_its_id(message):
        if message["type"] == "http.response.start" and (request_id := invocation.get()):
            others = [(name, value) for name, value in message["headers"] if name.lower() != b"x-amzn-requestid"]
            message = {**message, "headers": [*others, (b"x-amzn-requestid", request_id.encode())]}
        await send(message)

    invocation.set(None)
    # Policies that refuse what does not come over TLS are to be tried too; loopback does without.
    await _serve({**scope, "scheme": "https"}, receive, send_with_its_id)


async def invoke(*arguments, **keywords):
    invocation.set(lambda_svc.new_uuid())
    return await _invoke(*arguments, **keywords)


def dispatch(func, config, event, request_id, started):
    return _dispatch(func, config, event, invocation.get() or request_id, started)


def provided(func, event, request_id):
    result = _provided(func, event, request_id)
    if f"REPORT RequestId: {request_id}" in (result.get("log") or ""):
        result["log_source"] = "rie"
    return result


def action(method, path):
    parts = path.strip("/").split("/")
    if parts[-1] == "event-invoke-config":
        return {"PUT": "PutFunctionEventInvokeConfig", "GET": "GetFunctionEventInvokeConfig"}.get(method)
    if len(parts) > 2 and parts[-2] == "aliases":
        return {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}.get(method)
    return _action(method, path)


def resource(service, method, path, headers, body, query_params, region, account_id):
    arn = _resource(service, method, path, headers, body, query_params, region, account_id)
    qualifier = query_params.get("Qualifier") if service == "lambda" else None
    if isinstance(qualifier, list):
        qualifier = qualifier[0]
    return f"{arn}:{qualifier}" if qualifier else arn


def keeping_tracing(operation):
    """`operation` on a state machine, which keeps or says whether it is traced."""

    def operate(data):
        answer = operation(data)
        name = f":stateMachine:{data['name']}" if "name" in data else data.get("stateMachineArn", "-")
        for arn, machine in stepfunctions._state_machines.items():
            if arn.endswith(name):
                machine["tracingConfiguration"] = data.get("tracingConfiguration") or machine.get(
                    "tracingConfiguration", {"enabled": False}
                )
        return answer

    return operate


def conditions(template, params):
    joined = lambda node: join(*node["Fn::Join"], params) if list(node) == ["Fn::Join"] else node  # noqa: E731
    written = json.dumps(template.get("Conditions", {}))
    return _conditions({**template, "Conditions": json.loads(written, object_hook=joined)}, params)


def join(separator, parts, params):
    """What was joined inside is a text by now; a list that is a parameter has its items between commas."""
    if isinstance(parts, dict):
        parts = params[parts["Ref"]]["Value"].split(",")
    return separator.join(part if isinstance(part, str) else params[part["Ref"]]["Value"] for part in parts)


_conditions = cloudformation.engine._evaluate_conditions
for name, module in list(sys.modules.items()):
    if name.startswith(cloudformation.__name__) and getattr(module, "_evaluate_conditions", None):
        module._evaluate_conditions = conditions
for name in ("_create_state_machine", "_update_state_machine"):
    setattr(stepfunctions, name, keeping_tracing(getattr(stepfunctions, name)))
app.app = serve
iam_actions._lambda_action = action
iam_actions.extract_resource_arn = resource
lambda_svc._invoke = invoke
lambda_svc._execute_function_dispatch = dispatch
lambda_svc._execute_function_provided_warm = provided

app.main()
