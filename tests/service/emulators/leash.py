"""Ends this process, and all that it started, when its standard input ends: no server outlives its test."""

import os
import signal
import socket
import sys
import threading


def put_on():
    """The process must lead a session of its own."""
    assert os.getpgrp() == os.getpid(), "start this with start_new_session=True"
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end():
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def say_endpoint():
    """Picks a free port, says on standard output where the server is going to be, and returns the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    return port
