"""`tuner mcp` with the protocol's own client, in each of its three modes, and line by line without one."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time

import anyio
import pytest
from conftest import CREDENTIALS, REGION, required
from mcp import Client, StdioServerParameters, types

MODES = ["auto", "legacy", "2026-07-28"]
PLAN = {"local": True, "function": "example:wait", "preset": "frugal"}
REPORT = (
    "REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 34 MB\n"
)


def environment():
    """What clients pass on, and no more."""
    return {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}


@contextlib.asynccontextmanager
async def session(*flags, mode="auto", folder, **options):
    parameters = StdioServerParameters(
        command=required("TUNER_BIN"), args=["mcp", *flags], env=environment(), cwd=str(folder)
    )
    async with Client(parameters, mode=mode, **options) as connected:
        yield connected


def run(test):
    anyio.run(test)


@pytest.mark.parametrize("mode", MODES)
def test_the_tools_read_and_say_so(mode, tmp_path):
    (tmp_path / "a.log").write_text(3 * REPORT)

    async def test():
        async with session(mode=mode, folder=tmp_path) as tuner:
            tools = (await tuner.list_tools()).tools
            assert sorted(tool.name for tool in tools) == ["compare", "logs", "plan", "prices", "report", "review_logs"]
            for tool in tools:
                hints = tool.annotations
                assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (True, False, True)
                assert hints.open_world_hint == (tool.name == "plan")
                assert tool.output_schema["type"] == "object"

            prices = await tuner.call_tool("prices", {"region": "eu-west-1"})
            assert not prices.is_error and prices.structured_content["exit_code"] == 0
            assert json.loads(prices.content[0].text) == prices.structured_content

            logs = await tuner.call_tool("logs", {"paths": ["a.log"], "function": "pay"})
            assert "pay" in json.dumps(logs.structured_content["document"])
            review = await tuner.call_tool("review_logs", {"paths": ["a.log"]})
            assert not review.is_error, review

            missing = await tuner.call_tool("report", {"document": "none.json"})
            assert missing.is_error and missing.structured_content["exit_code"] == 2
            assert any("none.json" in note for note in missing.structured_content["notes"])
        # Nothing that only reads leaves anything.
        assert [file.name for file in tmp_path.iterdir()] == ["a.log"]

    run(test)


@pytest.mark.parametrize("mode", MODES)
def test_a_plan_that_was_shown_is_tuned(mode, tmp_path):
    async def test():
        async with session("--allow-tuning", mode=mode, folder=tmp_path) as tuner:
            tune = next(tool for tool in (await tuner.list_tools()).tools if tool.name == "tune")
            assert tune.annotations.read_only_hint is False and tune.annotations.destructive_hint is True
            asked = {**PLAN, "memory_sizes_mb": [1024, 2048], "max_invocations": 12}
            plan = (await tuner.call_tool("plan", asked)).structured_content["document"]
            again = (await tuner.call_tool("plan", asked)).structured_content["document"]
            assert plan["id"] == again["id"] and plan["spends_at_most"]["amount"] == 0
            assert "present_memory_size_mb" not in plan

            said = []

            async def heard(progress, total, message):
                said.append(message)

            tuned = await tuner.call_tool("tune", {"plan_id": plan["id"]}, progress_callback=heard)
            assert not tuned.is_error, tuned
            assert tuned.structured_content["document"]["decision"]["memory_size_mb"] in (1024, 2048)

            unknown = await tuner.call_tool("tune", {"plan_id": "0"})
            assert unknown.is_error and "call `plan`" in unknown.structured_content["notes"][0]
            refused = await tuner.call_tool("plan", {**asked, "apply": True})
            assert refused.is_error and "--allow-applying" in refused.structured_content["notes"][0]

    run(test)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("agrees", [True, False])
def test_a_client_that_can_ask_asks(mode, agrees, tmp_path):
    questions = []

    async def answer(context, params):
        questions.append(params.message)
        return types.ElicitResult(action="accept" if agrees else "decline", content={"agree": True} if agrees else None)

    async def test():
        async with session("--allow-tuning", mode=mode, folder=tmp_path, elicitation_callback=answer) as tuner:
            asked = {**PLAN, "memory_sizes_mb": [1024], "max_invocations": 6}
            plan = await tuner.call_tool("plan", asked)
            tuned = await tuner.call_tool("tune", {"plan_id": plan.structured_content["document"]["id"]})
            assert len(questions) == 1 and "Plan for wait" in questions[0] and "invokes" in questions[0]
            assert tuned.is_error != agrees
            if not agrees:
                assert "did not agree" in tuned.structured_content["notes"][0]
                assert not list(tmp_path.iterdir())

    run(test)


class Lines:
    """The server, spoken to line by line."""

    def __init__(self, *flags, folder, **variables):
        self.process = subprocess.Popen(
            [required("TUNER_BIN"), "mcp", *flags],
            cwd=folder,
            env={**environment(), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.sent = 0
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"})
        self.answer()
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        self.sent += 1
        self.send({"id": self.sent, "method": method, "params": params})

    def read(self):
        assert select.select([self.process.stdout], [], [], 300)[0], "no answer"
        return json.loads(self.process.stdout.readline())

    def answer(self):
        while "id" not in (message := self.read()):
            pass
        assert message["id"] == self.sent, message
        return message

    def call(self, name, **arguments):
        self.ask("tools/call", name=name, arguments=arguments)
        return self.answer()["result"]["structuredContent"]


def tuning_server(endpoint, folder):
    """One that may tune, in a Lambda of this machine."""
    return Lines(
        "--allow-tuning", folder=folder, AWS_ENDPOINT_URL_LAMBDA=endpoint, AWS_REGION=REGION, **CREDENTIALS
    )


@pytest.mark.parametrize("how", ["input", "SIGTERM", "cancelled"])
def test_whatever_ends_it_puts_the_function_back(how, tmp_path, endpoint, lambda_client, function):
    server = tuning_server(endpoint, tmp_path)
    plan = server.call("plan", function=function, direct=True, preset="thorough", payload={})["document"]
    assert plan["present_memory_size_mb"] == 1024 and plan["versions"] > 0
    server.ask("tools/call", name="tune", arguments={"plan_id": plan["id"]})
    while lambda_client.get_function_configuration(FunctionName=function)["Description"] == "as it was":
        time.sleep(0.02)
    if how == "SIGTERM":
        server.process.send_signal(signal.SIGTERM)
    else:
        if how == "cancelled":
            server.send({"method": "notifications/cancelled", "params": {"requestId": server.sent, "reason": "test"}})
        server.process.stdin.close()
    # All that stands on standard output is the protocol.
    for line in server.process.stdout:
        json.loads(line)
    assert server.process.wait(timeout=300) == 0
    after = lambda_client.get_function_configuration(FunctionName=function)
    assert (after["MemorySize"], after["Description"]) == (1024, "as it was")
    versions = lambda_client.list_versions_by_function(FunctionName=function)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST"]


def test_a_plan_that_is_no_longer_so_is_not_tuned(tmp_path, endpoint, lambda_client, function):
    server = tuning_server(endpoint, tmp_path)
    plan = server.call("plan", function=function, direct=True, payload={})["document"]
    lambda_client.update_function_configuration(FunctionName=function, MemorySize=512)
    server.ask("tools/call", name="tune", arguments={"plan_id": plan["id"]})
    result = server.answer()["result"]
    assert result["isError"] and "changed since" in result["content"][0]["text"]
    assert result["structuredContent"]["document"]["id"] != plan["id"]
    assert not list(tmp_path.iterdir())
    server.process.stdin.close()
    assert server.process.wait(timeout=60) == 0


def test_no_client_at_all(tmp_path):
    done = subprocess.run([required("TUNER_BIN"), "mcp"], input=b"", capture_output=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    done = subprocess.run([required("TUNER_BIN"), "mcp", "--allow-applying"], input=b"", capture_output=True, timeout=60)
    assert done.returncode == 2 and b"--allow-tuning" in done.stderr
