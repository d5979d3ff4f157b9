"""Functions in other languages, through the runtime interface clients that AWS publishes as ordinary packages."""

import base64
import json

import pytest

from conftest import client, served


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_runtime_interface_client(language, request):
    command, directory = request.getfixturevalue(f"{language}_function")
    with served("--handler", "handler.handle", "--timeout", "10", *command, directory=directory) as endpoint:
        lambda_client = client(endpoint)
        lambda_client.update_function_configuration(
            FunctionName="local", MemorySize=1024, Environment={"Variables": {"COLOUR": "green"}}
        )
        lambda_client.get_waiter("function_updated_v2").wait(FunctionName="local", WaiterConfig={"Delay": 0.02})
        cold = lambda_client.invoke(FunctionName="local", Payload='{"a": "é"}'.encode(), LogType="Tail")
        log = base64.b64decode(cold["LogResult"]).decode()
        first = json.load(cold["Payload"])
        assert "FunctionError" not in cold, first
        assert first["event"] == {"a": "é"}
        assert (first["memory_mb"], first["version"], first["colour"]) == (1024, "$LATEST", "green")
        assert first["request_id"] == cold["ResponseMetadata"]["RequestId"]
        assert 0 < first["remaining_ms"] <= 10_000
        assert "handling" in log and "Init Duration: " in log

        warm = lambda_client.invoke(FunctionName="local", Payload=b"{}", LogType="Tail")
        assert json.load(warm["Payload"])["process_id"] == first["process_id"]
        assert "Init Duration" not in base64.b64decode(warm["LogResult"]).decode()

        failed = lambda_client.invoke(FunctionName="local", Payload=b'{"error": "as asked"}')
        error = json.load(failed["Payload"])
        assert (failed["FunctionError"], error["errorMessage"]) == ("Unhandled", "as asked")
        assert error["errorType"] in ("ValueError", "Error")
