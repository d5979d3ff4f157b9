"""infra/build, with a cargo that makes what a test tells it to."""

import os
import stat
import subprocess
import zipfile

import pytest
from samtranslator.yaml_helper import yaml_parse

from conftest import ROOT

X86_64, AARCH64 = 62, 183


def elf(machine, *symbols):
    header = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(44)
    return header + b"".join(b"\0" + symbol.encode() for symbol in symbols) + b"\0 code"


def made(*architectures):
    """The files of infra/build for these."""
    names = [f"tuner-{kind}-{a}.zip" for kind in ("tuning", "review") for a in architectures]
    return sorted([*names, *(f"sam-{a}.yaml" for a in architectures)])


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
        self.sysroot = sysroot
        self.is_an("x86_64")
        self.cargo("")

    def is_an(self, host):
        self.tool("rustc", f'case $1 in -vV) echo "host: {host}-unknown-linux-gnu" ;; *) echo {self.sysroot} ;; esac')

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

    def makes(self, content, target="x86_64-unknown-linux-gnu"):
        """Cargo makes this of both programs, for the target it is told."""
        made, where = self.folder / "made", self.folder / f"target/{target}/lambda"
        made.write_bytes(content)
        where.mkdir(parents=True, exist_ok=True)
        self.cargo(f'case "$*" in *"--target {target}") cp {made} {where}/tuning; cp {made} {where}/review ;; *) exit 1 ;; esac')

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
    machine.makes(elf(X86_64, "GLIBC_2.2.5", "GLIBC_2.34"))
    done = machine.build("--arch", "x86_64")
    assert done.returncode == 0, done.stderr
    package = machine.out / "tuner-tuning-x86_64.zip"
    with zipfile.ZipFile(package) as archive:
        mark, entry = archive.infolist()
    # Where infra/terraform looks for it.
    assert mark.filename == "for-x86_64" and package.read_bytes()[30:40] == b"for-x86_64"
    assert entry.filename == "bootstrap"
    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    first = package.read_bytes()
    assert machine.build("--arch", "x86_64").returncode == 0
    assert package.read_bytes() == first
    assert (machine.out / "tuner-review-x86_64.zip").read_bytes() == first
    assert "--package tuner-lambdas --bin=tuning --bin=review --profile lambda" in machine.calls()


@pytest.mark.parametrize(("architecture", "number"), [("x86_64", X86_64), ("arm64", AARCH64)])
def test_the_template_of_sam_is_for_the_packages_beside_it(machine, architecture, number):
    """Whatever is chosen, by whoever deploys it: there is nothing else to choose."""
    target = {"x86_64": "x86_64", "arm64": "aarch64"}[architecture] + "-unknown-linux-gnu"
    if architecture == "arm64":
        machine.is_an("aarch64")
    machine.makes(elf(number), target)
    done = machine.build("--arch", architecture)
    assert done.returncode == 0, done.stderr
    template = yaml_parse((machine.out / f"sam-{architecture}.yaml").read_text())
    parameter = template["Parameters"]["architecture"]
    assert (parameter["Default"], parameter["AllowedValues"]) == (architecture, [architecture])
    assert template["Globals"]["Function"]["Architectures"] == [{"Ref": "architecture"}]
    uris = {
        properties[field]
        for properties in (resource["Properties"] for resource in template["Resources"].values())
        for field in ("CodeUri", "DefinitionUri")
        if field in properties
    }
    assert len(uris) == 4
    for uri in uris:
        assert (machine.out / uri).is_file(), uri
    assert {uri for uri in uris if uri.endswith(".zip")} == {f"tuner-{kind}-{architecture}.zip" for kind in ("tuning", "review")}


def test_what_was_built_before_is_not_taken_for_what_could_not_be_built_now(machine):
    machine.makes(elf(X86_64))
    assert machine.build("--arch", "x86_64").returncode == 0
    machine.cargo("exit 1")
    assert machine.build("--arch", "x86_64").returncode == 1
    assert not list(machine.out.iterdir())


def test_what_can_not_be_built_is_said_and_the_rest_goes_on(machine):
    machine.makes(elf(X86_64))
    done = machine.build()
    assert done.returncode == 0, done.stderr
    assert "NOT BUILT: arm64" in done.stderr and "pip install cargo-lambda ziglang" in done.stderr
    assert sorted(path.name for path in machine.out.iterdir()) == made("x86_64")


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
    machine.makes(elf(X86_64, "GLIBC_2.34", "GLIBC_2.39"))
    done = machine.build("--arch", "x86_64")
    assert done.returncode == 1
    assert "needs glibc 2.39, and provided.al2023 has 2.34" in done.stderr


def test_a_binary_for_another_machine_is_refused(machine):
    machine.makes(elf(AARCH64))
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
        for program in tuning review; do
            mkdir -p $2/$program
            case $target in
            x86_64-unknown-linux-gnu.2.34) cp {binaries["x86_64"]} $2/$program/bootstrap ;;
            aarch64-unknown-linux-gnu.2.34) cp {binaries["aarch64"]} $2/$program/bootstrap ;;
            *) exit 1 ;;
            esac
        done"""
    )
    done = machine.build()
    assert done.returncode == 0, done.stderr
    assert "NOT BUILT" not in done.stderr
    assert sorted(path.name for path in machine.out.iterdir()) == made("arm64", "x86_64")


@pytest.mark.parametrize("arguments", [["--arch", "mips"], ["--arch"], ["--what"]])
def test_wrong_options_are_refused(machine, arguments):
    done = machine.build(*arguments)
    assert done.returncode == 1 and done.stderr.startswith("error: ")
