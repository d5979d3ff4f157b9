"""What each step may do: the same by both templates, and no more than it needs."""

import json

import pytest

from conftest import ACCOUNT, EVERYTHING, REVIEW_STEPS, STEPS, TUNING_STEPS, camel, for_sam
from iam import actions, allows, canonical
from sam import Stack

FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:"
READ, LIST = "lambda:GetFunction", "lambda:ListVersionsByFunction"
UPDATE, PUBLISH = "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion"
EVERY_STEP = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket", "s3:GetObject", "s3:PutObject"}
NEEDS = {
    "initialize": {
        READ,
        LIST,
        "lambda:GetAccountSettings",
        "lambda:GetAlias",
        "logs:FilterLogEvents",
        "logs:GetQueryResults",
        "logs:StartQuery",
        "logs:StopQuery",
        "states:DescribeExecution",
        "s3:DeleteObject",
    },
    "plan": set(),
    "publish": {READ, LIST, UPDATE, PUBLISH},
    "sample": {READ, "lambda:InvokeFunction", "lambda:PutFunctionEventInvokeConfig", "logs:FilterLogEvents", "s3:DeleteObject"},
    "restore": {READ, LIST, UPDATE, "lambda:DeleteFunction", "s3:DeleteObject"},
    "analyze": set(),
    "apply": {READ, LIST, UPDATE, PUBLISH, "lambda:DeleteFunction", "lambda:GetAlias", "lambda:CreateAlias", "lambda:UpdateAlias"},
    "report": {"states:GetExecutionHistory", "s3:DeleteObject"},
    "review-list": {
        "cloudwatch:GetMetricData",
        "compute-optimizer:GetLambdaFunctionRecommendations",
        "lambda:ListEventSourceMappings",
        "lambda:ListFunctions",
        "lambda:ListProvisionedConcurrencyConfigs",
        "logs:DescribeLogGroups",
    },
    "review-look": {
        "cloudwatch:GetMetricData",
        READ,
        "lambda:GetPolicy",
        "lambda:ListAliases",
        "lambda:ListProvisionedConcurrencyConfigs",
        "lambda:ListTags",
        "logs:FilterLogEvents",
        "logs:GetQueryResults",
        "logs:StartQuery",
        "logs:StopQuery",
        "s3:DeleteObject",
    },
    "review-rank": set(),
    "review-tune": {"states:DescribeExecution", "states:StartExecution"},
    "review-report": set(),
}
# The roles that no step has.
OTHERS = ["state_machine", "memory_review", "memory_review_schedule"]
IN_SAM = {
    "state_machine": "StateMachineRole",
    "memory_review": "ReviewStateMachineRole",
    "memory_review_schedule": "ReviewScheduleRole",
}


def address(kind, role):
    return f"{kind}.{role}" if role in OTHERS else f'{kind}.step["{role}"]'


def of_plan(plan, role):
    return json.loads(plan[address("aws_iam_role_policy", role)]["policy"])["Statement"]


def trust_of_plan(plan, role):
    return json.loads(plan[address("aws_iam_role", role)]["assume_role_policy"])


def in_sam(role):
    return IN_SAM.get(role, f"{camel(role)}Role")


def of_stack(stack, role):
    return stack.statements(in_sam(role))


def trust_of_stack(stack, role):
    return stack.resource(in_sam(role))["AssumeRolePolicyDocument"]


@pytest.fixture(scope="module")
def stack():
    return Stack({})


@pytest.fixture(scope="module")
def full_stack():
    return Stack(for_sam(EVERYTHING))


@pytest.mark.parametrize("role", [*STEPS, *OTHERS])
@pytest.mark.parametrize("given", ["nothing", "everything"])
def test_both_templates_allow_the_same(request, role, given):
    plan, stack = (
        request.getfixturevalue(name)
        for name in (("default_plan", "stack") if given == "nothing" else ("full_plan", "full_stack"))
    )
    by_stack = canonical(of_stack(stack, role))
    # CloudFormation names the bucket itself.
    by_stack = {s.replace("ref:TuningsBucket", f"tuner-{ACCOUNT}-eu-west-1") for s in by_stack}
    assert by_stack == canonical(of_plan(plan, role))
    assert trust_of_stack(stack, role) == trust_of_plan(plan, role)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_may_do_what_it_needs_and_no_more(stack, step):
    assert actions(of_stack(stack, step)) == EVERY_STEP | NEEDS[step]


@pytest.mark.parametrize("step", STEPS)
def test_no_action_is_a_wildcard(full_stack, step):
    assert not [action for action in actions(of_stack(full_stack, step)) if "*" in action]


def test_the_state_machine_may_invoke_the_steps_only(stack):
    (statement,) = of_stack(stack, "state_machine")
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert sorted(statement["Resource"]) == sorted(f"{FUNCTION}tuner-{step}" for step in TUNING_STEPS)


STATES = f"arn:aws:states:eu-west-1:{ACCOUNT}:"


def test_a_review_may_invoke_its_steps_and_run_its_own_children(stack, full_stack):
    by_sid = {s["Sid"]: s for s in of_stack(stack, "memory_review")}
    assert list(by_sid) == ["InvokeSteps", "StartChildren", "FollowChildren", "RedriveChildren"]
    assert sorted(by_sid["InvokeSteps"]["Resource"]) == sorted(f"{FUNCTION}tuner-{step}" for step in REVIEW_STEPS)
    assert by_sid["StartChildren"]["Resource"] == [f"{STATES}stateMachine:tuner-memory-review"]
    # Source: "IAM policies for using Distributed Map states", and the ARN of a child, which has the map's label in it.
    for child in ("execution:tuner-memory-review:1", "execution:tuner-memory-review/label:1"):
        assert allows(list(by_sid.values()), "states:StopExecution", STATES + child)
    assert not allows(list(by_sid.values()), "states:StopExecution", f"{STATES}execution:tuner-power-tuning:1")
    topic = EVERYTHING["memory_review_topic_arn"]
    assert not allows(of_stack(stack, "memory_review"), "sns:Publish", topic)
    assert allows(of_stack(full_stack, "memory_review"), "sns:Publish", topic)
    assert not allows(of_stack(full_stack, "memory_review"), "sns:Publish", topic + "2")


def test_a_schedule_begins_reviews_only(stack):
    (statement,) = of_stack(stack, "memory_review_schedule")
    assert statement["Action"] == ["states:StartExecution"]
    assert statement["Resource"] == [f"{STATES}stateMachine:tuner-memory-review"]


def test_a_review_changes_and_invokes_no_function(full_stack):
    changing = ("Invoke", "Update", "Publish", "Delete", "Create", "Put", "Add")
    for step in REVIEW_STEPS:
        done = [action for action in actions(of_stack(full_stack, step)) if action.startswith("lambda:")]
        assert not [action for action in done if action.removeprefix("lambda:").startswith(changing)], step
    starts = {step for step in STEPS if "states:StartExecution" in actions(of_stack(full_stack, step))}
    assert starts == {"review-tune"}
    tune = of_stack(full_stack, "review-tune")
    assert allows(tune, "states:StartExecution", f"{STATES}stateMachine:Team_7-power-tuning")
    for other in ("Team_7-memory-review", "Team_7-power-tuning2", "orders"):
        assert not allows(tune, "states:StartExecution", f"{STATES}stateMachine:{other}")


@pytest.mark.parametrize("step", REVIEW_STEPS)
def test_a_step_of_a_review_writes_to_its_own_part_of_the_bucket(full_stack, step):
    statements = of_stack(full_stack, step)
    assert allows(statements, "s3:PutObject", "arn:aws:s3:::reports/reviews/1/review.json")
    for other in ("other", "tunings/1/state.json", "history/1.json"):
        assert not allows(statements, "s3:PutObject", f"arn:aws:s3:::reports/{other}")
    entry = "arn:aws:s3:::reports/review-history/1.json"
    assert allows(statements, "s3:PutObject", entry) == (step == "review-report")
    assert allows(statements, "s3:GetObject", entry) == (step in ("review-rank", "review-report"))
    assert allows(statements, "s3:GetObject", "arn:aws:s3:::reports/tunings/1/tuning.json") == (step == "review-tune")
    assert not allows(statements, "s3:DeleteObject", "arn:aws:s3:::reports/reviews/1/review.json")
    payload = "arn:aws:s3:::payloads/tuner/registry.json"
    assert allows(statements, "s3:GetObject", payload) == (step in ("review-list", "review-rank"))


def test_logs_are_read_where_it_is_allowed(stack, full_stack):
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/"
    for step in ("initialize", "review-look"):
        for action in ("logs:StartQuery", "logs:FilterLogEvents"):
            assert allows(of_stack(stack, step), action, f"{group}any:*")
            assert allows(of_stack(full_stack, step), action, f"{group}orders-eu:*")
            assert not allows(of_stack(full_stack, step), action, f"{group}customers:*")
    for index in ("history", "check-history"):
        assert allows(of_stack(full_stack, "initialize"), "s3:GetObject", f"arn:aws:s3:::reports/{index}/1.json")
        may_add = {step for step in STEPS if allows(of_stack(full_stack, step), "s3:PutObject", f"arn:aws:s3:::reports/{index}/1.json")}
        assert may_add == {"report"}


@pytest.mark.parametrize("step", ["initialize", "publish", "sample", "restore", "apply"])
def test_narrowing_covers_versions_and_aliases_and_nothing_else(full_stack, step):
    statements = of_stack(full_stack, step)
    for covered in ("orders-eu", "orders-eu:$LATEST", "orders-eu:7", "orders-eu:live", "payments", "payments:3"):
        assert allows(statements, READ, FUNCTION + covered), covered
    for other in ("customers", "customers:1", "payments2", "payments2:1"):
        assert not allows(statements, READ, FUNCTION + other), other


@pytest.mark.parametrize("stack_name", ["stack", "full_stack"])
def test_only_versions_can_be_deleted(request, stack_name):
    stack = request.getfixturevalue(stack_name)
    for step in STEPS:
        version = allows(of_stack(stack, step), "lambda:DeleteFunction", FUNCTION + "orders-eu:7")
        assert version == (step in ("restore", "apply")), step
        assert not allows(of_stack(stack, step), "lambda:DeleteFunction", FUNCTION + "orders-eu"), step


def test_a_function_is_invoked_and_changed_by_the_steps_that_do_so_only(stack):
    by = {step: of_stack(stack, step) for step in STEPS}
    may = lambda action, resource: {step for step in STEPS if allows(by[step], action, FUNCTION + resource)}  # noqa: E731
    assert may("lambda:InvokeFunction", "orders:7") == {"sample"}
    assert may("lambda:InvokeFunction", "processor") == {"sample"}
    assert may(UPDATE, "orders") == {"publish", "restore", "apply"}
    assert may(PUBLISH, "orders") == {"publish", "apply"}


ASSUMING = ("initialize", "publish", "sample", "restore", "apply", "review-list", "review-look")


def test_without_roles_to_assume_none_can_be(stack, full_stack):
    for step in STEPS:
        assert not allows(of_stack(stack, step), "sts:AssumeRole", "arn:aws:iam::210987654321:role/tuner"), step
        mine = allows(of_stack(full_stack, step), "sts:AssumeRole", "arn:aws:iam::210987654321:role/tuner")
        assert mine == (step in ASSUMING), step
        assert not allows(of_stack(full_stack, step), "sts:AssumeRole", "arn:aws:iam::210987654321:role/admin"), step


def test_payloads_are_read_by_few_steps_only_and_where_they_are_allowed(stack, full_stack):
    payload = "arn:aws:s3:::payloads/tuner/1.json"
    assert not any(allows(of_stack(stack, step), "s3:GetObject", payload) for step in STEPS)
    assert {step for step in STEPS if allows(of_stack(full_stack, step), "s3:GetObject", payload)} == {
        "initialize",
        "review-list",
        "review-rank",
    }
    assert not allows(of_stack(full_stack, "initialize"), "s3:GetObject", "arn:aws:s3:::payloads/secret.json")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_writes_to_its_own_logs_and_bucket_only(full_stack, step):
    statements = of_stack(full_stack, step)
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/Team_7-"
    for other in STEPS:
        assert allows(statements, "logs:PutLogEvents", f"{group}{other}:log-stream:x") == (other == step)
    assert allows(statements, "s3:PutObject", "arn:aws:s3:::reports/tunings/1/state.json") == (step in TUNING_STEPS)
    assert not allows(statements, "s3:PutObject", "arn:aws:s3:::reports/other")
    assert not allows(statements, "s3:PutObject", "arn:aws:s3:::payloads/tuner/1.json")
    assert not allows(statements, "s3:DeleteObject", "arn:aws:s3:::reports/tunings/1/tuning.json")
    payload = "arn:aws:s3:::reports/payloads/1.json"
    assert allows(statements, "s3:GetObject", payload) == (step in TUNING_STEPS)
    assert allows(statements, "s3:DeleteObject", payload) == (step in ("initialize", "restore", "report"))


def test_in_a_vpc_lambda_may_make_interfaces_but_the_code_of_a_step_may_not(full_stack):
    for step in STEPS:
        deny = [s for s in of_stack(full_stack, step) if s["Effect"] == "Deny"]
        assert [list(s["Condition"]["ArnLike"]) for s in deny] == [["lambda:SourceFunctionArn"]], step
        allow = [s for s in of_stack(full_stack, step) if s["Sid"] == "JoinNetwork"]
        assert allow[0]["Action"] == deny[0]["Action"], step


def test_another_partition_has_its_own_arns(terraform):
    plan = terraform.plan({}, region="cn-north-1")
    stack = Stack({}, region="cn-north-1", partition="aws-cn")
    for role in [*STEPS, *OTHERS]:
        for text in (json.dumps(of_plan(plan, role)), json.dumps(of_stack(stack, role))):
            assert "arn:aws-cn:" in text and "arn:aws:" not in text, role


@pytest.mark.parametrize("step", ["restore", "apply"])
@pytest.mark.parametrize("asked_as", ["{}:7", "{}"], ids=["by the qualified ARN", "by the ARN alone"])
def test_versions_are_deleted_and_functions_are_not_under_both_readings(stack, full_stack, step, asked_as):
    """AWS does not say which ARN IAM looks at. By the ARN alone a version can't be told from its function: it stays, and is
    named."""
    for which, name in ((stack, "anything"), (full_stack, "orders-eu")):
        statements = of_stack(which, step)
        assert allows(statements, "lambda:DeleteFunction", FUNCTION + asked_as.format(name)) == (asked_as == "{}:7")
        assert not allows(statements, "lambda:DeleteFunction", FUNCTION + name)
