use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A memory size that a Lambda function can be given: 128 to 10,240 MB in steps of 1 MB.
///
/// Source: Lambda quotas. The API model allows 32,768, but that is for Managed Instances, which have no memory size to
/// tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(with = "u32")]
pub struct MemorySize(#[schemars(range(min = 128, max = 10240))] u32);

impl MemorySize {
    /// The smallest size, in MB; also Lambda's default.
    pub const MIN: Self = Self(128);
    /// The largest size, in MB.
    pub const MAX: Self = Self(10_240);
    /// The size at which a function has one full vCPU, in MB. Source: "Configure Lambda function memory".
    pub const ONE_VCPU: Self = Self(1_769);

    /// Checks `mb`.
    ///
    /// # Errors
    /// When it is outside 128 to 10,240.
    pub const fn new(mb: u32) -> Result<Self, MemorySizeError> {
        if mb < Self::MIN.0 || mb > Self::MAX.0 {
            Err(MemorySizeError::OutOfRange(mb as i64))
        } else {
            Ok(Self(mb))
        }
    }

    /// The size in MB.
    pub const fn mb(self) -> u32 {
        self.0
    }

    /// The share of processors it gets, in vCPU: memory / 1769, up to 5.79.
    pub fn vcpus(self) -> f64 {
        vcpus(self.0)
    }
}

/// The share of processors `memory_mb` gets, in vCPU.
pub fn vcpus(memory_mb: u32) -> f64 {
    f64::from(memory_mb) / f64::from(MemorySize::ONE_VCPU.0)
}

/// What `billed_ms` milliseconds at `memory_mb` MB amount to, in GB-seconds; one GB is 1,024 MB, as in AWS's own worked
/// price examples.
pub fn gb_seconds(memory_mb: u32, billed_ms: f64) -> f64 {
    f64::from(memory_mb) / 1024.0 * billed_ms / 1000.0
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB", self.0)
    }
}

/// A number or text that is no memory size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemorySizeError {
    /// Outside what Lambda allows.
    #[error("memory size {0} MB is outside Lambda's range; use a whole number from 128 to 10240")]
    OutOfRange(i64),
    /// Not a whole number.
    #[error("`{0}` is no memory size; use a whole number of MB from 128 to 10240")]
    NotANumber(String),
}

impl TryFrom<u32> for MemorySize {
    type Error = MemorySizeError;

    fn try_from(mb: u32) -> Result<Self, Self::Error> {
        Self::new(mb)
    }
}

impl From<MemorySize> for u32 {
    fn from(size: MemorySize) -> Self {
        size.0
    }
}

impl FromStr for MemorySize {
    type Err = MemorySizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim();
        let digits = digits
            .strip_suffix("MB")
            .or_else(|| digits.strip_suffix("mb"))
            .unwrap_or(digits)
            .trim_end();
        let mb: i64 = digits
            .parse()
            .map_err(|_| MemorySizeError::NotANumber(text.to_owned()))?;
        u32::try_from(mb)
            .map_err(|_| MemorySizeError::OutOfRange(mb))
            .and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_is_128_to_10240() {
        assert!(MemorySize::new(127).is_err() && MemorySize::new(10_241).is_err());
        assert_eq!("128".parse(), Ok(MemorySize::MIN));
        assert_eq!("10240 MB".parse(), Ok(MemorySize::MAX));
        assert_eq!("-5".parse::<MemorySize>(), Err(MemorySizeError::OutOfRange(-5)));
        assert_eq!(
            "big".parse::<MemorySize>(),
            Err(MemorySizeError::NotANumber("big".into()))
        );
        assert!(serde_json::from_str::<MemorySize>("64").is_err());
    }

    #[test]
    fn gb_seconds_of_one_second_at_512_mb_is_one_half() {
        assert!((gb_seconds(512, 1000.0) - 0.5).abs() < 1e-12);
        assert!((MemorySize::MAX.vcpus() - 5.788).abs() < 1e-3);
    }
}
