//! The gateway: operations, upstream calls, routes, listeners, configuration and metrics.
#![deny(unsafe_code)]

pub mod access_log;
pub mod account;
pub mod admin;
pub mod answer;
pub mod cli;
mod client;
pub mod config;
pub mod content;
pub mod created;
pub mod demo;
pub mod exchange;
pub mod forward;
pub mod gateway;
pub mod handler;
pub mod idempotency;
pub mod ingest;
pub mod listen;
pub mod logging;
pub mod meter;
pub mod metrics;
pub mod operations;
pub mod owners;
pub mod problem;
pub mod relay;
mod restart;
pub mod routes;
pub mod secret;
pub mod signals;
pub mod status;
pub mod tls;
pub mod trace;
pub mod upstream;
