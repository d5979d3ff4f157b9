# The parameters of infra/sam/template.yaml, in snake_case, with the same meaning and the same defaults.

variable "state_machine_name_prefix" {
  type        = string
  default     = "tuner"
  description = "Begins the name of everything that is created, so that an account can hold more than one deployment."

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$", var.state_machine_name_prefix))
    error_message = "state_machine_name_prefix takes 1 to 32 letters, digits, hyphens and underscores, and begins with a letter or a digit."
  }
}

variable "lambda_resource" {
  type        = any
  default     = "*"
  description = "The functions that may be tuned: an ARN, or a list of ARNs, with * as a wildcard. Versions and aliases of them are covered."

  validation {
    condition = length(flatten([var.lambda_resource])) > 0 && alltrue([
      for resource in flatten([var.lambda_resource]) :
      can(regex("^(\\*|arn:[a-z*-]+:lambda:[a-z0-9*-]+:[0-9*]+:function:[a-zA-Z0-9_*?-]+)$", resource))
    ])
    error_message = "lambda_resource takes \"*\" or function ARNs without a version or an alias (those are covered), such as \"arn:PARTITION:lambda:REGION:ACCOUNT:function:orders-*\"."
  }
}

variable "log_group_resource" {
  type        = any
  default     = "*"
  description = "The log groups in which the REPORT lines of functions are found, by memory reviews, and by tunings, which look there for how much memory a function needs, and where an answer has none: a log group ARN, or a list, with * as a wildcard."

  validation {
    condition = length(flatten([var.log_group_resource])) > 0 && alltrue([
      for resource in flatten([var.log_group_resource]) :
      can(regex("^(\\*|arn:[a-z*-]+:logs:[a-z0-9*-]+:[0-9*]+:log-group:[a-zA-Z0-9_/.#*-]+)$", resource))
    ])
    error_message = "log_group_resource takes \"*\" or log group ARNs without a trailing \":*\", such as \"arn:PARTITION:logs:REGION:ACCOUNT:log-group:/aws/lambda/orders-*\"."
  }
}

variable "assumable_role_arns" {
  type        = list(string)
  default     = []
  description = "Roles that may be assumed to tune functions of other accounts. Without any, no role can be assumed."

  validation {
    condition     = alltrue([for arn in var.assumable_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "assumable_role_arns takes role ARNs, such as \"arn:PARTITION:iam::ACCOUNT:role/tuner\"."
  }
}

variable "power_values" {
  type        = list(number)
  default     = [128, 256, 512, 1024, 1536, 3008]
  description = "Memory sizes in MB that are measured where the input of an execution names none."

  validation {
    condition = length(var.power_values) > 0 && alltrue([
      for size in var.power_values : size >= 128 && size <= 10240 && floor(size) == size
    ])
    error_message = "power_values takes at least one memory size, each a whole number of MB from 128 to 10240."
  }
}

variable "total_execution_timeout" {
  type        = number
  default     = 300
  description = "Time-out in seconds of the Lambda function that measures. It hands back before that, so a tuning may take longer."

  validation {
    condition     = var.total_execution_timeout >= 10 && var.total_execution_timeout <= 900 && floor(var.total_execution_timeout) == var.total_execution_timeout
    error_message = "total_execution_timeout takes whole seconds from 10 to 900, the longest that Lambda allows."
  }
}

variable "visualization_url" {
  type        = string
  default     = "https://lambda-power-tuning.show/"
  description = "Base of the link in the output field stateMachine.visualization. The data is in the fragment of the link and is not sent. Empty: no link."

  validation {
    condition     = can(regex("^(https?://[^#]+)?$", var.visualization_url))
    error_message = "visualization_url takes an http or https address without a fragment, or \"\" for none."
  }
}

variable "payload_s3_bucket" {
  type        = string
  default     = ""
  description = "Bucket of payloads that are too large for an execution's input (payloadS3). Empty: none can be read."
}

variable "payload_s3_key" {
  type        = string
  default     = "*"
  description = "Keys in payload_s3_bucket that may be read, with * as a wildcard."
}

variable "report_bucket" {
  type        = string
  default     = ""
  description = "An existing bucket for records and reports. Empty: one is created."
}

variable "report_retention_in_days" {
  type        = number
  default     = 365
  description = "Days after which records and reports are deleted from the bucket that is created. 0: never."

  validation {
    condition     = var.report_retention_in_days >= 0 && floor(var.report_retention_in_days) == var.report_retention_in_days
    error_message = "report_retention_in_days takes a whole number of days, or 0 to keep everything."
  }
}

variable "log_group_retention_in_days" {
  type        = number
  default     = 7
  description = "Days that the logs of the steps are kept."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_group_retention_in_days)
    error_message = "log_group_retention_in_days takes a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_level" {
  type        = string
  default     = "INFO"
  description = "Least level that the steps log: TRACE, DEBUG, INFO, WARN, ERROR or FATAL."

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "log_level takes TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "waiting_memory_size" {
  type        = number
  default     = 128
  description = "Memory size in MB of the steps that mostly wait for the function under test, publish, sample and restore. More where many invocations at a time answer with megabytes each."

  validation {
    condition     = var.waiting_memory_size >= 128 && var.waiting_memory_size <= 10240 && floor(var.waiting_memory_size) == var.waiting_memory_size
    error_message = "waiting_memory_size takes a whole number of MB from 128 to 10240."
  }
}

variable "state_machine_log_level" {
  type        = string
  default     = "OFF"
  description = "What the state machines log of their executions: OFF, FATAL, ERROR or ALL. Inputs and outputs are not logged."

  validation {
    condition     = contains(["OFF", "FATAL", "ERROR", "ALL"], var.state_machine_log_level)
    error_message = "state_machine_log_level takes OFF, FATAL, ERROR or ALL."
  }
}

variable "state_machine_tracing" {
  type        = bool
  default     = false
  description = "Whether executions of the state machines are traced by X-Ray."
}

variable "architecture" {
  type        = string
  default     = "arm64"
  description = "Architecture that the steps run on: arm64 or x86_64. The functions under test may have any."

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture takes arm64 or x86_64."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = ""
  description = "ARN of the permissions boundary of every role that is created. Empty: none."
}

variable "kms_key_arn" {
  type        = string
  default     = ""
  description = "ARN of the KMS key that encrypts the bucket, the variables of the steps and their logs. Empty: keys of AWS."

  validation {
    condition     = can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$", var.kms_key_arn))
    error_message = "kms_key_arn takes the ARN of a key, not an alias or an ID, or \"\" for none."
  }
}

variable "subnet_ids" {
  type        = list(string)
  default     = []
  description = "Subnets of a VPC to run the steps in. They must reach Lambda, S3, CloudWatch Logs and Step Functions."
}

variable "security_group_ids" {
  type        = list(string)
  default     = []
  description = "Security groups of the steps in that VPC."
}

# Memory reviews.

variable "memory_review_schedule_state" {
  type        = string
  default     = "DISABLED"
  description = "Whether the schedule starts memory reviews: ENABLED or DISABLED. Reviews can be started by hand either way."

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.memory_review_schedule_state)
    error_message = "memory_review_schedule_state takes ENABLED or DISABLED."
  }
}

variable "memory_review_schedule" {
  type        = string
  default     = "cron(0 6 1 * ? *)"
  description = "When a memory review begins, as EventBridge Scheduler writes it: at six in the morning on the first of each month."

  validation {
    condition     = can(regex("^(cron|rate|at)\\(.+\\)$", var.memory_review_schedule))
    error_message = "memory_review_schedule takes cron(...), rate(...) or at(...), such as cron(0 6 1 * ? *)."
  }
}

variable "memory_review_timezone" {
  type        = string
  default     = "UTC"
  description = "Time zone of that, such as Europe/Dublin."
}

variable "memory_review_regions" {
  type        = list(string)
  default     = []
  description = "Regions that a scheduled review looks at, or all. None: the region of the deployment."

  validation {
    condition     = alltrue([for region in var.memory_review_regions : can(regex("^([a-z]{2,4}(-[a-z]+)+-[0-9]+|all)$", region))])
    error_message = "memory_review_regions takes regions such as eu-west-1, or all."
  }
}

variable "memory_review_days" {
  type        = number
  default     = 30
  description = "Days that a scheduled review looks back, today not counted."

  validation {
    condition     = var.memory_review_days >= 1 && var.memory_review_days <= 90 && floor(var.memory_review_days) == var.memory_review_days
    error_message = "memory_review_days takes whole days from 1 to 90."
  }
}

variable "memory_review_budget_usd" {
  type        = number
  default     = 1
  description = "What a scheduled review may spend on scanning logs, in US dollars. 0: samples of the logs are read instead, which is free."

  validation {
    condition     = var.memory_review_budget_usd >= 0
    error_message = "memory_review_budget_usd takes US dollars from 0."
  }
}

variable "memory_review_tune" {
  type        = number
  default     = 0
  description = "How many functions a scheduled review tunes: the first of those that are registered."

  validation {
    condition     = var.memory_review_tune >= 0 && var.memory_review_tune <= 100 && floor(var.memory_review_tune) == var.memory_review_tune
    error_message = "memory_review_tune takes a whole number from 0 to 100."
  }
}

variable "memory_review_payloads" {
  type        = string
  default     = ""
  description = "The registry of functions that a scheduled review may tune and their payloads, s3://BUCKET/KEY, in payload_s3_bucket. Empty: only tags register functions."

  validation {
    condition     = can(regex("^(s3://[^/]+/.+)?$", var.memory_review_payloads))
    error_message = "memory_review_payloads takes s3://BUCKET/KEY, or \"\" for none."
  }
}

variable "memory_review_email" {
  type        = string
  default     = ""
  description = "Who is sent the summary of each review, by a topic that is created. AWS asks them for consent first. Empty: no topic is created."

  validation {
    condition     = can(regex("^([^@\\s]+@[^@\\s]+)?$", var.memory_review_email))
    error_message = "memory_review_email takes an e-mail address, or \"\" for none."
  }
}

variable "memory_review_topic_arn" {
  type        = string
  default     = ""
  description = "An existing SNS topic for the summaries, in place of one that is created."

  validation {
    condition     = can(regex("^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+)?$", var.memory_review_topic_arn))
    error_message = "memory_review_topic_arn takes the ARN of a standard SNS topic, or \"\" for none."
  }
}

# What CloudFormation has its own means for.

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of everything that is created."
}

variable "lambda_packages" {
  type        = string
  default     = ""
  description = "The folder of the deployment packages, tuner-tuning-ARCHITECTURE.zip and tuner-review-ARCHITECTURE.zip. Empty: infra/dist, where infra/build puts them."
}

variable "report_bucket_force_destroy" {
  type        = bool
  default     = false
  description = "Whether destroying also deletes the records and reports in the bucket that was created."
}
