"""The SAM template and the Terraform module: well-formed, alike, and safe."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

import sam
from conftest import ACCOUNT, EVERYTHING, ROOT, STEPS, camel, for_sam, sam_names, written
from machines import steps
from sam import Stack

# What the other template has other means for: CloudFormation's stack tags, and its refusal to delete what is not empty.
ONLY_IN_TERRAFORM = {"tags", "lambda_packages", "report_bucket_force_destroy"}

# The bucket that is made forgets the payloads of tunings that were stopped by force after so long.
PAYLOAD_DAYS = 8

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
        assert written(default) == theirs[sam_names()[name.replace("_", "")]]["Default"], name


def test_defaults_of_the_inputs_are_those_that_are_deployed():
    ours = variables()
    tuning, review = (
        json.loads((ROOT / f"statemachine/{name}.input.schema.json").read_text())["properties"]
        for name in ("power-tuning", "memory-review")
    )
    assert tuning["powerValues"]["default"] == ours["power_values"]
    for field, variable in (("days", "days"), ("budgetUsd", "budget_usd"), ("tune", "tune")):
        assert review[field]["default"] == ours[f"memory_review_{variable}"], field


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
        f = stack.resource(f"{camel(step)}Function")
        group = stack.resource(f"{camel(step)}LogGroup")
        logging, vpc = f["LoggingConfig"], f.get("VpcConfig")
        assert f["LoggingConfig"]["LogGroup"] == f"ref:{camel(step)}LogGroup"
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
            "boundary": stack.resource(f"{camel(step)}Role").get("PermissionsBoundary"),
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
    for in_plan, in_stack in (("power_tuning", "StateMachine"), ("memory_review", "ReviewStateMachine")):
        by_stack = Stack(for_sam(variables)).resource(in_stack)["StateMachineName"]
        assert plan[f"aws_sfn_state_machine.{in_plan}"]["name"] == by_stack


def test_lambda_ends_a_step_before_its_state_does(tuning, review):
    functions = dict(functions_of_stack(Stack({"totalExecutionTimeout": 900})))
    by_placeholder = {camel(step): step for step in STEPS}
    seen = set()
    for machine in (tuning, review):
        for name, task in steps(machine).items():
            step = by_placeholder[task["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")]
            assert functions[step]["timeout"] < task["TimeoutSeconds"], name
            seen.add(step)
    assert seen == set(STEPS)


def schedule_of_plan(plan):
    schedule = plan["aws_scheduler_schedule.memory_review"]
    (target,) = schedule["target"]
    (retries,) = target["retry_policy"]
    return {
        "name": schedule["name"],
        "state": schedule["state"],
        "when": (schedule["schedule_expression"], schedule["schedule_expression_timezone"]),
        "input": json.loads(target["input"]),
        "retries": (retries["maximum_retry_attempts"], retries["maximum_event_age_in_seconds"]),
        "window": schedule["flexible_time_window"][0]["mode"],
    }


def schedule_of_stack(stack):
    schedule = stack.resource("ReviewSchedule")
    target = schedule["Target"]
    assert target["Arn"] == "ref:ReviewStateMachine" and target["RoleArn"] == "arn:ReviewScheduleRole"
    retries = target["RetryPolicy"]
    return {
        "name": schedule["Name"],
        "state": schedule["State"],
        "when": (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]),
        "input": json.loads(target["Input"]),
        "retries": (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]),
        "window": schedule["FlexibleTimeWindow"]["Mode"],
    }


def observed_of_plan(plan, machine):
    """What a state machine logs and traces, and where to."""
    state_machine = plan[f"aws_sfn_state_machine.{machine.replace('-', '_')}"]
    (logging,), (tracing,) = state_machine["logging_configuration"], state_machine["tracing_configuration"]
    group = plan.get(f'aws_cloudwatch_log_group.state_machine["{machine}"]', {})
    return {
        "level": logging["level"],
        "data": logging["include_execution_data"],
        "group": group.get("name"),
        "retention": group.get("retention_in_days"),
        "key": group.get("kms_key_id"),
        "traced": tracing["enabled"],
    }


def observed_of_stack(stack, resource):
    state_machine = stack.resource(resource)
    logging, group = state_machine["LoggingConfiguration"], stack.resource(f"{resource}LogGroup")
    if group:
        (destination,) = logging["Destinations"]
        assert destination == {"CloudWatchLogsLogGroup": {"LogGroupArn": f"arn:{resource}LogGroup"}}
    else:
        assert "Destinations" not in logging
    return {
        "level": logging["Level"],
        "data": logging["IncludeExecutionData"],
        "group": group and group["LogGroupName"],
        "retention": group and group["RetentionInDays"],
        "key": group and group.get("KmsKeyId"),
        "traced": state_machine["TracingConfiguration"]["Enabled"],
    }


def test_executions_are_logged_and_traced_where_it_is_asked_for(default_plan, full_plan):
    for machine, resource in (("power-tuning", "StateMachine"), ("memory-review", "ReviewStateMachine")):
        off, on = observed_of_plan(default_plan, machine), observed_of_plan(full_plan, machine)
        assert off == observed_of_stack(Stack({}), resource)
        assert on == observed_of_stack(Stack(for_sam(EVERYTHING)), resource)
        assert (off["level"], off["group"], off["traced"]) == ("OFF", None, False)
        group = f"/aws/vendedlogs/states/Team_7-{machine}"
        assert (on["level"], on["data"], on["group"], on["traced"]) == ("ERROR", False, group, True)


def test_the_stack_says_where_it_is_as_that_of_power_tuning_does():
    outputs = sam.template()["Outputs"]
    assert outputs["StateMachineARN"]["Value"] == outputs["stateMachineArn"]["Value"]
    # Its execute.sh takes the first state machine with STACK_NAME in its name, which is to be the right one.
    names = [Stack({}).resource(resource)["StateMachineName"] for resource in ("StateMachine", "ReviewStateMachine")]
    assert [name for name in names if "tuner-power-tuning" in name] == names[:1]


def test_a_schedule_is_there_and_off_until_it_is_asked_for(default_plan, full_plan):
    off, on = schedule_of_plan(default_plan), schedule_of_plan(full_plan)
    assert off == schedule_of_stack(Stack({})) and on == schedule_of_stack(Stack(for_sam(EVERYTHING)))
    assert (off["state"], off["when"]) == ("DISABLED", ("cron(0 6 1 * ? *)", "UTC"))
    assert off["input"] == {"days": 30, "budgetUsd": 1, "tune": 0}
    assert on["input"] == {
        "regions": ["eu-west-1", "us-gov-east-1"],
        "days": 7,
        "budgetUsd": 2.5,
        "tune": 3,
        "payloads": "s3://payloads/tuner/registry.json",
    }
    schema = json.loads((ROOT / "statemachine/memory-review.input.schema.json").read_text())
    for given in (off, on):
        jsonschema.validate(given["input"], schema)


def test_a_topic_is_made_for_an_address_unless_there_is_one(terraform, default_plan, full_plan):
    assert not [address for address in [*default_plan, *full_plan] if address.startswith("aws_sns_")]
    for stack in (Stack({}), Stack(for_sam(EVERYTHING))):
        assert stack.resource("ReviewTopic") is None
    given = {"memory_review_email": "team@example.org"}
    plan, stack = terraform.plan(given), Stack(for_sam(given))
    topic, made = plan["aws_sns_topic.memory_review[0]"], stack.resource("ReviewTopic")
    assert topic["name"] == made["TopicName"] == "tuner-memory-review"
    subscription = plan["aws_sns_topic_subscription.memory_review[0]"]
    assert made["Subscription"] == [{"Protocol": subscription["protocol"], "Endpoint": subscription["endpoint"]}]
    arn = f"arn:aws:sns:eu-west-1:{ACCOUNT}:tuner-memory-review"
    by_plan = plan['aws_lambda_function.step["review-report"]']["environment"][0]["variables"]["TUNER_REVIEW_TOPIC"]
    by_stack = stack.resource("ReviewReportFunction")["Environment"]["Variables"]["TUNER_REVIEW_TOPIC"]
    assert (by_plan, by_stack) == (arn, "ref:ReviewTopic")
    allowed = json.loads(plan["aws_iam_role_policy.memory_review"]["policy"])["Statement"]
    assert [s["Resource"] for s in allowed if s["Sid"] == "Tell"] == [[arn]]
    assert [s["Resource"] for s in stack.statements("ReviewStateMachineRole") if s["Sid"] == "Tell"] == [["ref:ReviewTopic"]]


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
    assert expirations_of_plan(rules) == expirations_of_stack(bucket) == {"payloads/": PAYLOAD_DAYS, "": 365}

    (by_stack,) = stack.resource("TuningsBucketPolicy")["PolicyDocument"]["Statement"]
    (by_plan,) = json.loads(plan["aws_s3_bucket_policy.report[0]"]["policy"])["Statement"]
    assert by_plan["Effect"] == "Deny" and by_plan["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert json.loads(json.dumps(by_stack).replace("ref:TuningsBucket", f"tuner-{ACCOUNT}-eu-west-1")) == by_plan
    assert not [address for address in plan if "versioning" in address] and "VersioningConfiguration" not in bucket


def expirations_of_plan(rules):
    prefixes = {r["id"]: r["filter"][0].get("prefix") or "" for r in rules}
    return {prefixes[r["id"]]: r["expiration"][0]["days"] for r in rules if r["expiration"]}


def expirations_of_stack(bucket):
    rules = bucket["LifecycleConfiguration"]["Rules"]
    return {r.get("Prefix", ""): r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r}


def test_payloads_outlive_the_longest_execution():
    machine = json.loads((ROOT / "statemachine/power-tuning.asl.json").read_text())
    assert PAYLOAD_DAYS * 24 * 3600 > machine["TimeoutSeconds"]


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
    # 0 days keep everything but the payloads of tunings that were stopped by force.
    assert expirations_of_plan(rules) == expirations_of_stack(bucket) == {"payloads/": PAYLOAD_DAYS}


def test_a_bucket_that_is_given_is_not_made(full_plan):
    assert not [address for address in full_plan if address.startswith("aws_s3_bucket")]
    stack = Stack(for_sam(EVERYTHING))
    assert stack.resource("TuningsBucket") is None and stack.resource("TuningsBucketPolicy") is None


def test_the_command_line_finds_the_state_machines_by_their_tags(tagged_plan):
    plan = tagged_plan
    assert plan["aws_sfn_state_machine.power_tuning"]["tags"] == {"team": "7", "tuner:state-machine": "power-tuning"}
    assert plan['aws_lambda_function.step["plan"]']["tags"] == {"team": "7"}
    tags = Stack({}).resource("StateMachine")["Tags"]
    assert {"Key": "tuner:state-machine", "Value": "power-tuning"} in tags
    assert plan["aws_sfn_state_machine.memory_review"]["tags"] == {"team": "7", "tuner:state-machine": "memory-review"}
    assert {"Key": "tuner:state-machine", "Value": "memory-review"} in Stack({}).resource("ReviewStateMachine")["Tags"]


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
        "waiting_memory_size": 127,
        "state_machine_log_level": "INFO",
        "architecture": "arm",
        "kms_key_arn": "alias/x",
        "memory_review_schedule_state": "on",
        "memory_review_schedule": "monthly",
        "memory_review_regions": ["Ireland"],
        "memory_review_days": 91,
        "memory_review_budget_usd": -1,
        "memory_review_tune": 101,
        "memory_review_payloads": "registry.json",
        "memory_review_email": "team",
        "memory_review_topic_arn": "reviews",
    }
    said = terraform.plan_fails(bad)
    for name in bad:
        assert re.search(rf"{name} takes ", said), (name, said)


def test_a_missing_package_and_half_a_vpc_are_refused_with_the_way_out(terraform):
    said = terraform.plan_fails({"lambda_packages": "", "subnet_ids": ["subnet-1"]})
    assert "dist/tuner-tuning-arm64.zip: build it with infra/build --arch arm64" in said
    assert "dist/tuner-review-arm64.zip: build it" in said
    assert "both subnet_ids and security_group_ids" in said


@pytest.mark.parametrize("content", ["for-x86_64", "for-arm", "bootstrap", ""])
def test_a_package_for_another_architecture_is_refused(terraform, content):
    """Renamed, or of somebody else."""
    packages = terraform.packages("arm64")
    with zipfile.ZipFile(packages / "tuner-review-arm64.zip", "w") as archive:
        if content:
            archive.writestr(content, b"")
    said = terraform.plan_fails({"lambda_packages": str(packages)})
    assert "tuner-review-arm64.zip is no package of infra/build for arm64: build it with infra/build --arch arm64" in said
    assert "tuner-tuning-arm64.zip is" not in said


def test_the_packages_of_a_template_are_for_its_architecture():
    """That of the repository; what infra/build makes of it is tested with that."""
    template = sam.template()
    assert template["Parameters"]["architecture"]["AllowedValues"] == ["arm64"]
    for step in STEPS:
        kind = "review" if step.startswith("review-") else "tuning"
        assert template["Resources"][f"{camel(step)}Function"]["Properties"]["CodeUri"] == f"../dist/tuner-{kind}-arm64.zip"


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
        ("memoryReviewSchedule", ["cron(0 6 1 * ? *)", "rate(30 days)"], ["monthly", ""]),
        ("memoryReviewRegions", ["", "eu-west-1", "us-gov-east-1", "all"], ["Ireland", "eu-west"]),
        ("memoryReviewPayloads", ["", "s3://bucket/a/b.json"], ["b.json", "s3://bucket"]),
        ("memoryReviewEmail", ["", "a@example.org"], ["team", "a b@example.org"]),
        ("memoryReviewTopicArn", ["", EVERYTHING["memory_review_topic_arn"]], ["reviews", "arn:aws:sns:eu-west-1:1:x"]),
        ("kmsKeyArn", ["", EVERYTHING["kms_key_arn"]], ["alias/x", "arn:aws:kms:eu-west-1:1:alias/x"]),
    ],
)
def test_patterns_of_sam_take_the_good_and_refuse_the_bad(name, good, bad):
    pattern = sam.template()["Parameters"][name]["AllowedPattern"]
    assert all(re.search(pattern, value) for value in good)
    assert not [value for value in bad if re.search(pattern, value)]
