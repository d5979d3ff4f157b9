"""The SAM template and the Terraform module: well-formed, alike, and safe."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sam
from conftest import ACCOUNT, EVERYTHING, ROOT, STEPS, for_sam, sam_names
from sam import Stack

# What the other template has other means for: CloudFormation's stack tags, and its refusal to delete what is not empty.
ONLY_IN_TERRAFORM = {"tags", "lambda_zip", "report_bucket_force_destroy"}

WITH_KEY = {"kms_key_arn": EVERYTHING["kms_key_arn"], "report_retention_in_days": 0}


def lint(path):
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), path], capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_terraform_is_formatted_and_valid(terraform):
    done = terraform.run("fmt", "-check", "-recursive", "-no-color")
    assert done.returncode == 0, f"terraform fmt would change {done.stdout}"
    said = json.loads(terraform.checked("validate", "-json"))
    assert said["valid"] and not said["diagnostics"], said


def test_sam_has_no_fault_before_and_after_its_translation(tmp_path):
    code, said = lint(sam.TEMPLATE)
    assert code == 0 and not said.strip(), said
    translated = tmp_path / "cloudformation.json"
    translated.write_text(json.dumps(sam.translated()))
    code, said = lint(translated)
    assert code == 0 and not said.strip(), said


def test_cfn_lint_does_look(tmp_path):
    template = sam.translated()
    template["Resources"]["PlanFunction"]["Properties"]["Runtim"] = "x"
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(template))
    assert lint(broken)[0] != 0


def test_no_partition_is_taken_for_granted():
    files = [*ROOT.glob("infra/**/*"), *ROOT.glob("statemachine/*.asl.json")]
    files = [path for path in files if path.is_file() and "dist" not in path.parts and ".terraform" not in path.parts]
    # The examples of the README are no code.
    files = [path for path in files if path.suffix != ".md"]
    assert len(files) > 8
    assert not [path for path in files if "arn:aws:" in path.read_text()]


def variables():
    """The default of each variable of the Terraform module, as it is written."""
    text = (ROOT / "infra/terraform/variables.tf").read_text()
    found = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S)
    return {name: json.loads(re.search(r"^  default +=\s*(.+)$", body, re.M)[1]) for name, body in found}


def test_both_take_the_same_parameters_with_the_same_defaults():
    ours = {name: default for name, default in variables().items() if name not in ONLY_IN_TERRAFORM}
    theirs = sam.template()["Parameters"]
    assert {name.replace("_", "") for name in ours} == set(sam_names())
    assert set(EVERYTHING) == set(ours), "EVERYTHING leaves something out"
    for name, default in ours.items():
        other = theirs[sam_names()[name.replace("_", "")]]["Default"]
        written = ",".join(map(str, default)) if isinstance(default, list) else default
        assert written == other, name


def test_every_parameter_is_described_and_documented():
    readme = (ROOT / "infra/README.md").read_text()
    for name, parameter in sam.template()["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert f"`{name}`" in readme, name
    for name in variables():
        assert f"`{name}`" in readme, name


def functions_of_plan(plan):
    for step in STEPS:
        f = plan[f'aws_lambda_function.step["{step}"]']
        (logging,) = f["logging_config"]
        yield step, {
            "name": f["function_name"],
            "runtime": f["runtime"],
            "architectures": f["architectures"],
            "handler": f["handler"],
            "memory": f["memory_size"],
            "timeout": f["timeout"],
            "description": f["description"],
            "variables": f["environment"][0]["variables"],
            "key": f["kms_key_arn"] or None,
            "network": [(sorted(v["subnet_ids"]), sorted(v["security_group_ids"])) for v in f["vpc_config"]],
            "logging": (logging["log_format"], logging["application_log_level"], logging["system_log_level"]),
            "retention": plan[f'aws_cloudwatch_log_group.step["{step}"]']["retention_in_days"],
            "log group": plan[f'aws_cloudwatch_log_group.step["{step}"]']["name"],
            "log key": plan[f'aws_cloudwatch_log_group.step["{step}"]'].get("kms_key_id"),
            "boundary": plan[f'aws_iam_role.step["{step}"]'].get("permissions_boundary"),
        }


def functions_of_stack(stack):
    for step in STEPS:
        f = stack.resource(f"{step.capitalize()}Function")
        group = stack.resource(f"{step.capitalize()}LogGroup")
        logging, vpc = f["LoggingConfig"], f.get("VpcConfig")
        assert f["LoggingConfig"]["LogGroup"] == f"ref:{step.capitalize()}LogGroup"
        yield step, {
            "name": f["FunctionName"],
            "runtime": f["Runtime"],
            "architectures": f["Architectures"],
            "handler": f["Handler"],
            "memory": f["MemorySize"],
            "timeout": int(f["Timeout"]),
            "description": f["Description"],
            "variables": f["Environment"]["Variables"],
            "key": f.get("KmsKeyArn"),
            "network": [(sorted(vpc["SubnetIds"]), sorted(vpc["SecurityGroupIds"]))] if vpc else [],
            "logging": (logging["LogFormat"], logging["ApplicationLogLevel"], logging["SystemLogLevel"]),
            "retention": int(group["RetentionInDays"]),
            "log group": group["LogGroupName"],
            "log key": group.get("KmsKeyId"),
            "boundary": stack.resource(f"{step.capitalize()}Role").get("PermissionsBoundary"),
        }


@pytest.mark.parametrize("given", ["nothing", "everything"])
def test_both_make_the_same_functions(request, given):
    variables = {} if given == "nothing" else EVERYTHING
    plan = request.getfixturevalue("default_plan" if given == "nothing" else "full_plan")
    by_plan = dict(functions_of_plan(plan))
    by_stack = dict(functions_of_stack(Stack(for_sam(variables))))
    if given == "nothing":
        for function in by_stack.values():
            # CloudFormation names the bucket itself.
            assert function["variables"]["TUNER_STORE"] == "s3://ref:TuningsBucket"
            function["variables"]["TUNER_STORE"] = f"s3://tuner-{ACCOUNT}-eu-west-1"
    assert by_plan == by_stack
    names = {
        plan["aws_sfn_state_machine.power_tuning"]["name"],
        Stack(for_sam(variables)).resource("StateMachine")["StateMachineName"],
    }
    assert len(names) == 1


def test_lambda_ends_a_step_before_its_state_does(definition):
    functions = dict(functions_of_stack(Stack({"totalExecutionTimeout": 900})))
    inside = definition["States"]["Measure"]["ItemProcessor"]["States"]
    seen = set()
    for name, state in {**definition["States"], **inside}.items():
        if state["Type"] == "Task":
            step = state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}").lower()
            assert functions[step]["timeout"] < state["TimeoutSeconds"], name
            seen.add(step)
    assert seen == set(STEPS)


def test_the_bucket_is_private_encrypted_and_forgets(default_plan):
    plan, stack = default_plan, Stack({})
    bucket = stack.resource("TuningsBucket")

    (encryption,) = plan["aws_s3_bucket_server_side_encryption_configuration.report[0]"]["rule"]
    assert encryption["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "AES256"
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    block = plan["aws_s3_bucket_public_access_block.report[0]"]
    assert all(block[f] for f in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"))
    assert list(bucket["PublicAccessBlockConfiguration"].values()) == [True] * 4

    assert plan["aws_s3_bucket_ownership_controls.report[0]"]["rule"] == [{"object_ownership": "BucketOwnerEnforced"}]
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]

    rules = plan["aws_s3_bucket_lifecycle_configuration.report[0]"]["rule"]
    assert [r["expiration"][0]["days"] for r in rules if r["expiration"]] == [365]
    assert [r["ExpirationInDays"] for r in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in r] == [365]

    (by_stack,) = stack.resource("TuningsBucketPolicy")["PolicyDocument"]["Statement"]
    (by_plan,) = json.loads(plan["aws_s3_bucket_policy.report[0]"]["policy"])["Statement"]
    assert by_plan["Effect"] == "Deny" and by_plan["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert json.loads(json.dumps(by_stack).replace("ref:TuningsBucket", f"tuner-{ACCOUNT}-eu-west-1")) == by_plan
    assert not [address for address in plan if "versioning" in address] and "VersioningConfiguration" not in bucket


@pytest.fixture(scope="module")
def tagged_plan(terraform):
    return terraform.plan({**WITH_KEY, "tags": {"team": "7"}})


def test_with_a_key_the_bucket_uses_it(tagged_plan):
    plan, bucket = tagged_plan, Stack(for_sam(WITH_KEY)).resource("TuningsBucket")
    (encryption,) = plan["aws_s3_bucket_server_side_encryption_configuration.report[0]"]["rule"]
    assert encryption["apply_server_side_encryption_by_default"] == [
        {"sse_algorithm": "aws:kms", "kms_master_key_id": EVERYTHING["kms_key_arn"]}
    ]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": EVERYTHING["kms_key_arn"],
    }
    rules = plan["aws_s3_bucket_lifecycle_configuration.report[0]"]["rule"]
    assert not [r for r in rules if r["expiration"]], "0 days keep everything"
    assert not [r for r in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in r]


def test_a_bucket_that_is_given_is_not_made(full_plan):
    assert not [address for address in full_plan if address.startswith("aws_s3_bucket")]
    stack = Stack(for_sam(EVERYTHING))
    assert stack.resource("TuningsBucket") is None and stack.resource("TuningsBucketPolicy") is None


def test_the_command_line_finds_the_state_machine_by_its_tag(tagged_plan):
    plan = tagged_plan
    assert plan["aws_sfn_state_machine.power_tuning"]["tags"] == {"team": "7", "tuner:state-machine": "power-tuning"}
    assert plan['aws_lambda_function.step["plan"]']["tags"] == {"team": "7"}
    tags = Stack({}).resource("StateMachine")["Tags"]
    assert {"Key": "tuner:state-machine", "Value": "power-tuning"} in tags


def test_bad_parameters_are_refused_with_the_name_and_the_way_out(terraform):
    bad = {
        "state_machine_name_prefix": "-x",
        "lambda_resource": [f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders:live"],
        "log_group_resource": "orders",
        "assumable_role_arns": ["tuner"],
        "power_values": [64],
        "total_execution_timeout": 901,
        "visualization_url": "ftp://x",
        "report_retention_in_days": -1,
        "log_group_retention_in_days": 2,
        "log_level": "info",
        "architecture": "arm",
        "kms_key_arn": "alias/x",
    }
    said = terraform.plan_fails(bad)
    for name in bad:
        assert re.search(rf"{name} takes ", said), (name, said)


def test_a_missing_package_and_half_a_vpc_are_refused_with_the_way_out(terraform):
    said = terraform.plan_fails({"lambda_zip": "", "subnet_ids": ["subnet-1"]})
    assert "infra/build --arch arm64" in said
    assert "both subnet_ids and security_group_ids" in said


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("stateMachineNamePrefix", ["tuner", "Team_7"], ["-x", "", "x" * 33]),
        (
            "lambdaResource",
            ["*", f"arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:orders-*", "arn:aws:lambda:*:*:function:*"],
            [f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders:live", "orders", ""],
        ),
        ("logGroupResource", ["*", "arn:aws:logs:*:*:log-group:/aws/lambda/*"], ["arn:aws:logs:*:*:log-group:/x:*", ""]),
        ("assumableRoleArns", ["", "arn:aws:iam::210987654321:role/path/tuner"], ["tuner", "*"]),
        ("visualizationURL", ["", "https://example.org/"], ["ftp://x", "https://example.org/#x"]),
        ("kmsKeyArn", ["", EVERYTHING["kms_key_arn"]], ["alias/x", "arn:aws:kms:eu-west-1:1:alias/x"]),
    ],
)
def test_patterns_of_sam_take_the_good_and_refuse_the_bad(name, good, bad):
    pattern = sam.template()["Parameters"][name]["AllowedPattern"]
    assert all(re.search(pattern, value) for value in good)
    assert not [value for value in bad if re.search(pattern, value)]
