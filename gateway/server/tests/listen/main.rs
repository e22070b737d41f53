//! Listeners with real sockets on port 0: every wire, limits, drain. Two gateways, and more, run
//! in this one process.

mod clients;
mod drain;
mod errors;
mod gateway;
mod limits;
mod quic;
mod wires;
