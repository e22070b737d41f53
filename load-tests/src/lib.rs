//! Load tests that count interim heads, over HTTP/1.0, 1.1, 2 and 3; and measurements of the gateway
//! from outside: what a head, a held request and a plain request cost.
#![forbid(unsafe_code)]

pub mod arrival;
pub mod client;
pub mod origin;
mod process;
pub mod report;
pub mod run;
pub mod scenario;
pub mod spine;
pub mod stage;
pub mod tally;
pub mod trouble;
pub mod watch;
