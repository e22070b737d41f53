//! What the gateway says and when it says it: pure policy.
//!
//! This crate holds the internal progress-event stream, the state of an operation, the grammar of
//! the fields that speak of it, and the decision when an interim head is due. It does no I/O,
//! knows no runtime and never reads a clock: `now` is a parameter everywhere.
//!
//! | room | says |
//! |---|---|
//! | [`progress`], [`status_uri`], [`prefer`], [`idempotency`], [`language`], [`quality`] | the grammar of the fields |
//! | [`event`] | the one internal stream |
//! | [`operation`] | what a stream of events adds up to: a [`operation::Snapshot`] |
//! | [`interim`], [`pacing`], [`exchange`] | which head goes out, and when |
//! | [`document`] | the status document |
//! | [`trace_context`] | which trace a request belongs to |
#![forbid(unsafe_code)]

mod blanks;
pub mod document;
pub mod event;
pub mod exchange;
mod hexadecimal;
pub mod idempotency;
pub mod interim;
pub mod language;
pub mod operation;
pub mod pacing;
pub mod prefer;
pub mod progress;
pub mod quality;
pub mod status_uri;
pub mod trace_context;
