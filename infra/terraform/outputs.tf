output "state_machine_arn" {
  description = "What to start an execution of."
  value       = aws_sfn_state_machine.power_tuning.arn
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
