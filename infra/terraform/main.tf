data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id
  prefix    = var.state_machine_name_prefix

  # A step's time-out in seconds stays below that of its state, so that it is Lambda that ends it, and says so.
  steps = {
    initialize = { timeout = 100, does = "Checks the input and reads the function under test." }
    plan       = { timeout = 100, does = "Decides what to measure next." }
    publish    = { timeout = 900, does = "Publishes a version for each memory size and puts the configuration back.", memory = var.waiting_memory_size }
    sample     = { timeout = var.total_execution_timeout, does = "Invokes the versions and keeps a record of every invocation.", memory = var.waiting_memory_size }
    restore    = { timeout = 900, does = "Puts the function under test back and deletes the versions.", memory = var.waiting_memory_size }
    analyze    = { timeout = 300, does = "Works out duration and cost for each memory size." }
    apply      = { timeout = 600, does = "Sets the recommended memory size, where the input asks for it." }
    report     = { timeout = 300, does = "Writes the report." }

    # The steps of a memory review.
    review-list   = { timeout = 900, does = "Lists the functions and plans what logs are read." }
    review-look   = { timeout = 900, does = "Reads what logs say of some functions." }
    review-rank   = { timeout = 900, does = "Works out what each function wastes and risks.", memory = 1024 }
    review-tune   = { timeout = 300, does = "Starts the tunings of registered functions and looks how they are getting on." }
    review-report = { timeout = 900, does = "Writes the report of a review.", memory = 1024 }
  }
  tuning_steps   = [for step, _ in local.steps : step if !startswith(step, "review-")]
  review_steps   = [for step, _ in local.steps : step if startswith(step, "review-")]
  function_names = { for step, _ in local.steps : step => "${local.prefix}-${step}" }
  # Made from names, not read from resources: a plan shows the policies in full.
  function_arns = {
    for step, name in local.function_names : step => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${name}"
  }
  log_group_arns = {
    for step, name in local.function_names : step => "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${name}"
  }

  packages = var.lambda_packages != "" ? var.lambda_packages : "${path.module}/../dist"
  zips     = { for kind in ["tuning", "review"] : kind => "${local.packages}/tuner-${kind}-${var.architecture}.zip" }
  # infra/build writes the architecture into the first bytes of a package: the name of an empty file, behind the 30 bytes that a
  # zip begins with, which are 40 in base64.
  made_for   = { for kind, zip in local.zips : kind => try(base64decode(substr(filebase64(zip), 40, 12)), "nothing known") }
  wanted_for = substr("for-${var.architecture}", 0, 9)
  zip_of     = { for step, _ in local.steps : step => startswith(step, "review-") ? "review" : "tuning" }

  in_vpc  = length(var.subnet_ids) > 0 || length(var.security_group_ids) > 0
  kms_key = var.kms_key_arn != "" ? var.kms_key_arn : null
}

resource "aws_cloudwatch_log_group" "step" {
  for_each = local.steps

  name              = "/aws/lambda/${local.function_names[each.key]}"
  retention_in_days = var.log_group_retention_in_days
  kms_key_id        = local.kms_key
  tags              = var.tags
}

locals {
  logs_executions = var.state_machine_log_level != "OFF"
}

resource "aws_cloudwatch_log_group" "state_machine" {
  for_each = toset(local.logs_executions ? ["power-tuning", "memory-review"] : [])

  # Names that begin so are covered by one resource policy, which could otherwise grow too long.
  name              = "/aws/vendedlogs/states/${local.prefix}-${each.key}"
  retention_in_days = var.log_group_retention_in_days
  kms_key_id        = local.kms_key
  tags              = var.tags
}

resource "aws_lambda_function" "step" {
  for_each = local.steps

  function_name    = local.function_names[each.key]
  description      = each.value.does
  role             = aws_iam_role.step[each.key].arn
  runtime          = "provided.al2023"
  architectures    = [var.architecture]
  handler          = each.key
  filename         = local.zips[local.zip_of[each.key]]
  source_code_hash = try(filebase64sha256(local.zips[local.zip_of[each.key]]), null)
  memory_size      = try(each.value.memory, 512)
  timeout          = each.value.timeout
  kms_key_arn      = local.kms_key
  tags             = var.tags

  environment {
    variables = merge(
      {
        TUNER_STORE                = "s3://${local.bucket}"
        TUNER_DEFAULT_MEMORY_SIZES = join(",", var.power_values)
      },
      { for name, value in { TUNER_VISUALIZATION_URL = var.visualization_url } : name => value if value != "" },
      each.key == "review-tune" ? { TUNER_STATE_MACHINE = local.power_tuning_arn } : {},
      { for name, value in { TUNER_REVIEW_TOPIC = local.topic_arn } : name => value if value != "" && each.key == "review-report" },
    )
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.step[each.key].name
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [1] : []
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.zips[local.zip_of[each.key]])
      error_message = "there is no ${local.zips[local.zip_of[each.key]]}: build it with infra/build --arch ${var.architecture}, or name the folder it is in by lambda_packages."
    }
    precondition {
      # One that is missing is the complaint above.
      condition     = !fileexists(local.zips[local.zip_of[each.key]]) || local.made_for[local.zip_of[each.key]] == local.wanted_for
      error_message = "${local.zips[local.zip_of[each.key]]} is no package of infra/build for ${var.architecture}: build it with infra/build --arch ${var.architecture}, or set architecture to that of the package."
    }
    precondition {
      condition     = (length(var.subnet_ids) > 0) == (length(var.security_group_ids) > 0)
      error_message = "a VPC takes both subnet_ids and security_group_ids."
    }
  }

  # A step that starts before its role may do anything would fail.
  depends_on = [aws_iam_role_policy.step]
}

resource "aws_sfn_state_machine" "power_tuning" {
  name     = "${local.prefix}-power-tuning"
  role_arn = aws_iam_role.state_machine.arn
  # `tuner run` finds the state machine by this tag.
  tags = merge(var.tags, { "tuner:state-machine" = "power-tuning" })

  logging_configuration {
    level = var.state_machine_log_level
    # Inputs and outputs hold payloads.
    include_execution_data = false
    log_destination        = local.logs_executions ? "${aws_cloudwatch_log_group.state_machine["power-tuning"].arn}:*" : null
  }

  tracing_configuration {
    enabled = var.state_machine_tracing
  }

  definition = templatefile("${path.module}/../../statemachine/power-tuning.asl.json", {
    Partition     = local.partition
    InitializeArn = aws_lambda_function.step["initialize"].arn
    PlanArn       = aws_lambda_function.step["plan"].arn
    PublishArn    = aws_lambda_function.step["publish"].arn
    SampleArn     = aws_lambda_function.step["sample"].arn
    RestoreArn    = aws_lambda_function.step["restore"].arn
    AnalyzeArn    = aws_lambda_function.step["analyze"].arn
    ApplyArn      = aws_lambda_function.step["apply"].arn
    ReportArn     = aws_lambda_function.step["report"].arn
  })

  depends_on = [aws_iam_role_policy.state_machine]
}
