"""Terraform on a copy of infra/terraform, with no AWS account and no registry."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"


def provider_mirror():
    """A folder with the AWS provider for this machine, which `terraform init -plugin-dir` takes; None if there is none."""
    given = os.environ.get("TUNER_TERRAFORM_PLUGINS")
    if given:
        return Path(given)
    find = ["find", "/", "-xdev", "-path", "/proc", "-prune", "-o", "-name", "terraform-provider-aws*", "-type", "f", "-print"]
    found = subprocess.run(find, capture_output=True, text=True).stdout.split()
    # HOST/hashicorp/aws/VERSION/PLATFORM/terraform-provider-aws_...
    mirrors = {p.parents[5] for p in map(Path, found) if p.match("*/hashicorp/aws/*/*/terraform-provider-aws*")}
    return next(iter(sorted(mirrors)), None)


class Sts(http.server.BaseHTTPRequestHandler):
    """GetCallerIdentity, all that a plan asks of AWS."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        # The provider takes the partition from the ARN. The signature names the region.
        partition = "aws-cn" if "/cn-" in self.headers["Authorization"] else "aws"
        body = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:{partition}:iam::{ACCOUNT}:user/test</Arn><UserId>test</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Terraform:
    def __init__(self, folder, sts):
        shutil.copytree(ROOT / "infra/terraform", folder / "infra/terraform", ignore=shutil.ignore_patterns(".terraform*"))
        shutil.copytree(ROOT / "statemachine", folder / "statemachine")
        self.folder = folder / "infra/terraform"
        # Whatever of the person who runs this could reach AWS is left out.
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        config = folder / "terraformrc"
        config.touch()
        self.environment = own | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_STS": sts,
            "AWS_REGION": "eu-west-1",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
        }

    def run(self, *arguments, **environment):
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
        )

    def checked(self, *arguments, **environment):
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan_fails(self, variables):
        done = self.run("plan", "-no-color", "-lock=false", self.variables(variables))
        assert done.returncode == 1, done.stdout + done.stderr
        # Messages are framed and folded.
        return " ".join(done.stderr.replace("│", " ").split())

    def plan(self, variables, region="eu-west-1"):
        """What would be created: the values of each resource by its address."""
        packages = self.packages(variables.get("architecture", "arm64"))
        given = self.variables({"lambda_packages": str(packages), **variables})
        self.checked("plan", "-no-color", "-lock=false", "-out=plan", given, AWS_REGION=region)
        planned = json.loads(self.checked("show", "-json", "plan"))["planned_values"]
        return {r["address"]: r["values"] for r in planned["root_module"]["resources"]}

    def packages(self, architecture):
        """A folder with packages as infra/build makes them, as far as a plan looks at them."""
        folder = self.folder.parent / "packages"
        folder.mkdir(exist_ok=True)
        for kind in ("tuning", "review"):
            with zipfile.ZipFile(folder / f"tuner-{kind}-{architecture}.zip", "w") as archive:
                archive.writestr(f"for-{architecture}", b"")
        return folder

    def variables(self, values):
        path = self.folder.parent / "variables.tfvars.json"
        path.write_text(json.dumps(values))
        return f"-var-file={path}"


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    """Terraform with its provider, or a skip that says what is missing."""
    if not shutil.which("terraform"):
        pytest.skip("there is no terraform")
    mirror = provider_mirror()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        made = Terraform(tmp_path_factory.mktemp("terraform"), f"http://127.0.0.1:{server.server_port}")
        done = made.run("init", "-backend=false", "-no-color", *([f"-plugin-dir={mirror}"] if mirror else []))
        if done.returncode != 0:
            if mirror:
                pytest.fail(done.stdout + done.stderr)
            pytest.skip("Terraform's AWS provider is to be had neither from its registry nor from a mirror on this machine")
        yield made
    finally:
        server.shutdown()
        server.server_close()
