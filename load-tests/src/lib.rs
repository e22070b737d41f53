//! Measures the gateway from outside, as a program of its own: what a head, a held request and a
//! plain request cost.
#![forbid(unsafe_code)]

pub mod spine;
