# Memory reviews: their state machine, its schedule, and the topic that summaries go to.

locals {
  power_tuning_arn  = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${local.prefix}-power-tuning"
  memory_review     = "${local.prefix}-memory-review"
  memory_review_arn = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${local.memory_review}"

  creates_topic = var.memory_review_email != "" && var.memory_review_topic_arn == ""
  topic_arn     = local.creates_topic ? "arn:${local.partition}:sns:${local.region}:${local.account}:${local.memory_review}" : var.memory_review_topic_arn

  # What is not said is left to the defaults of the input.
  memory_review_input = merge(
    {
      days      = var.memory_review_days
      budgetUsd = var.memory_review_budget_usd
      tune      = var.memory_review_tune
    },
    { for name, value in { regions = var.memory_review_regions } : name => value if length(value) > 0 },
    { for name, value in { payloads = var.memory_review_payloads } : name => value if value != "" },
  )
}

resource "aws_sfn_state_machine" "memory_review" {
  name     = local.memory_review
  role_arn = aws_iam_role.memory_review.arn
  tags     = merge(var.tags, { "tuner:state-machine" = "memory-review" })

  logging_configuration {
    level                  = var.state_machine_log_level
    include_execution_data = false
    log_destination        = local.logs_executions ? "${aws_cloudwatch_log_group.state_machine["memory-review"].arn}:*" : null
  }

  tracing_configuration {
    enabled = var.state_machine_tracing
  }

  definition = templatefile("${path.module}/../../statemachine/memory-review.asl.json", {
    Partition       = local.partition
    ReviewListArn   = aws_lambda_function.step["review-list"].arn
    ReviewLookArn   = aws_lambda_function.step["review-look"].arn
    ReviewRankArn   = aws_lambda_function.step["review-rank"].arn
    ReviewTuneArn   = aws_lambda_function.step["review-tune"].arn
    ReviewReportArn = aws_lambda_function.step["review-report"].arn
  })

  depends_on = [aws_iam_role_policy.memory_review]
}

resource "aws_iam_role" "memory_review" {
  name_prefix          = substr("${local.prefix}-review-states-", 0, 38)
  description          = "Lets the state machine of a memory review invoke its steps."
  permissions_boundary = var.permissions_boundary != "" ? var.permissions_boundary : null
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "memory_review" {
  name = "invoke-steps"
  role = aws_iam_role.memory_review.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "InvokeSteps", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [for step in local.review_steps : local.function_arns[step]] },
        # A Distributed Map starts executions of its own state machine.
        { Sid = "StartChildren", Effect = "Allow", Action = ["states:StartExecution"], Resource = [local.memory_review_arn] },
        {
          Sid      = "FollowChildren", Effect = "Allow", Action = ["states:DescribeExecution", "states:StopExecution"],
          Resource = ["arn:${local.partition}:states:${local.region}:${local.account}:execution:${local.memory_review}:*", "arn:${local.partition}:states:${local.region}:${local.account}:execution:${local.memory_review}/*:*"]
        },
        {
          Sid      = "RedriveChildren", Effect = "Allow", Action = ["states:RedriveExecution"],
          Resource = ["arn:${local.partition}:states:${local.region}:${local.account}:execution:${local.memory_review}/*:*"]
        },
      ],
      [for topic in compact([local.topic_arn]) : { Sid = "Tell", Effect = "Allow", Action = ["sns:Publish"], Resource = [topic] }],
      [
        for key in local.creates_topic ? compact([var.kms_key_arn]) : [] :
        { Sid = "UseKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [key] }
      ],
      local.watch_executions,
    )
  })
}

resource "aws_sns_topic" "memory_review" {
  count = local.creates_topic ? 1 : 0

  name              = local.memory_review
  kms_master_key_id = local.kms_key
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "memory_review" {
  count = local.creates_topic ? 1 : 0

  topic_arn = aws_sns_topic.memory_review[0].arn
  protocol  = "email"
  endpoint  = var.memory_review_email
}

resource "aws_scheduler_schedule" "memory_review" {
  name                         = local.memory_review
  description                  = "Begins a memory review of the account."
  state                        = var.memory_review_schedule_state
  schedule_expression          = var.memory_review_schedule
  schedule_expression_timezone = var.memory_review_timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.memory_review.arn
    role_arn = aws_iam_role.memory_review_schedule.arn
    input    = jsonencode(local.memory_review_input)

    # What can't be started within a day is left to the next month.
    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 10
    }
  }

  depends_on = [aws_iam_role_policy.memory_review_schedule]
}

resource "aws_iam_role" "memory_review_schedule" {
  name_prefix          = substr("${local.prefix}-review-schedule-", 0, 38)
  description          = "Lets the schedule begin memory reviews."
  permissions_boundary = var.permissions_boundary != "" ? var.permissions_boundary : null
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow", Action = "sts:AssumeRole", Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "memory_review_schedule" {
  name = "begin-reviews"
  role = aws_iam_role.memory_review_schedule.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "BeginReviews", Effect = "Allow", Action = ["states:StartExecution"], Resource = [local.memory_review_arn] }]
  })
}
