//! The client half against scripted origins on real sockets.

#[path = "client/bodies.rs"]
mod bodies;
#[path = "client/content.rs"]
mod content;
#[path = "client/expectation.rs"]
mod expectation;
#[path = "client/faults.rs"]
mod faults;
#[path = "client/heads.rs"]
mod heads;
#[path = "client/origin.rs"]
mod origin;
#[path = "client/reuse.rs"]
mod reuse;
