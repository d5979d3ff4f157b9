//! What bytes look like in which no report was found, and what to do about it.

use memchr::memmem;

/// How much of a file is looked at.
pub(crate) const HEAD: usize = 64 << 10;

/// What bytes without a readable report look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Looks {
    /// There are none.
    Empty,
    /// Lambda's own lines, but no REPORT among them.
    LambdaLog,
    /// Lines of text.
    Text,
    /// JSON.
    Json,
    /// Neither text nor a format that is known here.
    Binary,
    /// Base64.
    Base64,
    /// UTF-32, or UTF-16 that could not be decoded.
    OtherEncoding,
    /// Compressed or packed in a way that is not undone here.
    Packed(Packing),
    /// Compressed over and over again.
    NestedTooDeep,
    /// Reports whose text is escaped in a way that is not undone.
    Escaped,
    /// YAML of the AWS CLI.
    Yaml,
    /// What Python prints of a list or dictionary.
    PythonRepr,
    /// Results of Logs Insights without the fields that make a report.
    InsightsFields,
    /// Performance events of Lambda Insights.
    LambdaInsights,
    /// What the Serverless Framework makes of Lambda's lines.
    Serverless,
    /// Logs of another service, named.
    OtherService(&'static str),
    /// A document of ours.
    TunerDocument,
    /// A result of aws-lambda-power-tuning.
    PowerTuningResult,
    /// What `aws lambda list-functions` prints.
    FunctionInventory,
    /// What `aws logs describe-export-tasks` prints.
    ExportTasks,
}

/// Ways of packing that are named but not undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packing {
    /// `.xz`.
    Xz,
    /// `.bz2`.
    Bzip2,
    /// `.lz4`.
    Lz4,
    /// Framed Snappy.
    Snappy,
    /// `.7z`.
    SevenZip,
    /// `.rar`.
    Rar,
    /// Apache Parquet.
    Parquet,
    /// Apache ORC.
    Orc,
    /// A database of SQLite.
    Sqlite,
    /// A ZIP archive with a password, of a compression other than deflate, or from a stream.
    Zip,
}

impl Packing {
    /// Its beginnings.
    const MAGIC: [(&[u8], Self); 10] = [
        (b"\xfd7zXZ\0", Self::Xz),
        (b"BZh", Self::Bzip2),
        (b"\x04\x22\x4d\x18", Self::Lz4),
        (b"\xff\x06\0\0sNaPpY", Self::Snappy),
        (b"7z\xbc\xaf\x27\x1c", Self::SevenZip),
        (b"Rar!\x1a\x07", Self::Rar),
        (b"PAR1", Self::Parquet),
        (b"ORC", Self::Orc),
        (b"SQLite format 3\0", Self::Sqlite),
        (b"PK\x03\x04", Self::Zip),
    ];

    fn of(head: &[u8]) -> Option<Self> {
        let (_, packing) = Self::MAGIC.into_iter().find(|(magic, _)| head.starts_with(magic))?;
        Some(packing)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Xz => "xz data",
            Self::Bzip2 => "bzip2 data",
            Self::Lz4 => "LZ4 data",
            Self::Snappy => "Snappy data",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Parquet => "a Parquet file",
            Self::Orc => "an ORC file",
            Self::Sqlite => "a database of SQLite",
            Self::Zip => "a ZIP archive that is encrypted, damaged, or comes from a stream",
        }
    }

    const fn way_out(self) -> &'static str {
        match self {
            Self::Xz => "unpack it first: xz -dc FILE | tuner logs",
            Self::Bzip2 => "unpack it first: bzip2 -dc FILE | tuner logs",
            Self::Lz4 => "unpack it first: lz4 -dc FILE | tuner logs",
            Self::Snappy => "unpack it first: snzip -dc FILE | tuner logs",
            Self::SevenZip => "unpack it first: 7z x FILE",
            Self::Rar => "unpack it first: unrar x FILE",
            Self::Parquet | Self::Orc => "write its message column as lines first, with Athena or DuckDB",
            Self::Sqlite => "write its message column as lines first, with sqlite3",
            Self::Zip => "unpack it first: unzip FILE",
        }
    }
}

/// Logs of other services, by what their lines or records hold.
const OTHER_SERVICES: [(&str, &[&[u8]]); 9] = [
    ("CloudTrail", &[b"\"eventSource\"", b"\"eventName\"", b"\"awsRegion\""]),
    ("VPC flow logs", &[b"account-id interface-id", b"srcaddr"]),
    ("VPC flow logs", &[b" eni-", b" ACCEPT OK"]),
    ("Application Load Balancer access logs", &[b"targetgroup/", b" app/"]),
    ("S3 access logs", &[b"REST.GET.", b"HTTP/1.1\""]),
    ("CloudFront access logs", &[b"#Fields: date", b"x-edge-"]),
    (
        "API Gateway logs",
        &[b"Method request", b"Method completed with status"],
    ),
    ("Step Functions logs", &[b"\"execution_arn\"", b"\"previous_event_id\""]),
    ("CodeBuild logs", &[b"[Container] ", b"Phase complete: "]),
];

impl Looks {
    /// By the beginning of what was decoded. `nested` says that there is more compression than is undone.
    pub(crate) fn of(head: &[u8], nested: bool) -> Self {
        let has = |needle: &[u8]| memmem::find(head, needle).is_some();
        let all = |needles: &[&[u8]]| needles.iter().all(|needle| has(needle));
        let text = head.trim_ascii_start();
        if nested {
            return Self::NestedTooDeep;
        }
        if text.is_empty() {
            return Self::Empty;
        }
        if let Some(packing) = Packing::of(head) {
            return Self::Packed(packing);
        }
        if head.contains(&0) {
            let of_four = head.chunks_exact(4).take(64);
            let wide = of_four
                .clone()
                .filter(|four| matches!(four, [1..=255, 0, 0, 0] | [0, 0, 0, 1..=255]))
                .count();
            return if wide * 2 > of_four.len() {
                Self::OtherEncoding
            } else {
                Self::Binary
            };
        }
        if all(&[b"\"schema_version\"", b"\"tool_version\""]) {
            return Self::TunerDocument;
        }
        if all(&[b"\"stateMachine\"", b"\"lambdaCost\""]) {
            return Self::PowerTuningResult;
        }
        if all(&[b"\"FunctionName\"", b"\"FunctionArn\"", b"\"MemorySize\""]) {
            return Self::FunctionInventory;
        }
        if all(&[b"\"exportTasks\"", b"\"taskId\""]) {
            return Self::ExportTasks;
        }
        if has(b"\"LambdaInsights\"") || all(&[b"\"used_memory_max\"", b"\"total_memory\""]) {
            return Self::LambdaInsights;
        }
        if has(b"REPORT RequestId") || all(&[b"platform.report", b"durationMs"]) {
            return match text {
                [b'{', b'\'', ..] | [b'[', b'{', b'\'', ..] => Self::PythonRepr,
                _ if has(b"\n- ") || has(b"message: \"") => Self::Yaml,
                _ => Self::Escaped,
            };
        }
        if has(b"END Duration: ") {
            return Self::Serverless;
        }
        if has(b"@duration") || has(b"@billedDuration") || has(b"@memorySize") || has(b"@requestId") || has(b"@ptr") {
            return Self::InsightsFields;
        }
        if has(b"START RequestId:") || has(b"END RequestId:") || has(b"INIT_START ") || has(b"\"platform.") {
            return Self::LambdaLog;
        }
        if let Some((service, _)) = OTHER_SERVICES.iter().find(|(_, needles)| all(needles)) {
            return Self::OtherService(service);
        }
        if is_base64(text) {
            return Self::Base64;
        }
        if std::str::from_utf8(&head[..head.len().min(512)]).is_err_and(|error| error.error_len().is_some()) {
            return Self::Binary;
        }
        if text.starts_with(b"{") || text.starts_with(b"[") {
            Self::Json
        } else {
            Self::Text
        }
    }

    /// In words, to stand behind "looks like".
    pub fn what(&self) -> String {
        match self {
            Self::Empty => "nothing: it is empty".into(),
            Self::LambdaLog => "a log of a Lambda function without any REPORT".into(),
            Self::Text => "lines of text without any REPORT".into(),
            Self::Json => "JSON without any REPORT".into(),
            Self::Binary => "binary data".into(),
            Self::Base64 => "base64".into(),
            Self::OtherEncoding => "text in UTF-32".into(),
            Self::Packed(packing) => packing.words().into(),
            Self::NestedTooDeep => "data that is compressed more than four times over".into(),
            Self::Escaped => "reports that are escaped or cut off".into(),
            Self::Yaml => "YAML of the AWS CLI".into(),
            Self::PythonRepr => "what Python prints of a dictionary (repr)".into(),
            Self::InsightsFields => "results of CloudWatch Logs Insights without the fields of a report".into(),
            Self::LambdaInsights => "performance events of Lambda Insights".into(),
            Self::Serverless => "a log that the Serverless Framework has rewritten (END Duration: ...)".into(),
            Self::OtherService(service) => (*service).into(),
            Self::TunerDocument => "a document of tuner itself".into(),
            Self::PowerTuningResult => "a result of aws-lambda-power-tuning".into(),
            Self::FunctionInventory => "an inventory of functions".into(),
            Self::ExportTasks => "a list of export tasks".into(),
        }
    }

    /// What to do, if anything is to be done.
    pub fn way_out(&self) -> Option<String> {
        Some(match self {
            Self::LambdaLog => {
                "JSON logs have REPORTs at system log level INFO only; look whether the file was cut off".into()
            }
            Self::Base64 => "decode it first: base64 -d FILE | tuner logs".into(),
            Self::OtherEncoding => "convert it first: iconv -f UTF-32 -t UTF-8 FILE | tuner logs".into(),
            Self::Packed(packing) => packing.way_out().into(),
            Self::NestedTooDeep => "decompress it first: gzip -dc FILE | tuner logs".into(),
            Self::Escaped => "fetch the messages as they are: aws logs filter-log-events --output json".into(),
            Self::Yaml => "use JSON instead: --output json".into(),
            Self::PythonRepr => "write it with json.dumps instead".into(),
            Self::InsightsFields => "add @message to the fields of the query".into(),
            Self::LambdaInsights => "give the function's own log group instead of /aws/lambda-insights".into(),
            Self::Serverless => "use aws logs filter-log-events instead: the rewritten lines have no request ID".into(),
            Self::FunctionInventory | Self::ExportTasks => "give it with --inventory instead".into(),
            Self::PowerTuningResult | Self::TunerDocument => "give it to tuner report or tuner compare instead".into(),
            Self::Empty | Self::Text | Self::Json | Self::Binary | Self::OtherService(_) => return None,
        })
    }

    /// Whether it may hold reports that cannot be read here, so that sums may be too small.
    pub fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Binary
                | Self::Base64
                | Self::OtherEncoding
                | Self::Packed(_)
                | Self::NestedTooDeep
                | Self::Escaped
                | Self::Yaml
                | Self::PythonRepr
                | Self::InsightsFields
                | Self::LambdaInsights
                | Self::Serverless
        )
    }
}

/// A long run of its letters and nothing else.
fn is_base64(text: &[u8]) -> bool {
    let of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n-_".contains(byte);
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.len() >= 40
        && text.iter().all(of_it)
        && text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_digit)
}
