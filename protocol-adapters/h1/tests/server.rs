//! The server half over in-memory pipes and real sockets, driven by scripted exchanges.

#[path = "server/acknowledging.rs"]
mod acknowledging;
#[path = "server/content.rs"]
mod content;
#[path = "server/departure.rs"]
mod departure;
#[path = "server/framing.rs"]
mod framing;
#[path = "server/keeping.rs"]
mod keeping;
#[path = "server/script.rs"]
mod script;
#[path = "server/splitting.rs"]
mod splitting;
#[path = "server/stalling.rs"]
mod stalling;
#[path = "server/timing.rs"]
mod timing;
#[path = "server/writing.rs"]
mod writing;
