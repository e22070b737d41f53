//! The upstream room against origins on real sockets: scripted HTTP/1.1, HTTP/2 by the `h2` crate
//! and by hand, and TLS.

mod caller;
mod faults;
mod frames;
mod http1;
mod http2;
mod http2_content;
mod http2_faults;
mod pools;
mod script;
mod servers;
mod silence;
mod tls;
