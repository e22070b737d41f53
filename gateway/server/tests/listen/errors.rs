//! What cannot be started is told before anything is served.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use downstream::Drain;
use progress_gateway::config::{Protocols, TlsSettings};
use progress_gateway::listen::{self, ListenPlan};
use progress_gateway::metrics::Metrics;
use progress_gateway::tls::Identity;

use crate::gateway::{Echo, Gateway, Setup, door, plan};

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new(&[], &[], status_store::clock::now()).unwrap())
}

fn start(plan: &ListenPlan, failing: Option<usize>) -> Result<listen::Running, String> {
    let drain = Drain::new();
    let (opened, _) = std::sync::mpsc::channel();
    let watched = drain.clone();
    let factory = move |worker| match failing {
        Some(failing) if failing == worker => Err("no upstream"),
        _ => Ok(Echo { worker, opened: opened.clone(), drain: watched.clone() }),
    };
    listen::start(plan, factory, &drain).map_err(|error| error.to_string())
}

#[test]
fn an_address_that_is_taken_is_named() {
    let theirs = Gateway::cleartext();
    let mut ours = door(Protocols::CLEARTEXT, None);
    ours.address = theirs.address();
    let error = start(&plan(ours, Setup::default(), metrics()), None).unwrap_err();
    assert!(error.starts_with(&format!("{}: cannot listen (tcp): ", theirs.address())), "{error}");
}

#[test]
fn if_one_listener_cannot_be_bound_none_listens() {
    let theirs = Gateway::cleartext();
    let mut plan = plan(door(Protocols::CLEARTEXT, None), Setup::default(), metrics());
    // A port that is free, but not for long: found, given back, and then asked for.
    let free = Gateway::cleartext();
    let address: SocketAddr = free.address();
    free.running.stop();
    plan.doors[0].address = address;
    plan.doors.push(plan.doors[0].clone());
    plan.doors[1].address = theirs.address();
    start(&plan, None).unwrap_err();
    assert!(TcpStream::connect(address).is_err(), "the first listener is closed again");
}

#[test]
fn a_worker_whose_handler_cannot_be_made_stops_the_others() {
    let plan = plan(door(Protocols::CLEARTEXT, None), Setup::default(), metrics());
    let error = start(&plan, Some(1)).unwrap_err();
    assert_eq!(error, "worker 1 cannot be started: no upstream");
}

#[test]
fn stopping_frees_the_address() {
    let identity =
        Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), status_store::clock::now());
    let mut door = door(Protocols::OVER_TLS, Some(identity.unwrap()));
    let first = start(&plan(door.clone(), Setup::default(), metrics()), None).unwrap();
    door.address = first.local_addrs()[0];
    first.stop();
    let second = start(&plan(door, Setup::default(), metrics()), None).unwrap();
    second.stop();
}
