//! The gateway: operations, upstream calls, routes, listeners, configuration and metrics.
#![forbid(unsafe_code)]

pub mod config;
