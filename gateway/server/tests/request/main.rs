//! `progress-gateway request` as a user meets it: the built program before a real gateway, and before
//! servers that do what no gateway does.

#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod ends;
mod gateway;
mod hostile;
#[path = "../spine/origin.rs"]
#[allow(dead_code, reason = "shared with the spine's tests, which use all of it")]
mod origin;
mod program;
mod world;
