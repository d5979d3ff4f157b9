"""infra/build, with a cargo that makes what a test tells it to."""

import os
import stat
import subprocess
import zipfile

import pytest

from conftest import ROOT

X86_64, AARCH64 = 62, 183


def elf(machine, *symbols):
    header = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(44)
    return header + b"".join(b"\0" + symbol.encode() for symbol in symbols) + b"\0 code"


class Machine:
    """A machine with nothing to build with but what a test puts there."""

    def __init__(self, folder):
        self.folder, self.bin, self.out = folder, folder / "bin", folder / "out"
        self.bin.mkdir()
        for tool in ("bash", "cat", "cp", "dirname", "mkdir", "mv", "python3", "rm", "sed", "wc"):
            path = next(p for p in (f"/usr/bin/{tool}", f"/bin/{tool}") if os.path.exists(p))
            self.tool(tool, f'exec {path} "$@"')
        sysroot = folder / "sysroot"
        for target in ("x86_64", "aarch64"):
            (sysroot / f"lib/rustlib/{target}-unknown-linux-gnu/lib").mkdir(parents=True)
        self.tool("rustc", f'case $1 in -vV) echo "host: x86_64-unknown-linux-gnu" ;; *) echo {sysroot} ;; esac')
        self.cargo("")

    def tool(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def cargo(self, build):
        metadata = '{"target_directory": "%s"}' % (self.folder / "target")
        self.tool(
            "cargo",
            f"""echo "$@" >>{self.folder}/calls
case $1 in
metadata) echo '{metadata}' ;;
*) {build or "exit 1"} ;;
esac""",
        )

    def makes(self, path, content):
        """Cargo puts this there."""
        made = self.folder / "made"
        made.write_bytes(content)
        where = self.folder / "target" / path
        where.parent.mkdir(parents=True, exist_ok=True)
        self.cargo(f"cp {made} {where}")

    def build(self, *arguments):
        return subprocess.run(
            [ROOT / "infra/build", "--out", self.out, *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.folder)},
            capture_output=True,
            text=True,
        )

    def calls(self):
        return (self.folder / "calls").read_text()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_a_package_holds_a_bootstrap_that_can_be_run_and_nothing_of_the_day(machine):
    machine.makes("lambda/bootstrap", elf(X86_64, "GLIBC_2.2.5", "GLIBC_2.34"))
    done = machine.build("--arch", "x86_64")
    assert done.returncode == 0, done.stderr
    package = machine.out / "tuner-lambdas-x86_64.zip"
    with zipfile.ZipFile(package) as archive:
        (entry,) = archive.infolist()
    assert entry.filename == "bootstrap"
    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    first = package.read_bytes()
    assert machine.build("--arch", "x86_64").returncode == 0
    assert package.read_bytes() == first
    assert (machine.out / "tuner-lambdas.zip").read_bytes() == first
    assert "--package tuner-lambdas --bin bootstrap --profile lambda" in machine.calls()


def test_what_can_not_be_built_is_said_and_the_rest_goes_on(machine):
    machine.makes("lambda/bootstrap", elf(X86_64))
    done = machine.build()
    assert done.returncode == 0, done.stderr
    assert "NOT BUILT: arm64" in done.stderr and "pip install cargo-lambda ziglang" in done.stderr
    assert sorted(path.name for path in machine.out.iterdir()) == ["tuner-lambdas-x86_64.zip", "tuner-lambdas.zip"]
    assert "which SAM takes, is for x86_64" in done.stderr


def test_nothing_built_is_a_failure(machine):
    done = machine.build("--arch", "arm64")
    assert done.returncode == 1
    assert "nothing could be built" in done.stderr
    assert not list(machine.out.iterdir())


def test_a_missing_standard_library_is_named(machine):
    (machine.folder / "sysroot/lib/rustlib/aarch64-unknown-linux-gnu/lib").rmdir()
    done = machine.build("--arch", "arm64")
    assert "rustup target add aarch64-unknown-linux-gnu" in done.stderr


def test_a_binary_that_amazon_linux_can_not_start_is_refused(machine):
    machine.makes("lambda/bootstrap", elf(X86_64, "GLIBC_2.34", "GLIBC_2.39"))
    done = machine.build("--arch", "x86_64")
    assert done.returncode == 1
    assert "needs glibc 2.39, and provided.al2023 has 2.34" in done.stderr


def test_a_binary_for_another_machine_is_refused(machine):
    machine.makes("lambda/bootstrap", elf(AARCH64))
    done = machine.build("--arch", "x86_64")
    assert done.returncode == 1
    assert "is no program for x86_64-unknown-linux-gnu" in done.stderr


def test_with_cargo_lambda_both_are_built_for_the_c_library_of_amazon_linux(machine):
    machine.tool("cargo-lambda", "exit 1")
    machine.tool("zig", "exit 1")
    binaries = {}
    for target, number in (("x86_64", X86_64), ("aarch64", AARCH64)):
        binaries[target] = machine.folder / target
        binaries[target].write_bytes(elf(number))
    machine.cargo(
        f"""while [ "$1" != --target ]; do shift; done
        target=$2
        while [ "$1" != --lambda-dir ]; do shift; done
        mkdir -p $2/bootstrap
        case $target in
        x86_64-unknown-linux-gnu.2.34) cp {binaries["x86_64"]} $2/bootstrap/bootstrap ;;
        aarch64-unknown-linux-gnu.2.34) cp {binaries["aarch64"]} $2/bootstrap/bootstrap ;;
        *) exit 1 ;;
        esac"""
    )
    done = machine.build()
    assert done.returncode == 0, done.stderr
    assert "NOT BUILT" not in done.stderr
    assert {path.name for path in machine.out.iterdir()} == {
        "tuner-lambdas-arm64.zip",
        "tuner-lambdas-x86_64.zip",
        "tuner-lambdas.zip",
    }


@pytest.mark.parametrize("arguments", [["--arch", "mips"], ["--arch"], ["--what"]])
def test_wrong_options_are_refused(machine, arguments):
    done = machine.build(*arguments)
    assert done.returncode == 1 and done.stderr.startswith("error: ")
