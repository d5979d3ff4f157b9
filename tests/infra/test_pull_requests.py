"""The script of the GitHub Action and of the GitLab template, against an API on loopback; and what the action and the guide say."""

import hashlib
import http.server
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import urllib.parse
from pathlib import Path

import pytest
import yaml

from conftest import ROOT
from test_workflows import actionlint  # noqa: F401 (a fixture)

SCRIPT = ROOT / "ci/tuner_ci.py"
BOT = "github-actions[bot]"
ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:resize"

# It plays tuner: what it is to print and to write is in its environment.
TUNER = """#!{python}
import json, os, sys, pathlib
words = sys.argv[1:]
pathlib.Path(os.environ["CALLS"]).open("a").write(json.dumps(words) + "\\n")
if words[0] == "patch":
    sys.stderr.write(os.environ.get("PATCH", ""))
    sys.exit(0 if "PATCH" in os.environ else 4)
if "--out" in words and "CHECK" in os.environ:
    pathlib.Path(words[words.index("--out") + 1], "check.json").write_text(os.environ["CHECK"])
sys.stdout.write(os.environ.get("PRINTS", "### resize keeps its limits\\n"))
for n in range(int(os.environ.get("ROWS", "0"))):
    sys.stdout.write(f"| row {{n}} | {{'x' * 80}} |\\n")
sys.stderr.write(os.environ.get("SAYS", ""))
sys.exit(int(os.environ.get("CODE", "0")))
"""


class Api:
    """A pull request's comments, as GitHub and GitLab serve them."""

    def __init__(self):
        self.comments, self.calls, self.refuses, self.fails, self.loses = [], [], None, 0, False
        self.head, self.next_id, self.login = "a" * 40, 1000, BOT
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, value, headers=()):
                body = json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do(self):
                length = int(self.headers.get("Content-Length") or 0)
                sent = json.loads(self.rfile.read(length)) if length else None
                path = urllib.parse.urlsplit(self.path)
                api.calls.append((self.command, path.path, sent, dict(self.headers)))
                if api.fails > 0:
                    api.fails -= 1
                    return self.answer(503, {})
                if api.refuses and self.command != "GET":
                    return self.answer(api.refuses, {"message": "Resource not accessible by integration"})
                if path.path == "/user":
                    return self.answer(200, {"username": api.login})
                if path.path in ("/repos/o/r/pulls/7", "/projects/5/merge_requests/7"):
                    return self.answer(200, {"head": {"sha": api.head}, "sha": api.head})
                if self.command == "GET":
                    query = urllib.parse.parse_qs(path.query)
                    page, size = int(query["page"][0]), int(query["per_page"][0])
                    return self.answer(200, api.comments[(page - 1) * size : page * size])
                if self.command == "POST" and api.loses:
                    api.add(api.login, sent["body"])
                    return self.answer(502, {})
                if self.command == "POST":
                    return self.answer(201, api.add(api.login, sent["body"]))
                number = int(path.path.rsplit("/", 1)[1])
                if self.command == "DELETE":
                    api.comments = [one for one in api.comments if one["id"] != number]
                    return self.answer(200, {})
                comment = next(one for one in api.comments if one["id"] == number)
                comment["body"] = sent["body"]
                return self.answer(200, comment)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def add(self, login, body):
        self.next_id += 1
        comment = {"id": self.next_id, "user": {"login": login}, "author": {"username": login}, "body": body}
        comment["html_url"] = f"https://example.com/{self.next_id}"
        self.comments.append(comment)
        return comment

    def wrote(self):
        return [method for method, *_ in self.calls if method != "GET"]

    def ours(self, login=BOT):
        return [one for one in self.comments if one["user"]["login"] == login and one["body"].startswith("<!-- tuner: ")]


@pytest.fixture
def api():
    api = Api()
    yield api
    api.server.shutdown()
    api.server.server_close()


class Job:
    """A job of a pull request."""

    def __init__(self, folder, api):
        self.folder, self.api = folder, api
        program = folder / "tuner"
        program.write_text(TUNER.format(python=sys.executable))
        program.chmod(0o755)
        self.event = {"pull_request": {"number": 7, "head": {"sha": "a" * 40, "repo": {"full_name": "o/r"}}}}
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CALLS": str(folder / "calls"),
            "TUNER_BINARY": str(program),
            "TUNER_COMMAND": "check",
            "TUNER_ARGUMENTS": "--function resize --max-p95 '800'",
            "TUNER_OUT": str(folder / "out"),
            "TUNER_TOKEN": "token-of-the-job",
            "TUNER_RETRY_SECONDS": "0",
            "AWS_ACCESS_KEY_ID": "AKIA",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": api.url,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_NUMBER": "20",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "99",
            "GITHUB_WORKFLOW": "ci",
            "GITHUB_JOB": "gate",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        }

    def run(self, command="run", **more):
        (self.folder / "event.json").write_text(json.dumps(self.event))
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        # Each job begins with a checkout of its own.
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        environment = {name: value for name, value in {**self.environment, **more}.items() if value is not None}
        done = subprocess.run([sys.executable, SCRIPT, command], capture_output=True, text=True, env=environment, cwd=self.folder)
        self.said = done.stdout + done.stderr
        assert "Traceback" not in self.said, self.said
        text = (self.folder / "output").read_text()
        self.outputs = dict(re.findall(r"^([a-z-]+)<<(?:\w+)\n(.*)\n\w+$", text, re.M))
        self.summary = (self.folder / "summary").read_text()
        return done.returncode

    def calls(self):
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def job(tmp_path, api):
    return Job(tmp_path, api)


def check(*limits, function=ARN):
    limit = lambda metric, verdict: {"limit": {"metric": metric, "limit": 800.0, "unit": "ms"}, "verdict": verdict}  # noqa: E731
    return json.dumps({"function": function, "memory_size_mb": 512, "limits": [limit(*one) for one in limits]})


def test_the_first_run_comments_and_the_next_brings_it_up_to_date(job, api):
    assert job.run() == 0
    assert job.outputs["verdict"] == "passed" and job.outputs["exit-code"] == "0" and job.outputs["measured"] == "true"
    (comment,) = api.ours()
    assert comment["body"].startswith("<!-- tuner: ci gate check resize -->\n<!-- tuner-run: {")
    assert "resize keeps its limits" in comment["body"] and "aaaaaaaaaaaa" in comment["body"]
    assert job.outputs["comment-url"] == comment["html_url"]
    assert "resize keeps its limits" in job.summary
    # No shell reads the arguments; and nobody is asked.
    assert job.calls()[0][:2] == ["check", "--yes"] and job.calls()[0][-4:] == ["--function", "resize", "--max-p95", "800"]
    assert "--hide-messages" in job.calls()[0]
    assert job.run(GITHUB_RUN_NUMBER="21", PRINTS="### resize breaks p95\n", CODE="3") == 0
    assert job.outputs["verdict"] == "broken" and job.outputs["exit-code"] == "3"
    (again,) = api.ours()
    assert again["id"] == comment["id"] and "breaks p95" in again["body"] and "keeps" not in again["body"]
    assert api.wrote() == ["POST", "PATCH"]
    assert all(headers["Authorization"] == "Bearer token-of-the-job" for *_, headers in api.calls)
    # Another function has a comment of its own.
    assert job.run(TUNER_ARGUMENTS="--function orders --max-p95 1") == 0
    assert len(api.ours()) == 2


def test_it_is_found_on_a_later_page_and_somebody_elses_is_left_alone(job, api):
    job.run()
    ours = api.comments.pop()
    forged = api.add("mallory", ours["body"])
    for n in range(230):
        api.add("somebody", f"comment {n}")
    api.comments.append(ours)
    assert job.run(GITHUB_RUN_NUMBER="21", PRINTS="### new\n") == 0
    assert "### new" in ours["body"] and "### new" not in forged["body"]
    assert api.wrote() == ["POST", "PATCH"]
    # Only the forged one is there: ours is made.
    api.comments = [forged]
    job.run(GITHUB_RUN_NUMBER="22")
    assert [one["user"]["login"] for one in api.comments] == ["mallory", BOT]


def test_a_marker_within_a_comment_of_ours_is_none(job, api):
    job.run()
    quoted = api.comments[0]
    quoted["body"] = "as was said:\n" + quoted["body"]
    job.run()
    assert len(api.comments) == 2 and quoted["body"].startswith("as was said")


def test_an_older_run_or_commit_overwrites_nothing(job, api):
    job.run(PRINTS="### new\n")
    # A slow run of before.
    assert job.run(GITHUB_RUN_NUMBER="19", PRINTS="### old\n", CODE="3") == 0
    assert job.outputs["exit-code"] == "3" and "newer result" in job.said
    # An old job that is run again has a number of its own, and the commit of before.
    job.event["pull_request"]["head"]["sha"] = "b" * 40
    job.run(GITHUB_RUN_NUMBER="25", PRINTS="### old\n")
    (comment,) = api.ours()
    assert "### new" in comment["body"] and api.wrote() == ["POST"]
    # A new commit is no older one.
    api.head = "b" * 40
    job.run(GITHUB_RUN_NUMBER="26", PRINTS="### newest\n")
    assert "### newest" in comment["body"]


def test_of_two_that_were_made_at_once_one_stays(job, api):
    job.run()
    api.add(BOT, api.comments[0]["body"])
    job.run(GITHUB_RUN_NUMBER="21", PRINTS="### one\n")
    (comment,) = api.ours()
    assert "### one" in comment["body"]


@pytest.mark.parametrize("status", [403, 404])
def test_without_the_right_to_write_the_result_counts_all_the_same(job, api, status):
    api.refuses = status
    assert job.run(CODE="3", PRINTS="### resize breaks p95\n") == 0
    assert job.outputs["verdict"] == "broken" and job.outputs["exit-code"] == "3" and "breaks p95" in job.summary
    assert "::warning::" in job.said and "may not write" in job.said


def test_an_api_that_is_down_changes_nothing_and_one_that_comes_back_is_used(job, api):
    api.fails = 2
    assert job.run() == 0
    assert len(api.ours()) == 1
    api.fails = 99
    assert job.run(CODE="4") == 0
    assert job.outputs["verdict"] == "cannot-tell" and "has no new comment" in job.said
    assert job.run(GITHUB_API_URL="http://127.0.0.1:9") == 0
    assert job.outputs["verdict"] == "passed" and "no answer" in job.said


def test_a_comment_whose_answer_was_lost_is_not_made_again(job, api):
    api.loses = True
    assert job.run() == 0
    assert len(api.ours()) == 1 and "has no new comment" in job.said


def test_a_token_that_writes_as_somebody_else_is_told(job, api):
    api.login = "our-app[bot]"
    job.run()
    assert "`comment-author` to `our-app[bot]`" in job.said
    job.run(TUNER_COMMENT_AUTHOR="our-app[bot]")
    assert len(api.comments) == 1


@pytest.mark.parametrize("who", ["fork", "dependabot"])
def test_without_credentials_nothing_is_measured_and_nothing_passes(job, api, who):
    if who == "fork":
        job.event["pull_request"]["head"]["repo"]["full_name"] = "mallory/r"
    else:
        job.environment["GITHUB_ACTOR"] = "dependabot[bot]"
    api.refuses = 403
    assert job.run(AWS_ACCESS_KEY_ID=None) == 0
    assert job.calls() == []
    assert job.outputs == {**job.outputs, "verdict": "nothing-measured", "exit-code": "0", "measured": "false"}
    assert "Nothing was measured" in job.summary and "passed" not in job.summary
    assert job.run(AWS_ACCESS_KEY_ID=None, TUNER_TOKEN="", TUNER_UNMEASURED="fail") == 0
    assert job.outputs["verdict"] == "nothing-measured" and job.outputs["exit-code"] == "4"
    # What runs on this machine needs none.
    assert job.run(AWS_ACCESS_KEY_ID=None, TUNER_ARGUMENTS="--local --function example:hash --max-p95 9") == 0
    assert job.outputs["verdict"] == "passed"


def test_a_job_of_ours_that_forgot_to_sign_in_fails(job, api):
    assert job.run() == 0
    assert job.run(AWS_ACCESS_KEY_ID=None, GITHUB_RUN_NUMBER="21") == 0
    assert "sign in" in job.said and job.outputs["verdict"] == "failed" and job.outputs["exit-code"] == "2"
    # The result of before does not stand for this commit.
    (comment,) = api.ours()
    assert "Nothing was measured" in comment["body"] and "keeps its limits" not in comment["body"]
    assert len(job.calls()) == 1
    # A machine may have a role that the environment says nothing of; and a shared file has credentials too.
    assert job.run(AWS_ACCESS_KEY_ID=None, TUNER_NEEDS_AWS="true") == 0 and job.outputs["verdict"] == "passed"
    (job.folder / ".aws").mkdir()
    (job.folder / ".aws/credentials").write_text("[default]\n")
    assert job.run(AWS_ACCESS_KEY_ID=None) == 0 and job.outputs["verdict"] == "passed"


def test_a_job_that_is_cancelled_lets_tuner_put_the_function_back(job, api):
    program = job.folder / "slow"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, signal, sys, time\n"
        "def stop(*_):\n    time.sleep(1)\n    pathlib.Path('back').write_text('put back')\n    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, stop)\npathlib.Path('begun').touch()\ntime.sleep(60)\n"
    )
    program.chmod(0o755)
    (job.folder / "event.json").write_text(json.dumps(job.event))
    environment = {**job.environment, "TUNER_BINARY": str(program)}
    script = subprocess.Popen([sys.executable, SCRIPT, "run"], env=environment, cwd=job.folder, start_new_session=True)
    for _ in range(600):
        if (job.folder / "begun").exists():
            break
        time.sleep(0.05)
    # As a terminal does: to all of the group.
    os.killpg(script.pid, signal.SIGINT)
    assert script.wait(30) == 0
    assert (job.folder / "back").read_text() == "put back"
    assert "130" in (job.folder / "output").read_text() and api.wrote() == []


def test_a_folder_with_files_of_others_is_refused(job, api):
    """What a pull request brings along is no result, and nothing is written through its links."""
    brought = job.folder / "brought"
    brought.mkdir()
    (brought / "check.json").write_text(check(("p95", "broken")))
    assert job.run(TUNER_OUT=str(brought)) == 2
    assert "is not empty" in job.said and "::error title=tuner check" not in job.said and job.calls() == []
    assert job.run(TUNER_OUT=None, RUNNER_TEMP=str(job.folder)) == 0
    assert Path(job.outputs["report"]).parent == job.folder


def test_each_that_is_measured_has_a_comment(job, api):
    for number, arguments in enumerate(["resize", "orders", "--local -- ./a", "--local -- ./b", "resize --profile dev"], 21):
        assert job.run(TUNER_ARGUMENTS=arguments, TUNER_NEEDS_AWS="false", GITHUB_RUN_NUMBER=str(number)) == 0
    assert len({one["body"].split("\n")[0] for one in api.ours()}) == 5
    for _ in range(2):
        job.run(TUNER_KEY="two\nlines", GITHUB_RUN_NUMBER="30")
    assert len(api.ours()) == 6


def test_what_was_sent_is_not_shown(job, api):
    says = "error: the payload `secret-thing` is neither JSON nor a file that is there\n"
    assert job.run(TUNER_ARGUMENTS="--payload secret-thing", SAYS=says, PRINTS="", CODE="2") == 0
    assert "secret-thing" not in job.said + job.summary + api.ours()[0]["body"]


def test_a_dry_run_has_not_passed(job):
    assert job.run(TUNER_ARGUMENTS="--function resize --dry-run") == 0
    assert (job.outputs["verdict"], job.outputs["measured"]) == ("nothing-measured", "false")


def test_pull_request_target_is_refused(job, api):
    assert job.run(GITHUB_EVENT_NAME="pull_request_target") == 2
    assert "pull_request_target" in job.said and job.calls() == [] and api.calls == []


def test_a_long_report_is_cut_and_that_is_said(job, api):
    assert job.run(PRINTS="### long\n\n", ROWS="20000") == 0
    (comment,) = api.ours()
    assert 60_000 < len(comment["body"]) <= 65_536
    kept, of = map(int, re.search(r"Cut here: (\d+) of (\d+) lines", comment["body"]).groups())
    assert of == 20_002 and f"| row {kept - 3} |" in comment["body"] and f"| row {kept - 2} |" not in comment["body"]
    assert len(job.summary.encode()) <= 1024 * 1024 and "Cut here" in job.summary
    # A cut in a diff ends it.
    assert job.run(TUNER_COMMAND="patch", TUNER_ARGUMENTS="--function resize --memory 512", PATCH="", PRINTS="unused") == 0
    sys.path.insert(0, str(SCRIPT.parent))
    import tuner_ci

    text = tuner_ci.cut(tuner_ci.fenced("\n".join("+ line" for _ in range(1_000)), "diff"), 2_000)
    assert len(text) <= 2_000 and text.count("```") == 2


def test_neither_accounts_nor_commands_of_others_come_through(job, api):
    says = f"invoking {ARN}\nin account {ACCOUNT}\n::error::injected\n::add-path::/tmp\n"
    assert job.run(SAYS=says, PRINTS=f"### {ARN} keeps\n", CHECK=check(("p95", "kept"))) == 0
    everything = job.said + job.summary + api.comments[0]["body"] + (job.folder / "out/check.json").read_text()
    assert ACCOUNT not in everything and "000000000000" in everything
    stop = re.search(r"::stop-commands::(\w{32})\n(.*?)\n::\1::", job.said, re.S)
    assert "::error::injected" in stop[2] and "::error::injected" not in job.said.replace(stop[0], "")


def test_findings_stand_on_the_line_of_the_size(job, api):
    (job.folder / "infra").mkdir()
    (job.folder / "infra/main.tf").write_text("x\n" * 9)
    broken = check(("p95", "broken"), ("mean", "cannot_tell"), ("p50", "kept"))
    patch = "already so: resize has 512 MB (main.tf:4)\n"
    assert job.run(CODE="3", CHECK=broken, PATCH=patch, TUNER_CODE="infra") == 0
    assert "::error file=infra/main.tf,line=4,title=tuner check::resize breaks p95 <= 800 ms" in job.said
    assert "::warning file=infra/main.tf,line=4,title=tuner check::resize is not shown to keep mean" in job.said
    assert ["patch", "--function", "resize", "--memory", "512", "--path", "infra"] in job.calls()
    # Where the place is not sure there is none.
    assert job.run(CODE="3", CHECK=broken) == 0
    assert "::error title=tuner check::resize breaks p95" in job.said
    # The rest would vanish.
    assert job.run(CODE="3", CHECK=check(*[("p95", "broken")] * 14)) == 0
    shown = re.findall(r"^::(?:error|warning) title=tuner check::(.*)$", job.said, re.M)
    assert len(shown) == 10 and shown[-1] == "5 more findings are in the report"


@pytest.mark.parametrize(
    "more, words",
    [
        ({"TUNER_COMMAND": "restore"}, "no command `restore`"),
        ({"TUNER_ARGUMENTS": "--function 'resize"}, "cannot be split"),
        ({"TUNER_NEEDS_AWS": "maybe"}, "TUNER_NEEDS_AWS"),
        ({"TUNER_BINARY": "/nowhere/tuner"}, "cannot start"),
    ],
)
def test_what_makes_no_sense_is_said(job, more, words):
    # Where tuner could not be started, the last step ends the job.
    assert job.run(**more) in (0, 2)
    assert words in job.said and job.outputs["verdict"] == "failed" and job.outputs["exit-code"] == "2"


def archive(folder, name, text):
    path = folder / "v1.2.3" / f"{name}.tar.gz"
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as packed:
        info = tarfile.TarInfo(f"{name}/tuner")
        info.size = len(text)
        packed.addfile(info, io.BytesIO(text))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_release_is_installed_only_with_its_checksum(job, tmp_path):
    sys.path.insert(0, str(SCRIPT.parent))
    import tuner_ci

    name = f"tuner-{tuner_ci.target()}"
    checksum = archive(tmp_path, name, b"#!/bin/sh\necho tuner\n")
    release = {"TUNER_BINARY": "", "TUNER_VERSION": "1.2.3", "TUNER_RELEASES": tmp_path.as_uri(), "RUNNER_TEMP": str(tmp_path / "temp")}
    assert job.run("install", **release, TUNER_SHA256=checksum) == 0
    assert subprocess.check_output([job.outputs["binary"]]) == b"tuner\n"
    assert job.run("install", **release, TUNER_SHA256="0" * 64) == 2
    assert "nothing of it was used" in job.said
    assert job.run("install", **release) == 2 and "sha256" in job.said
    assert job.run("install", **{**release, "TUNER_VERSION": "../1"}, TUNER_SHA256=checksum) == 2
    assert job.run("install") == 0 and job.outputs["binary"] == job.environment["TUNER_BINARY"]


def test_a_merge_request_gets_a_note_and_findings_in_the_code(job, api):
    api.login = "project-bot"
    there = {name: None for name in job.environment if name.startswith("GITHUB_")}
    there |= {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": api.url,
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": "a" * 40,
        "CI_PIPELINE_ID": "30",
        "CI_JOB_ID": "300",
        "CI_JOB_NAME": "gate",
    }
    (job.folder / "main.tf").write_text("x\n" * 9)
    patch = "already so: resize has 512 MB (main.tf:4)\n"
    assert job.run(**there, CODE="3", CHECK=check(("p95", "broken")), PATCH=patch) == 3
    (note,) = api.ours("project-bot")
    assert [one[1] for one in api.calls if one[0] == "POST"] == ["/projects/5/merge_requests/7/notes"]
    assert all(headers["Private-Token"] == "token-of-the-job" for *_, headers in api.calls)
    (finding,) = json.loads((job.folder / "out/gl-code-quality-report.json").read_text())
    assert finding["location"] == {"path": "main.tf", "lines": {"begin": 4}} and finding["severity"] == "major"
    # It is the same finding when the line or the figures change.
    assert job.run(**{**there, "CI_PIPELINE_ID": "31"}, CODE="3", CHECK=check(("p95", "broken")), PATCH=patch.replace(":4", ":5")) == 3
    (again,) = json.loads((job.folder / "out/gl-code-quality-report.json").read_text())
    assert again["fingerprint"] == finding["fingerprint"] and again["location"]["lines"]["begin"] == 5
    assert api.wrote() == ["POST", "PUT"]
    # An older pipeline.
    assert job.run(**{**there, "CI_PIPELINE_ID": "29"}, PRINTS="### old\n") == 0
    assert "### old" not in note["body"]
    fork = {**there, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "6", "CI_MERGE_REQUEST_PROJECT_ID": "5", "AWS_ACCESS_KEY_ID": None}
    assert job.run(**fork, TUNER_TOKEN="") == 0 and "nothing-measured" in job.said


def test_the_action_is_safe_and_says_what_it_uses():
    text = (ROOT / "action.yml").read_text()
    action = yaml.safe_load(text)
    used = set(re.findall(r"inputs\.([a-z0-9-]+)", text))
    assert used == set(action["inputs"])
    for step in action["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash" and "${{" not in step["run"], step
        else:
            assert re.search(r"@[0-9a-f]{40}$", step["uses"]), step
    # What the action sets is what the script reads.
    script = SCRIPT.read_text()
    for name in set(re.findall(r"^\s+(TUNER_\w+):", text, re.M)):
        assert f'"{name}"' in script or f"'{name}'" in script, name


def test_the_gitlab_template_is_sound():
    job = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())[".tuner"]
    assert "python3 tuner_ci.py run" in job["script"]
    for file in job["artifacts"]["reports"].values():
        assert Path(file).parts[0] == job["variables"]["TUNER_OUT"] and Path(file).name in SCRIPT.read_text()


def test_the_workflows_of_the_guide_pass_actionlint(actionlint, tmp_path):  # noqa: F811
    page = (ROOT / "docs/guide/pull-requests.md").read_text()
    assert not re.search(r"^\s*on:.*pull_request_target", page, re.M)
    workflows = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if re.search(r"^on:", block, re.M)]
    assert workflows
    for n, block in enumerate(workflows):
        file = tmp_path / f"{n}.yml"
        file.write_text(block)
        code, said = actionlint(file)
        assert code == 0, said
        # Every input is one that the action has.
        given = [step.get("with", {}) for one in yaml.safe_load(block)["jobs"].values() for step in one["steps"] if "tuner@" in step.get("uses", "")]
        known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
        assert given and all(set(one) <= set(known) for one in given)
