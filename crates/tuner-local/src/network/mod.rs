//! Limits the bandwidth of a function by its memory size, the way Lambda does.
//!
//! By a proxy of HTTP on loopback, one for each execution environment, which `HTTP_PROXY` and `HTTPS_PROXY` name: that
//! needs no right and changes nothing on the host, where `tc` would shape the traffic of everybody. A program that does
//! not use these variables is not limited, which is why it is always said.

mod pace;
mod proxy;

use std::time::Duration;

pub(crate) use proxy::Proxy;

/// Whether bandwidth follows the memory size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// The host's, at every size.
    #[default]
    Host,
    /// Lambda's, by memory size, for what uses the proxy.
    Lambda,
}

/// Lambda's bandwidth of an execution environment in Mbps: 625 up to 2,048 MB, from there in proportion up to 3,000 at
/// 10,240 MB. Source: AWS's announcement of 2026-08-06, for functions outside a VPC in accounts that asked for the quota
/// "Network bandwidth per execution environment"; elsewhere it is 625 at every size.
pub fn bandwidth_mbps(memory_size_mb: u32) -> f64 {
    const LEAST: (f64, f64) = (2048.0, 625.0);
    const MOST: (f64, f64) = (10_240.0, 3000.0);
    let above = (f64::from(memory_size_mb).min(MOST.0) - LEAST.0).max(0.0);
    LEAST.1 + above / (MOST.0 - LEAST.0) * (MOST.1 - LEAST.1)
}

/// How long so many bytes take at this bandwidth.
fn time_of(bytes: usize, mbps: f64) -> Duration {
    Duration::from_secs_f64(bytes as f64 * 8.0 / (mbps * 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidth_grows_from_two_to_ten_gigabytes() {
        assert_eq!(bandwidth_mbps(128), 625.0);
        assert_eq!(bandwidth_mbps(2048), 625.0);
        assert_eq!(bandwidth_mbps(6144), 1812.5);
        assert_eq!(bandwidth_mbps(10_240), 3000.0);
    }

    #[test]
    fn a_megabyte_takes_its_time() {
        assert_eq!(time_of(1_000_000, 625.0), Duration::from_micros(12_800));
    }
}
