# What each step may do, and nothing else. infra/sam/template.yaml says the same; a test compares the two.

locals {
  resources = flatten([var.lambda_resource])
  # IAM looks at a call that names a version or an alias by its qualified ARN: both forms are needed.
  functions = [for r in local.resources : r == "*" ? "arn:${local.partition}:lambda:*:*:function:*" : r]
  versions  = [for r in local.functions : "${r}:*"]
  # FilterLogEvents is allowed on log groups by their ARN with `:*`.
  read_logs = [for r in flatten([var.log_group_resource]) : r == "*" ? "arn:${local.partition}:logs:*:*:log-group:*" : "${r}:*"]

  tunings    = "${local.bucket_arn}/tunings/*"
  payloads   = "${local.bucket_arn}/payloads/*"
  history    = ["${local.bucket_arn}/history/*", "${local.bucket_arn}/check-history/*"]
  executions = "arn:${local.partition}:states:${local.region}:${local.account}:execution:${local.prefix}-power-tuning:*"

  keep_tunings = { Sid = "KeepTunings", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = [local.tunings, local.payloads] }
  keep_reviews = { Sid = "KeepReviews", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${local.bucket_arn}/reviews/*"] }

  every_step = concat(
    [{ Sid = "List", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket_arn] }],
    [
      for key in compact([var.kms_key_arn]) :
      { Sid = "UseKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [key] }
    ],
    # Lambda itself uses these to reach the VPC; the second statement keeps the code of a step from using them.
    [
      for actions in local.in_vpc ? [local.network_actions] : [] :
      { Sid = "JoinNetwork", Effect = "Allow", Action = actions, Resource = ["*"] }
    ],
    [
      for actions in local.in_vpc ? [local.network_actions] : [] :
      {
        Sid       = "JoinNetworkOnlyByLambda", Effect = "Deny", Action = actions, Resource = ["*"],
        Condition = { ArnLike = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:*:*:function:*" } }
      }
    ],
  )
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]

  assume = [
    for roles in length(var.assumable_role_arns) > 0 ? [var.assumable_role_arns] : [] :
    { Sid = "AssumeRoles", Effect = "Allow", Action = ["sts:AssumeRole"], Resource = roles }
  ]
  payload = flatten([
    for bucket in compact([var.payload_s3_bucket]) : [
      # Without it a missing payload would look like a forbidden one.
      { Sid = "ListPayloads", Effect = "Allow", Action = ["s3:ListBucket"], Resource = ["arn:${local.partition}:s3:::${bucket}"] },
      { Sid = "ReadPayloads", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:${local.partition}:s3:::${bucket}/${var.payload_s3_key}"] },
    ]
  ])
  read_function  = { Sid = "ReadFunction", Effect = "Allow", Action = ["lambda:GetFunction"], Resource = concat(local.functions, local.versions) }
  list_versions  = { Sid = "ListVersions", Effect = "Allow", Action = ["lambda:ListVersionsByFunction"], Resource = local.functions }
  set_memory     = { Sid = "SetMemorySize", Effect = "Allow", Action = ["lambda:UpdateFunctionConfiguration"], Resource = local.functions }
  publish        = { Sid = "PublishVersion", Effect = "Allow", Action = ["lambda:PublishVersion"], Resource = local.functions }
  delete_payload = { Sid = "DeletePayload", Effect = "Allow", Action = ["s3:DeleteObject"], Resource = [local.payloads] }

  read_alias = { Sid = "ReadAlias", Effect = "Allow", Action = ["lambda:GetAlias"], Resource = concat(local.functions, local.versions) }
  # Versions only: a role with this can't delete a function.
  delete_versions = { Sid = "DeleteVersions", Effect = "Allow", Action = ["lambda:DeleteFunction"], Resource = local.versions }

  step_needs = {
    initialize = concat(local.assume, local.payload, [
      local.read_function, local.list_versions,
      # Whether the alias that a recommendation is to be applied to runs what $LATEST is.
      local.read_alias,
      # How many executions the account has.
      { Sid = "ReadAccountSettings", Effect = "Allow", Action = ["lambda:GetAccountSettings"], Resource = ["*"] },
      # What tunings that were stopped by force have left.
      local.delete_payload,
      # Whether a tuning that left something behind is over.
      { Sid = "SeeTunings", Effect = "Allow", Action = ["states:DescribeExecution"], Resource = [local.executions] },
      # How much memory and time the function needs in production, below which it is not tuned.
      { Sid = "ReadLogs", Effect = "Allow", Action = ["logs:FilterLogEvents", "logs:StartQuery"], Resource = local.read_logs },
      # These name a query, not a log group.
      { Sid = "FollowQueries", Effect = "Allow", Action = ["logs:GetQueryResults", "logs:StopQuery"], Resource = ["*"] },
      # What earlier tunings found, and earlier checks.
      { Sid = "ReadHistory", Effect = "Allow", Action = ["s3:GetObject"], Resource = local.history },
    ])
    plan    = []
    publish = concat(local.assume, [local.read_function, local.list_versions, local.set_memory, local.publish])
    sample = concat(local.assume, [
      local.read_function,
      { Sid = "Invoke", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = concat(local.functions, local.versions) },
      # Long functions are invoked asynchronously, and must not be retried behind our back.
      { Sid = "SetRetries", Effect = "Allow", Action = ["lambda:PutFunctionEventInvokeConfig"], Resource = local.versions },
      { Sid = "ReadLogs", Effect = "Allow", Action = ["logs:FilterLogEvents"], Resource = local.read_logs },
      # Notes of asynchronous invocations that are under way.
      { Sid = "DeleteNotes", Effect = "Allow", Action = ["s3:DeleteObject"], Resource = ["${local.tunings}/pending/*"] },
    ])
    restore = concat(local.assume, [
      local.read_function, local.list_versions, local.set_memory,
      local.delete_versions,
      local.delete_payload,
    ])
    analyze = []
    apply = concat(local.assume, [
      local.read_function, local.list_versions, local.set_memory, local.publish,
      # A version that was published for nothing, since the alias could not be pointed to it.
      local.delete_versions,
      {
        Sid      = "SetAlias", Effect = "Allow", Action = ["lambda:GetAlias", "lambda:CreateAlias", "lambda:UpdateAlias"],
        Resource = concat(local.functions, local.versions)
      },
    ])
    report = [
      { Sid = "KeepHistory", Effect = "Allow", Action = ["s3:PutObject"], Resource = local.history },
      local.delete_payload,
      # What the tuning itself cost is counted from its own history.
      { Sid = "CountTransitions", Effect = "Allow", Action = ["states:GetExecutionHistory"], Resource = [local.executions] },
    ]

    # A review looks at all functions, and changes and invokes none.
    review-list = concat(local.assume, local.payload, [
      # None of these can be narrowed to some functions. Compute Optimizer itself asks for the permissions to list.
      {
        Sid    = "ListFunctions", Effect = "Allow", Resource = ["*"],
        Action = ["cloudwatch:GetMetricData", "compute-optimizer:GetLambdaFunctionRecommendations", "lambda:ListEventSourceMappings", "lambda:ListFunctions", "logs:DescribeLogGroups"]
      },
      local.read_provisioned,
    ])
    review-look = concat(local.assume, [
      {
        Sid      = "ReadFunction", Effect = "Allow", Action = ["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListAliases", "lambda:ListTags"],
        Resource = ["arn:${local.partition}:lambda:*:*:function:*"]
      },
      local.read_provisioned,
      { Sid = "ReadMetrics", Effect = "Allow", Action = ["cloudwatch:GetMetricData"], Resource = ["*"] },
      { Sid = "ReadLogs", Effect = "Allow", Action = ["logs:FilterLogEvents", "logs:StartQuery"], Resource = local.read_logs },
      # These name a query, not a log group.
      { Sid = "FollowQueries", Effect = "Allow", Action = ["logs:GetQueryResults", "logs:StopQuery"], Resource = ["*"] },
      # What was found out of a batch that is not finished.
      { Sid = "DeleteNotes", Effect = "Allow", Action = ["s3:DeleteObject"], Resource = ["${local.bucket_arn}/reviews/*/looking/*"] },
    ])
    review-rank = concat(local.payload, [
      { Sid = "ReadHistory", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.bucket_arn}/review-history/*"] },
    ])
    review-tune = [
      { Sid = "StartTunings", Effect = "Allow", Action = ["states:StartExecution"], Resource = [local.power_tuning_arn] },
      { Sid = "SeeTunings", Effect = "Allow", Action = ["states:DescribeExecution"], Resource = [local.executions] },
      { Sid = "ReadTunings", Effect = "Allow", Action = ["s3:GetObject"], Resource = [local.tunings] },
    ]
    review-report = [
      { Sid = "KeepHistory", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${local.bucket_arn}/review-history/*"] },
    ]
  }
  read_provisioned = {
    Sid      = "ReadProvisionedConcurrency", Effect = "Allow", Action = ["lambda:ListProvisionedConcurrencyConfigs"],
    Resource = ["arn:${local.partition}:lambda:*:*:function:*"]
  }
  step_statements = {
    for step, needs in local.step_needs : step => concat(
      [{ Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.log_group_arns[step]}:*"] }],
      local.every_step,
      [startswith(step, "review-") ? local.keep_reviews : local.keep_tunings],
      needs,
    )
  }
}

resource "aws_iam_role" "step" {
  for_each = local.steps

  # A role belongs to no region, so a name alone could collide.
  name_prefix          = substr("${local.prefix}-${each.key}-", 0, 38)
  description          = "What the step ${each.key} may do."
  permissions_boundary = var.permissions_boundary != "" ? var.permissions_boundary : null
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "step" {
  for_each = local.steps

  name   = each.key
  role   = aws_iam_role.step[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.step_statements[each.key] })
}

resource "aws_iam_role" "state_machine" {
  name_prefix          = substr("${local.prefix}-states-", 0, 38)
  description          = "Lets the state machine of a tuning invoke its steps."
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

resource "aws_iam_role_policy" "state_machine" {
  name = "invoke-steps"
  role = aws_iam_role.state_machine.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Sid = "InvokeSteps", Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [for step in local.tuning_steps : local.function_arns[step]] }],
      local.watch_executions,
    )
  })
}

locals {
  # What a state machine needs to log and to trace its executions; none of these takes a resource.
  # Source: "Using CloudWatch Logs to log execution history in Step Functions", "Tracing Step Functions with X-Ray".
  watch_executions = concat(
    [for actions in local.logs_executions ? [local.log_delivery] : [] : { Sid = "LogExecutions", Effect = "Allow", Action = actions, Resource = ["*"] }],
    [for actions in var.state_machine_tracing ? [local.x_ray] : [] : { Sid = "TraceExecutions", Effect = "Allow", Action = actions, Resource = ["*"] }],
  )
  log_delivery = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
  ]
  x_ray = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
}
