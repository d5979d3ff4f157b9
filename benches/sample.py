#!/usr/bin/env python3
"""At which memory size the step `sample` is cheapest, in the local Lambda, where a size has the share of a processor that it has
in AWS; its calls go through TLS, as there:

    benches/sample.py --serve target/dist/examples/serve --tuner target/dist/tuner --package infra/dist/tuner-tuning-x86_64.zip

`sample` mostly waits for the function under test, so that the least size is the cheapest one, until what it does between two
waits takes longer than it saves. Each tuning here is a whole one; printed is what `sample` was billed for it, by the REPORT line
of each of its invocations, and how long the function under test was seen to take, which must not depend on it.
"""

import argparse
import base64
import io
import json
import os
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import uuid
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config

STEPS = ["initialize", "publish", "plan", "sample", "restore", "analyze", "apply", "report"]
# Of Lambda on arm64 in us-east-1, USD for a GB-second.
PRICE = 0.0000133334


def piped(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def tls_before(port, folder):
    """A port that speaks TLS and hands on what comes to `port`, and the certificate to trust."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate, *subject],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain):
        try:
            secured = context.wrap_socket(plain, server_side=True)
        except OSError:
            return
        behind = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=piped, args=(secured, behind), daemon=True).start()
        piped(behind, secured)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1], certificate


def script(text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, text)
    return content.getvalue()


class Tunings:
    def __init__(self, functions, folder, given, tls, certificate):
        self.functions, self.folder = functions, folder
        self.billed, self.memory, self.inits = 0.0, 0, []
        variables = {
            "TUNER_STORE": str(folder / "store"),
            "AWS_ENDPOINT_URL": f"https://localhost:{tls}",
            "SSL_CERT_FILE": str(certificate),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        (folder / "store").mkdir()
        environment = " ".join(f"{name}={value}" for name, value in variables.items())
        with zipfile.ZipFile(given.package) as archive:
            archive.extract("bootstrap", folder)
        (folder / "bootstrap").chmod(0o755)
        for step in STEPS:
            self.make(step, f"#!/bin/sh\nexec env {environment} {folder}/bootstrap\n", 512, Handler=step)
        self.make("target", f"#!/bin/sh\nexec {Path(given.tuner).resolve()} example-function wait\n", 512)

    def make(self, name, text, size, **more):
        settings = {"Runtime": "provided.al2023", "Handler": "x", "Role": "arn:aws:iam::000000000000:role/x", **more}
        self.functions.create_function(FunctionName=name, Code={"ZipFile": script(text)}, MemorySize=size, Timeout=300, **settings)
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def call(self, step, name, given):
        event = {"execution": f"arn:aws:states:us-east-1:000000000000:execution:bench:{name}", "started_at": "2026-01-01T00:00:00Z"}
        answer = self.functions.invoke(FunctionName=step, LogType="Tail", Payload=json.dumps({**event, "input": given}))
        said = json.load(answer["Payload"])
        assert "FunctionError" not in answer, f"{step}: {said}"
        if step == "sample":
            log = base64.b64decode(answer["LogResult"]).decode()
            report = next(line for line in log.splitlines() if line.startswith("REPORT"))
            fields = dict(part.split(": ", 1) for part in report.split("\t") if ": " in part)
            self.billed += float(fields["Billed Duration"].split()[0]) / 1000
            self.memory = max(self.memory, int(fields["Max Memory Used"].split()[0]))
            self.inits += [float(fields["Init Duration"].split()[0])] if "Init Duration" in fields else []
        return said

    def tune(self, sample_mb, ms, parallel):
        """One tuning; the mean that it found, and what `sample` was billed."""
        self.functions.update_function_configuration(FunctionName="sample", MemorySize=sample_mb)
        self.functions.get_waiter("function_updated_v2").wait(FunctionName="sample", WaiterConfig={"Delay": 1})
        self.billed, name = 0.0, str(uuid.uuid4())
        given = {"lambdaARN": "target", "powerValues": [512, 1024], "num": 20, "payload": {"ms": ms}, "parallelInvocation": parallel}
        now = self.call("initialize", name, given)
        while (now := self.call("plan", name, now))["next"] != "restore":
            if now["next"] == "publish":
                now = self.call("publish", name, now)
            else:
                now["measured"] = [self.call("sample", name, {"group": group}) for group in now["groups"]]
        for step in ("restore", "analyze", "apply", "report"):
            now = self.call(step, name, now)
        return statistics.fmean(size["meanMs"] for size in now["sizes"]), self.billed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", required=True)
    parser.add_argument("--tuner", required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--sizes", default="128,192,256,512")
    parser.add_argument("--repetitions", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen([given.serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            endpoint = server.stdout.readline().strip()
            print(server.stdout.readline().strip())
            functions = boto3.client(
                "lambda",
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id="x",
                aws_secret_access_key="x",
                config=Config(read_timeout=900),
            )
            tls, certificate = tls_before(int(endpoint.rpartition(":")[2]), folder)
            tunings = Tunings(functions, folder, given, tls, certificate)
            print("sample MB | target ms | parallel | billed s | found ms | USD per 1,000 tunings | most memory MB | init ms")
            for ms, parallel in ((100, False), (1000, False), (100, True)):
                for size in map(int, given.sizes.split(",")):
                    tunings.memory, tunings.inits = 0, []
                    runs = [tunings.tune(size, ms, parallel) for _ in range(given.repetitions)]
                    found, billed = (statistics.median(run[i] for run in runs) for i in (0, 1))
                    cost = billed * size / 1024 * PRICE * 1000
                    init = statistics.median(tunings.inits) if tunings.inits else 0
                    print(
                        f"{size:9} | {ms:9} | {str(parallel):8} | {billed:8.2f} | {found:8.1f} | {cost:21.4f} |"
                        f" {tunings.memory:14} | {init:.0f}",
                        flush=True,
                    )
        finally:
            server.stdin.close()
            server.wait()


if __name__ == "__main__":
    os.environ.pop("AWS_PROFILE", None)
    main()
