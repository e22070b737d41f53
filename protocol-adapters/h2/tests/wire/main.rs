//! The HTTP/2 adapter on the wire: a scripted gateway on one side, on the other the `h2` crate's
//! client, or raw frames where a well-behaved client would not do.

mod acknowledgements;
mod beat;
mod bodies;
mod books;
mod endings;
mod expectations;
mod floods;
mod frames;
mod interim;
mod polls;
mod requests;
mod script;
mod slow_readers;
mod support;
