output "state_machine_arn" {
  description = "What to start an execution of."
  value       = aws_sfn_state_machine.power_tuning.arn
}

output "memory_review_arn" {
  description = "The state machine of memory reviews."
  value       = aws_sfn_state_machine.memory_review.arn
}

output "memory_review_topic_arn" {
  description = "Where the summaries of memory reviews are sent; null for nowhere."
  value       = local.creates_topic ? aws_sns_topic.memory_review[0].arn : var.memory_review_topic_arn != "" ? var.memory_review_topic_arn : null
}

output "report_bucket" {
  description = "Where records and reports are."
  value       = local.bucket
  # Not before the bucket is ready to be written to.
  depends_on = [aws_s3_bucket_policy.report]
}

output "function_arns" {
  description = "The Lambda function of each step."
  value       = { for step, function in aws_lambda_function.step : step => function.arn }
}

output "role_arns" {
  description = "The role of each step, for the policies of KMS keys and of roles in other accounts."
  value       = { for step, role in aws_iam_role.step : step => role.arn }
}
