"""Servers on loopback that live as long as their `with` block, and not longer, with all that they started."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


@contextlib.contextmanager
def served(command, log: Path, ready=None, environment=None):
    """The endpoint that `command` says in its first line, once `endpoint + ready` answers.

    The command must end with its standard input.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env={**plain_environment(log.parent), **(environment or {})},
            start_new_session=True,
        )
    try:
        endpoint = server.stdout.readline().strip()
        assert endpoint.startswith("http://"), f"{command} did not start: {endpoint} {log.read_text()}"
        if ready is not None:
            await_answer(server, endpoint + ready, log)
        yield endpoint
    finally:
        server.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.stdout.close()
        server.wait()


def plain_environment(place: Path):
    """Nothing of the user's: no credentials, no endpoints, no configuration files."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "TMPDIR": str(place),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }


def await_answer(server, url, log: Path, seconds=60):
    """Returns when `url` answers at all."""
    deadline = time.monotonic() + seconds
    while True:
        assert server.poll() is None, f"{server.args} ended: {log.read_text()[-2000:]}"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer: {log.read_text()[-2000:]}"
            time.sleep(0.02)


def until(condition, what, seconds=60.0, every=0.02):
    """Polls `condition` until it is true, and returns what it gave. `what` was waited for is said if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(every)
