# Records, documents and reports of tunings.

locals {
  creates_bucket = var.report_bucket == ""
  bucket         = local.creates_bucket ? lower(replace("${local.prefix}-${local.account}-${local.region}", "_", "-")) : var.report_bucket
  bucket_arn     = "arn:${local.partition}:s3:::${local.bucket}"
}

resource "aws_s3_bucket" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket        = local.bucket
  force_destroy = var.report_bucket_force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.report[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.report[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.report[0].id

  rule {
    bucket_key_enabled = local.kms_key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.kms_key != null ? "aws:kms" : "AES256"
      kms_master_key_id = local.kms_key
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.report[0].id

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # A tuning deletes its payload when it is over, and every tuning those of others that were stopped by force. This is for the
  # last of them; an execution takes 7 days at most.
  rule {
    id     = "payloads"
    status = "Enabled"

    filter {
      prefix = "payloads/"
    }

    expiration {
      days = 8
    }
  }

  dynamic "rule" {
    for_each = var.report_retention_in_days > 0 ? [var.report_retention_in_days] : []
    content {
      id     = "retention"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "report" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.report[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses to change both at the same moment.
  depends_on = [aws_s3_bucket_public_access_block.report]
}
