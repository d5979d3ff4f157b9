"""A function on AWS's own runtime interface client for Python: answers what it was asked and what it runs on."""

import os


def handle(event, context):
    if "error" in event:
        raise ValueError(event["error"])
    print("handling", sorted(event))
    return {
        "event": event,
        "memory_mb": int(context.memory_limit_in_mb),
        "version": context.function_version,
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "process_id": os.getpid(),
        "colour": os.environ.get("COLOUR"),
    }
