//! What has to hold at the end of a run.

use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

/// Limits. One that is missed is one line in the report, and exit code 1. What is not named is not
/// looked at, except what is never right: an interim head to HTTP/1.0 or to a client that did not ask, progress
/// that falls, a result that differs from what the origin sent, and what is not
/// HTTP, to which a head after the final one belongs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expect {
    /// Requests that were begun, at least.
    pub minimum_requests: Option<u64>,
    /// Exchanges that ended neither in a final response nor as their behaviour meant to, at most.
    pub failed: Option<u64>,
    /// Exchanges that were cut off at the end, at most.
    pub unfinished: Option<u64>,
    /// Arrivals that found too many others in flight, at most.
    pub shed: Option<u64>,
    /// Interim heads per opted-in exchange that ran to its end, on average, at least.
    pub minimum_heads_per_request: Option<f64>,
    /// The largest number of interim heads that one opted-in exchange got, at most: what pacing has to make of an origin that floods.
    pub maximum_heads_per_request: Option<f64>,
    /// The longest time that an opted-in exchange heard nothing: from request to first signal and between signals.
    #[serde(with = "humantime_serde")]
    pub longest_silence: Option<Duration>,
    /// 99th percentile of how late heads were: the gap before one beyond the gateway's `heartbeat-interval`, else 0.
    #[serde(with = "humantime_serde")]
    pub lateness_p99: Option<Duration>,
    /// Share of heads that were more than 50 ms late, at most.
    pub late_share: Option<f64>,
    /// 99th percentile of the time from the intended start to the first signal, interim or final, at most.
    #[serde(with = "humantime_serde")]
    pub first_signal_p99: Option<Duration>,
    /// 99th percentile of the time from the intended start to the end, at most.
    #[serde(with = "humantime_serde")]
    pub latency_p99: Option<Duration>,
    /// Share of final responses with a code from 200 to 299, at least.
    pub success_share: Option<f64>,
    /// Share of final responses that are 202, at least.
    pub accepted_share: Option<f64>,
    /// Share of final responses with the code 502, 503 or 504, at least: what origin faults have to become.
    pub gateway_error_share: Option<f64>,
    /// The gateway's resident memory per held exchange at the peak, at most. Only with a gateway that the run started.
    pub memory_per_held: Option<ByteSize>,
    /// The gateway's CPU time per interim head, at most. Only with a gateway that the run started.
    #[serde(with = "humantime_serde")]
    pub cpu_per_head: Option<Duration>,
    /// The gateway's CPU time per request, at most. Only with a gateway that the run started.
    #[serde(with = "humantime_serde")]
    pub cpu_per_request: Option<Duration>,
    /// How fast the gateway's resident memory grows in an hour, at most: see [`crate::report::GatewayUse::growth_per_hour`].
    /// Looked at in runs of ten minutes and more.
    pub memory_growth_per_hour: Option<ByteSize>,
    /// The gateway's resident memory at its peak less that at the start, at most. Only with a gateway that the run started.
    pub memory_growth: Option<ByteSize>,
    /// Open descriptors of the gateway, once all clients have left, less those at the start and its connections to the origin, at most.
    pub descriptor_growth: Option<u64>,
}
