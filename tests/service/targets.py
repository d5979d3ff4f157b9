"""Functions under test, each put back to how it was, or its test fails."""

import json
import shlex

from cloud import pack
from servers import until

# Speaks the Runtime API in a shell, and answers with the event.
ECHO = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
headers=$(mktemp)
while event=$(curl -sS -D "$headers" "$api/next"); do
  id=$(grep -i lambda-runtime-aws-request-id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -X POST -d "$event" "$api/$id/response" >/dev/null
done
"""


# The same, but for events with "bad" in them, which fail.
FAILING_ECHO = ECHO.replace(
    "  curl -sS -X POST",
    """  case $event in *bad*)
    curl -sS -X POST -d '{"errorType": "Tuner.Bad", "errorMessage": "as asked"}' "$api/$id/error" >/dev/null
    continue
  esac
  curl -sS -X POST""",
)


def answering(answer):
    """The same with an answer of its own."""
    return ECHO.replace('"$event"', shlex.quote(json.dumps(answer)))


NOT_COMPARED = {"RevisionId", "LastModified"}


class Target:
    """A function in some Lambda, remembered as it was."""

    def __init__(self, functions, name, script, **settings):
        self.functions, self.name = functions, name
        self.arn = functions.create_function(
            FunctionName=name,
            **{
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Role": "arn:aws:iam::000000000000:role/target",
                "Code": {"ZipFile": pack({"bootstrap": script})},
                "Description": "as it was",
                "Timeout": 30,
                "MemorySize": 512,
                "Environment": {"Variables": {"COLOUR": "green"}},
                **settings,
            },
        )["FunctionArn"]
        self.await_ready()
        self.before = self.seen()

    def await_ready(self):
        def ready():
            now = self.functions.get_function(FunctionName=self.name)["Configuration"]
            return (now["State"], now["LastUpdateStatus"]) == ("Active", "Successful")

        until(ready, f"{self.name} is ready")

    def configuration(self):
        return self.functions.get_function(FunctionName=self.name)["Configuration"]

    def update(self, **changes):
        """What somebody else does to it."""
        self.functions.update_function_configuration(FunctionName=self.name, **changes)
        self.await_ready()

    def seen(self):
        """Everything that a tuning could leave different."""

        def pages(operation, key):
            return [
                {k: v for k, v in entry.items() if k not in NOT_COMPARED}
                for page in self.functions.get_paginator(operation).paginate(FunctionName=self.name)
                for entry in page[key]
            ]

        whole = self.functions.get_function(FunctionName=self.name)
        return {
            "configuration": {k: v for k, v in whole["Configuration"].items() if k not in NOT_COMPARED},
            "tags": whole.get("Tags", {}),
            "concurrency": whole.get("Concurrency", {}),
            "versions": pages("list_versions_by_function", "Versions"),
            "aliases": pages("list_aliases", "Aliases"),
        }

    def versions(self):
        """Numbers of the published versions."""
        return [int(v["Version"]) for v in self.seen()["versions"] if v["Version"] != "$LATEST"]

    def is_as_before(self):
        assert self.seen() == self.before

    def expect(self, **changes):
        """What the test has done to the function on purpose, or asked the tuning to do, is not to be undone."""
        self.before["configuration"] |= changes
        latest = self.before["versions"][0]
        assert latest["Version"] == "$LATEST"
        latest |= changes
