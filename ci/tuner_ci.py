#!/usr/bin/env python3
"""Runs tuner in a pull request (GitHub) or a merge request (GitLab), and says there what came of it.

    tuner_ci.py install   puts a released binary, whose checksum is given, where `run` finds it
    tuner_ci.py run       runs tuner: a summary, one comment that is kept up to date, annotations, outputs; the exit code is tuner's
                          (with GitHub it is an output, so that the report is uploaded before the job fails)

Everything comes from the environment, see `Settings`. Python 3.9 or newer, standard library only. Neither payloads nor account IDs are
printed: the command line is not shown, functions' messages are left out, and accounts in ARNs are masked.
"""

import hashlib
import json
import os
import platform
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

MOST_ANNOTATIONS = 10
SUMMARY_BYTES = 1024 * 1024
USAGE, REFUSED, NOT_ENOUGH = 2, 5, 4
VERDICTS = {0: "passed", 3: "broken", 4: "cannot-tell", 6: "function-failed"}
NOT_MEASURED = "nothing-measured"
COMMANDS = ("check", "run", "compare", "patch")
MASK = "000000000000"


class Problem(Exception):
    """What is wrong with how this was called; its text goes to the reader."""


ACCOUNTS = set()


def masked(text):
    """Account IDs are twelve digits, and stand beside a colon in ARNs or behind the word; one that was met once is masked
    wherever it stands."""
    ACCOUNTS.update(re.findall(r"(?<=:)\d{12}(?!\d)", text), re.findall(r"(?<!\d)\d{12}(?=:)", text))
    ACCOUNTS.update(re.findall(r"(?i)account\W{0,3}(\d{12})(?!\d)", text))
    return re.sub(r"(?<!\d)\d{12}(?!\d)", lambda found: MASK if found[0] in ACCOUNTS else found[0], text)


def setting(name, default=""):
    return os.environ.get(name, "").strip() or default


class Settings:
    """What the environment says.

    TUNER_COMMAND         check, run, compare or patch
    TUNER_ARGUMENTS       its arguments, as a shell would split them; no shell reads them
    TUNER_OUT             folder of the results, which is new or empty; one of the machine's temporary ones unless given
    TUNER_BINARY          the program
    TUNER_KEY             name of the comment; the job and what is measured unless given
    TUNER_CODE            folder of infrastructure code, where findings are placed
    TUNER_NEEDS_AWS       true, false or auto
    TUNER_UNMEASURED      neutral or fail: how a run ends that may not measure
    TUNER_COMMENT         true or false
    TUNER_TOKEN           for the comment
    TUNER_COMMENT_AUTHOR  login that the token writes as (GitHub)
    """

    def __init__(self):
        self.command = setting("TUNER_COMMAND", "check")
        if self.command not in COMMANDS:
            raise Problem(f"there is no command `{self.command}` here; use one of {', '.join(COMMANDS)}")
        try:
            self.arguments = shlex.split(os.environ.get("TUNER_ARGUMENTS", ""))
        except ValueError as error:
            raise Problem(f"the arguments cannot be split into words: {error}") from error
        self.out = Path(setting("TUNER_OUT") or tempfile.mkdtemp(prefix="tuner-report-", dir=setting("RUNNER_TEMP") or None))
        # What lies there already is of another run, or was written by whoever made the request: it is no result of this one.
        if self.out.is_symlink() or self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
            raise Problem(f"the folder of the results `{self.out}` is not empty: name one that is not there yet, or none")
        self.binary = setting("TUNER_BINARY", "tuner")
        self.code = setting("TUNER_CODE", ".")
        self.needs_aws = self.choice("TUNER_NEEDS_AWS", ("auto", "true", "false"))
        self.unmeasured = self.choice("TUNER_UNMEASURED", ("neutral", "fail"))
        self.comment = self.choice("TUNER_COMMENT", ("true", "false")) == "true"
        self.token = setting("TUNER_TOKEN")
        self.author = setting("TUNER_COMMENT_AUTHOR", "github-actions[bot]")

    @staticmethod
    def choice(name, allowed):
        value = setting(name, allowed[0])
        if value not in allowed:
            raise Problem(f"{name} is `{value}`; use one of {', '.join(allowed)}")
        return value

    def value_of(self, flag):
        for at, word in enumerate(self.arguments):
            if word == "--":
                return None
            if word == flag and at + 1 < len(self.arguments):
                return self.arguments[at + 1]
            if word.startswith(flag + "="):
                return word[len(flag) + 1 :]
        return None

    def has(self, *flags):
        own = self.arguments[: self.arguments.index("--")] if "--" in self.arguments else self.arguments
        return any(word == flag or word.startswith(flag + "=") for word in own for flag in flags)

    def values_of(self, *flags):
        """All values of these flags."""
        pairs = zip(self.arguments, [*self.arguments[1:], ""])
        given = [after for word, after in pairs if word in flags]
        return given + [word.split("=", 1)[1] for word in self.arguments if word.split("=", 1)[0] in flags and "=" in word]

    def key(self, job):
        given = " ".join(setting("TUNER_KEY").split())
        if given:
            return given
        # The names that the arguments begin with, what is named by a flag, and the program of a local function.
        first_flag = next((at for at, word in enumerate(self.arguments) if word.startswith("-")), len(self.arguments))
        program = self.arguments[self.arguments.index("--") + 1 :] if "--" in self.arguments else []
        flags = self.values_of("--function") + self.values_of("--region") + self.values_of("--profile")
        # Names, not ARNs: account IDs are for nobody else.
        named = [word.split(":function:")[-1] for word in [*self.arguments[:first_flag], *flags, *program]]
        parts = [job, self.command, *(word for word in named if not word.startswith("arn:"))]
        return masked(" ".join(" ".join(parts).split()))[:300]

    def asks_aws(self):
        if self.needs_aws != "auto":
            return self.needs_aws == "true"
        return self.command in ("check", "run") and not self.has("--local", "--from-logs", "--endpoint-url")


def has_credentials():
    names = (
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
    )
    files = (setting("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), setting("AWS_CONFIG_FILE", "~/.aws/config"))
    return any(setting(name) for name in names) or any(Path(file).expanduser().is_file() for file in files)


# ---------------------------------------------------------------------------------------------------------------- tuner


class Result:
    def __init__(self, code, verdict, text, is_stopped=False):
        self.code, self.verdict, self.text, self.is_stopped = code, verdict, text, is_stopped


def ended(words):
    """Runs a program to its end: its exit code, what it printed on both channels, and whether it was told to stop.

    A job that is cancelled tells tuner, which then puts the function back; that is waited for. The program is in a session of its
    own, or it would be told twice and take that for impatience."""
    told, child = [], []

    def tell_it(number, _frame):
        told.append(number)
        for process in child:
            process.send_signal(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, tell_it) for number in signals}
    try:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(words, start_new_session=True, **pipes)
        child.append(process)
        if told:
            process.send_signal(told[0])
        out, err = process.communicate()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), bool(told)


def measure(settings):
    """Runs tuner; its result as Markdown."""
    words = [settings.binary, settings.command]
    if settings.command in ("check", "run"):
        words += ["--yes", "--hide-messages", "--format", "markdown", "--out", str(settings.out)]
    if settings.command == "check":
        words += ["--junit", str(settings.out / "junit.xml")]
    if settings.command == "compare":
        words += ["--format", "markdown"]
    settings.out.mkdir(parents=True, exist_ok=True)
    try:
        code, printed, said, is_stopped = ended([*words, *settings.arguments])
    except OSError as error:
        raise Problem(f"cannot start `{settings.binary}`: {error.strerror}; give its path with the input `binary`") from error
    # What is sent to a function is for nobody else.
    for value in settings.values_of("--payload", "--env"):
        said = said.replace(value, "(not shown)") if value else said
    # Accounts are met in any of them, and masked in all.
    for text in [*settings.arguments, printed, said, *(file.read_text("utf-8", "replace") for file in texts(settings.out))]:
        masked(text)
    text, said = masked(printed), masked(said)
    log(said)
    mask_files(settings.out)
    if settings.command == "patch" and text.strip():
        text = fenced(text, "diff")
    if not text.strip():
        # A usage error quotes the command line.
        last = [line for line in said.splitlines() if line.strip()] if code != USAGE else ["The log of the job says what is wrong."]
        text = f"### tuner {settings.command} ended with code {code}\n\n" + (fenced("\n".join(last[-20:]), "text") if last else "")
    verdict = VERDICTS.get(code, "failed")
    # A dry run of a check says what it would take.
    if code == 0 and settings.command in ("check", "run") and settings.has("--dry-run"):
        verdict = NOT_MEASURED
    return Result(code, verdict, text, is_stopped)


def fenced(text, language):
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def texts(folder):
    endings = (".json", ".md", ".html", ".xml", ".svg", ".csv", ".jsonl")
    return [file for file in folder.rglob("*") if file.suffix in endings and file.is_file() and not file.is_symlink()]


def mask_files(folder):
    for file in texts(folder):
        text = file.read_text("utf-8", "replace")
        if masked(text) != text:
            file.write_text(masked(text), "utf-8")


def log(text):
    """What tuner said, in which nothing is a command to the runner."""
    if not text.strip():
        return
    if setting("GITHUB_ACTIONS") == "true":
        stop = secrets.token_hex(16)
        print(f"::stop-commands::{stop}\n{text.rstrip()}\n::{stop}::", flush=True)
    else:
        print(text.rstrip(), flush=True)


def nothing_measured(settings, why):
    text = (
        f"### ❔ Nothing was measured\n\n`tuner {settings.command}` did not run: {why}. This says nothing about the function: "
        "neither that it keeps its limits nor that it breaks them.\n"
    )
    return Result(NOT_ENOUGH if settings.unmeasured == "fail" else 0, NOT_MEASURED, text)


def findings(settings):
    """Limits of checks that are broken, then those that cannot be told, each with its place in code if there is one."""
    found = []
    for file in sorted(settings.out.rglob("check.json")):
        try:
            check = json.loads(file.read_text("utf-8"))
            name = check["function"].split(":function:")[-1].split(":")[0]
            place = None
            for result in check["limits"]:
                if result["verdict"] not in ("broken", "cannot_tell"):
                    continue
                place = place or place_of(settings, name, check["memory_size_mb"])
                limit = result["limit"]
                sign = ">=" if limit["metric"] == "success" else "<="
                unit = {"ms": " ms", "percent": " %", "money": " per million"}.get(limit["unit"], "")
                words = f"{limit['metric'].replace('_', ' ')} {sign} {limit['limit']:g}{unit}"
                found.append({"function": name, "metric": limit["metric"], "verdict": result["verdict"], "limit": words, "place": place})
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            say("notice", f"{file} is no check that this script can read: no annotation is made of it", title="tuner")
    return sorted(found, key=lambda one: one["verdict"] != "broken")


def place_of(settings, function, memory_size_mb):
    """File and line where the memory size is written, if `tuner patch` is sure of it."""
    words = ["patch", "--function", function, "--memory", str(memory_size_mb), "--path", settings.code]
    try:
        done = subprocess.run([settings.binary, *words], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    if done.returncode != 0:
        return None
    said, diff = done.stderr.decode("utf-8", "replace"), done.stdout.decode("utf-8", "replace")
    already = re.search(r"^already so: .* \((.+):(\d+)\)$", said, re.M)
    place = (already[1], int(already[2])) if already else place_in(diff)
    if not place:
        return None
    # `tuner patch` names files from the folder that it looks into.
    path = Path(settings.code) / place[0]
    path = path if path.is_file() else Path(place[0])
    return (os.path.relpath(path).replace(os.sep, "/"), place[1])


def place_in(diff):
    """The first line that a diff changes."""
    file = line = None
    for text in diff.splitlines():
        if text.startswith("+++ b/"):
            file = text[6:]
        elif hunk := re.match(r"@@ -(\d+)", text):
            line = int(hunk[1])
        elif line is not None and text[:1] in "-+":
            return (file, max(line, 1))
        elif line is not None:
            line += 1
    return None


# -------------------------------------------------------------------------------------------------------------- comments


def cut(text, most, measure_of=len):
    """`text` in at most so many characters (or bytes), whole lines; what is left out is said."""
    if measure_of(text) <= most:
        return text
    lines = text.splitlines(keepends=True)
    room, kept, size = most - 400, [], 0
    for line in lines:
        if size + measure_of(line) > room:
            break
        kept.append(line)
        size += measure_of(line)
    fence = None
    for line in kept:
        if opened := re.match(r"(`{3,})", line):
            fence = None if fence and line.strip() == fence else fence or opened[1]
    body = "".join(kept) + (f"{fence}\n" if fence else "")
    return body + f"\n**Cut here: {len(kept)} of {len(lines)} lines are shown.** The whole report is among the files of the job.\n"


def marker(key):
    """The first line of our comment. `--` would end it."""
    return f"<!-- tuner: {re.sub('-{2,}', '-', re.sub('[<>]', '', key)).strip('-')} -->"


def run_line(run):
    return f"<!-- tuner-run: {json.dumps(run, sort_keys=True).replace('--', '- -')} -->"


def run_of(body):
    found = re.search(r"^<!-- tuner-run: (\{.*\}) -->$", body, re.M)
    try:
        run = json.loads(found[1]) if found else {}
        return {"order": [int(number) for number in run.get("order", [])], "commit": str(run.get("commit", ""))}
    except (ValueError, TypeError, AttributeError):
        return {"order": [], "commit": ""}


class Api:
    """Calls of an HTTP API with JSON. What fails in passing is tried again."""

    ATTEMPTS = 3

    def __init__(self, base, headers, pause=None):
        self.base, self.headers = base.rstrip("/"), headers
        self.pause = float(setting("TUNER_RETRY_SECONDS", "2")) if pause is None else pause

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(self.ATTEMPTS):
            request = urllib.request.Request(f"{self.base}/{path}", data=data, method=method, headers=self.headers)
            request.add_header("Content-Type", "application/json")
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                limited = error.code == 429 or (error.code == 403 and error.headers.get("retry-after"))
                # A comment that was made, with its answer lost, must not be made again.
                passes = limited or (error.code >= 500 and method != "POST")
                if attempt + 1 == self.ATTEMPTS or not passes:
                    raise ApiError(f"{method} answered {error.code}", error.code) from error
                wait = error.headers.get("retry-after") or ""
                time.sleep(min(int(wait) if wait.isdigit() else self.pause * (attempt + 1), 60))
            except (urllib.error.URLError, OSError, ValueError) as error:
                if attempt + 1 == self.ATTEMPTS or method == "POST":
                    raise ApiError(f"{method} got no answer that can be read: {getattr(error, 'reason', error)}", None) from error
                time.sleep(self.pause * (attempt + 1))
        raise ApiError(f"{method} was given up", None)

    def pages(self, path):
        for page in range(1, 101):
            listed = self.call("GET", f"{path}?per_page=100&page={page}")
            yield from listed
            if len(listed) < 100:
                return


class ApiError(Exception):
    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class GitHub:
    """A pull request."""

    name, most = "pull request", 65_536

    def __init__(self, settings):
        self.event = {}
        path = setting("GITHUB_EVENT_PATH")
        if path and Path(path).is_file():
            self.event = json.loads(Path(path).read_text("utf-8"))
        self.kind = setting("GITHUB_EVENT_NAME")
        self.pull = self.event.get("pull_request") or {}
        self.number = self.pull.get("number")
        self.repository = setting("GITHUB_REPOSITORY")
        self.commit = (self.pull.get("head") or {}).get("sha") or setting("GITHUB_SHA")
        numbers = (setting("GITHUB_RUN_NUMBER", "0"), setting("GITHUB_RUN_ATTEMPT", "0"))
        self.order = [int(number) for number in numbers]
        self.job = f"{setting('GITHUB_WORKFLOW')} {setting('GITHUB_JOB')}".strip()
        self.author = settings.author
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "tuner"}
        headers["Authorization"] = f"Bearer {settings.token}"
        self.api = Api(setting("GITHUB_API_URL", "https://api.github.com"), headers)
        self.link = f"{setting('GITHUB_SERVER_URL', 'https://github.com')}/{self.repository}/actions/runs/{setting('GITHUB_RUN_ID')}"

    def refuse(self):
        if self.kind == "pull_request_target":
            raise Problem(
                "this does not run on pull_request_target: the code of a stranger would run with this repository's secrets; use pull_request"
            )

    def untrusted(self):
        """Why secrets are not here, if that is as it should be."""
        head = ((self.pull.get("head") or {}).get("repo") or {}).get("full_name")
        if self.pull and head != self.repository:
            return "a pull request from a fork gets no credentials for AWS"
        if setting("GITHUB_ACTOR") == "dependabot[bot]":
            return "a pull request of Dependabot gets no credentials for AWS"
        return None

    def comments(self):
        for comment in self.api.pages(f"repos/{self.repository}/issues/{self.number}/comments"):
            yield comment["id"], (comment.get("user") or {}).get("login"), comment.get("body") or ""

    def newest_commit(self):
        return self.api.call("GET", f"repos/{self.repository}/pulls/{self.number}")["head"]["sha"]

    def create(self, body):
        made = self.api.call("POST", f"repos/{self.repository}/issues/{self.number}/comments", {"body": body})
        return (made.get("user") or {}).get("login"), made.get("html_url", "")

    def update(self, identifier, body):
        made = self.api.call("PATCH", f"repos/{self.repository}/issues/comments/{identifier}", {"body": body})
        return (made or {}).get("html_url", "")

    def delete(self, identifier):
        self.api.call("DELETE", f"repos/{self.repository}/issues/comments/{identifier}")


class GitLab:
    """A merge request."""

    name, most = "merge request", 1_000_000

    def __init__(self, settings):
        self.number = setting("CI_MERGE_REQUEST_IID")
        self.commit = setting("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or setting("CI_COMMIT_SHA")
        self.order = [int(setting("CI_PIPELINE_ID", "0")), int(setting("CI_JOB_ID", "0"))]
        self.job = setting("CI_JOB_NAME")
        self.token = settings.token
        self.api = Api(setting("CI_API_V4_URL"), {"PRIVATE-TOKEN": settings.token, "User-Agent": "tuner"})
        self.base = f"projects/{setting('CI_PROJECT_ID')}/merge_requests/{self.number}"
        self.link = setting("CI_JOB_URL")
        self.me = None

    def refuse(self):
        pass

    def untrusted(self):
        source, target = setting("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), setting("CI_MERGE_REQUEST_PROJECT_ID")
        return "a merge request from a fork gets no credentials for AWS" if source and target and source != target else None

    @property
    def author(self):
        if self.me is None:
            self.me = self.api.call("GET", "user")["username"]
        return self.me

    def comments(self):
        for note in self.api.pages(f"{self.base}/notes"):
            yield note["id"], (note.get("author") or {}).get("username"), note.get("body") or ""

    def newest_commit(self):
        return self.api.call("GET", self.base)["sha"]

    def create(self, body):
        return (self.api.call("POST", f"{self.base}/notes", {"body": body}).get("author") or {}).get("username"), ""

    def update(self, identifier, body):
        self.api.call("PUT", f"{self.base}/notes/{identifier}", {"body": body})
        return ""

    def delete(self, identifier):
        self.api.call("DELETE", f"{self.base}/notes/{identifier}")


def keep_comment(forge, key, text):
    """One comment of ours: made, brought up to date, or left where it is newer. Its address, and what to say."""
    first = marker(key)
    author = forge.author
    ours = sorted((i, body) for i, login, body in forge.comments() if login == author and body.split("\n", 1)[0].strip() == first)
    head = f"{first}\n{run_line({'order': forge.order, 'commit': forge.commit})}\n"
    foot = f"\n<sub>Of commit {forge.commit[:12]}. [The job and its files]({forge.link})</sub>\n"
    body = head + cut(text, forge.most - len(head) - len(foot)) + foot
    if ours:
        # Of two that were made at once, the result of the later run.
        last = max((run_of(body) for _, body in ours), key=lambda run: run["order"])
        newest = forge.newest_commit()
        is_newer = last["order"] > forge.order
        if is_newer or (last["commit"] == newest and forge.commit != newest):
            return "", f"the {forge.name} has a newer result (of commit {last['commit'][:12]}): it was left as it is"
        address = forge.update(ours[0][0], body)
        for identifier, _ in ours[1:]:
            try:
                forge.delete(identifier)
            except ApiError:
                pass  # Another run tidied up at the same time, or the next one will.
        return address, "the comment was brought up to date"
    login, address = forge.create(body)
    if login and login != author:
        return address, f"the comment was made as {login}, not as {author}: set the input `comment-author` to `{login}`, or each run makes one more"
    return address, "the comment was made"


def tell(settings, forge, result):
    """Comments if that is asked for and possible; it never decides how the job ends."""
    if not settings.comment or not forge.number:
        return ""
    if not settings.token:
        say("notice", f"there is no token: nothing is written to the {forge.name}")
        return ""
    try:
        address, said = keep_comment(forge, settings.key(forge.job), result.text)
        print(said)
        return address
    except (ApiError, KeyError, TypeError, AttributeError, ValueError) as error:
        status = getattr(error, "status", None)
        rights = "; the token may not write there (forks and Dependabot get a read-only one)" if status in (401, 403, 404) else ""
        say("warning", f"the {forge.name} has no new comment: {error}{rights}. The result is in the summary and in the files of the job")
        return ""


# --------------------------------------------------------------------------------------------------------------- outputs


def escape(text, is_property=False):
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


def say(kind, text, place=None, title=None):
    """An annotation with GitHub, a line elsewhere."""
    if setting("GITHUB_ACTIONS") != "true":
        where = f" ({place[0]}:{place[1]})" if place else ""
        print(f"{kind}: {title + ': ' if title else ''}{text}{where}", flush=True)
        return
    properties = []
    if place:
        properties += [f"file={escape(place[0], True)}", f"line={place[1]}"]
    if title:
        properties.append(f"title={escape(title, True)}")
    print(f"::{kind} {','.join(properties)}::{escape(text)}" if properties else f"::{kind}::{escape(text)}", flush=True)


def annotate(found):
    shown = found if len(found) <= MOST_ANNOTATIONS else found[: MOST_ANNOTATIONS - 1]
    for one in shown:
        kind, words = ("error", "breaks") if one["verdict"] == "broken" else ("warning", "is not shown to keep")
        say(kind, f"{one['function']} {words} {one['limit']}", one["place"], "tuner check")
    if len(found) > len(shown):
        say("warning", f"{len(found) - len(shown)} more findings are in the report", title="tuner check")


def output(**values):
    path = setting("GITHUB_OUTPUT")
    if not path:
        return
    with open(path, "a", encoding="utf-8") as file:
        for name, value in values.items():
            end = secrets.token_hex(16)
            file.write(f"{name.replace('_', '-')}<<{end}\n{value}\n{end}\n")


def summarise(text):
    path = setting("GITHUB_STEP_SUMMARY")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(cut(text, SUMMARY_BYTES - 1024, lambda part: len(part.encode())) + "\n")


def code_quality(found, file):
    """Findings for GitLab, on the line of the size. What has no line in code is not among them."""
    report = []
    for one in found:
        if one["place"]:
            name = f"tuner {one['function']} {one['metric']}"
            words = "breaks" if one["verdict"] == "broken" else "is not shown to keep"
            report.append(
                {
                    "description": f"{one['function']} {words} {one['limit']}",
                    "check_name": f"tuner-check-{one['metric']}",
                    "fingerprint": hashlib.sha256(name.encode()).hexdigest(),
                    "severity": "major" if one["verdict"] == "broken" else "minor",
                    "location": {"path": one["place"][0], "lines": {"begin": one["place"][1]}},
                }
            )
    file.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def result_of(settings, why_untrusted):
    """What came of it; where it can't be started, that: an older comment must not stand for this commit."""
    try:
        if not settings.asks_aws() or has_credentials():
            return measure(settings)
        if why_untrusted:
            say("notice", f"nothing was measured: {why_untrusted}", title="tuner")
            return nothing_measured(settings, why_untrusted)
        # The machine may have a role of its own, which the environment says nothing of.
        if settings.needs_aws == "true":
            return measure(settings)
        raise Problem(
            "there are no credentials for AWS here: sign in in a step before (OIDC); where the machine has a role, say `needs-aws: true`, "
            "and where none are needed, `needs-aws: false`"
        )
    except Problem as problem:
        say("error", str(problem), title="tuner")
        return Result(USAGE, "failed", f"### tuner {settings.command} could not start\n\nNothing was measured: {masked(str(problem))}.\n")


def run():
    settings = Settings()
    is_gitlab = setting("GITLAB_CI") == "true"
    forge = GitLab(settings) if is_gitlab else GitHub(settings)
    forge.refuse()
    result = result_of(settings, forge.untrusted())
    settings.out.mkdir(parents=True, exist_ok=True)
    (settings.out / "comment.md").write_text(result.text, "utf-8")
    found = findings(settings) if result.verdict != NOT_MEASURED else []
    annotate(found)
    if is_gitlab:
        code_quality(found, settings.out / "gl-code-quality-report.json")
    summarise(result.text)
    # A job that is cancelled has no result, and little time.
    address = "" if result.is_stopped else tell(settings, forge, result)
    is_measured = "false" if result.verdict == NOT_MEASURED else "true"
    artifact = setting("TUNER_ARTIFACT")
    if artifact == "auto":
        # Two artifacts of a run can't have one name.
        artifact = f"tuner-report-{re.sub('[^A-Za-z0-9-]', '-', setting('GITHUB_JOB', 'job'))}-{secrets.token_hex(3)}"
    output(verdict=result.verdict, exit_code=result.code, measured=is_measured, report=settings.out, comment_url=address, artifact=artifact)
    print(f"verdict: {result.verdict}, exit code {result.code}")
    # With GitHub a later step ends the job, when the report is uploaded.
    return 0 if setting("GITHUB_OUTPUT") else result.code


# --------------------------------------------------------------------------------------------------------------- install


def target():
    machine = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(platform.machine().lower())
    system = {"Linux": "unknown-linux-gnu", "Darwin": "apple-darwin"}.get(platform.system())
    name = f"{machine}-{system}"
    if not machine or not system or name == "x86_64-apple-darwin":
        raise Problem(f"there is no released tuner for {platform.system()} on {platform.machine()}; build it and give `binary`")
    return name


def install():
    binary = setting("TUNER_BINARY")
    if binary:
        if not os.access(binary, os.X_OK) or Path(binary).is_dir():
            raise Problem(f"`{binary}` is no program that can be started")
        output(binary=Path(binary).resolve())
        return 0
    version, wanted = setting("TUNER_VERSION"), setting("TUNER_SHA256").lower()
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Problem("give the input `version` (such as 1.2.3) and `sha256`, or the path of a program as `binary`")
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise Problem("`sha256` must be the checksum of the release's archive for this machine: 64 digits of SHA256SUMS")
    name = f"tuner-{target()}"
    base = setting("TUNER_RELEASES") or f"https://github.com/{setting('TUNER_REPOSITORY')}/releases/download"
    folder = Path(setting("RUNNER_TEMP", "/tmp")) / f"tuner-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{name}.tar.gz"
    try:
        with urllib.request.urlopen(f"{base}/v{version}/{name}.tar.gz", timeout=120) as answer:
            archive.write_bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise Problem(f"cannot download tuner {version}: {error}") from error
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != wanted:
        archive.unlink()
        raise Problem(f"the archive of tuner {version} has the SHA-256 {found}, and {wanted} was asked for; nothing of it was used")
    with tarfile.open(archive) as packed:
        try:
            program = packed.extractfile(f"{name}/tuner")
        except KeyError as error:
            raise Problem("the archive holds no tuner") from error
        (folder / "tuner").write_bytes(program.read())
    (folder / "tuner").chmod(0o755)
    output(binary=folder / "tuner")
    print(f"tuner {version}, SHA-256 as given")
    return 0


def main():
    command = {"install": install, "run": run}.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if not command:
        print(__doc__, file=sys.stderr)
        return USAGE
    try:
        return command()
    except Problem as problem:
        say("error", str(problem), title="tuner")
        output(verdict="failed", exit_code=USAGE, measured="false")
        return USAGE


if __name__ == "__main__":
    sys.exit(main())
