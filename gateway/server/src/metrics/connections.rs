//! Client connections, from the accept queue to the handshake.

use downstream::Protocol;
use prometheus::{Error, IntCounter, IntGauge};

use super::exposition::{Registry, Series};
use super::labels::{AcceptError, Handshake, Label, Refused};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of the listeners.
#[derive(Debug)]
pub struct ConnectionMetrics {
    open: Table<Protocol, IntGauge>,
    handshakes: Table<Protocol, Option<Table<Handshake, IntCounter>>>,
    refused: Table<Refused, IntCounter>,
    accept_errors: Table<AcceptError, IntCounter>,
    panics: IntCounter,
    certificates: Series<IntGauge>,
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(IntGauge);

impl ConnectionMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        let (open, handshakes) = (OPEN.gauges(registry)?, HANDSHAKES.counters(registry)?);
        let (refused, accept_errors) = (REFUSED.counters(registry)?, ACCEPT_ERRORS.counters(registry)?);
        Ok(Self {
            open: Table::build(|wire: Protocol| open.of(&[wire.text()]))?,
            handshakes: Table::build(|wire: Protocol| {
                // What is negotiated is HTTP/1.1; its client may then speak HTTP/1.0.
                if wire == Protocol::Http10 {
                    return Ok(None);
                }
                Table::build(|result: Handshake| handshakes.of(&[wire.text(), result.text()])).map(Some)
            })?,
            refused: Table::build(|because: Refused| refused.of(&[because.text()]))?,
            accept_errors: Table::build(|kind: AcceptError| accept_errors.of(&[kind.text()]))?,
            panics: PANICS.counter(registry)?,
            certificates: CERTIFICATES.gauges(registry)?,
        })
    }

    /// A connection is served while the guard lives. HTTP/1 connections count as `http11`: which
    /// version a request has is known only once it is there.
    pub fn open(&self, wire: Protocol) -> OpenConnection {
        let gauge = self.open.of(wire);
        gauge.inc();
        OpenConnection(gauge.clone())
    }

    /// A handshake ended. One that ended before a protocol was chosen counts as `http11` on TCP,
    /// which is what a connection without ALPN speaks.
    pub fn handshake(&self, wire: Protocol, result: Handshake) {
        if let Some(results) = self.handshakes.of(wire) {
            results.of(result).inc();
        }
    }

    /// A connection was closed at once.
    pub fn refused(&self, because: Refused) {
        self.refused.of(because).inc();
    }

    /// Accepting a connection failed.
    pub fn accept_failed(&self, kind: AcceptError) {
        self.accept_errors.of(kind).inc();
    }

    /// A panic ended a connection (G-17).
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// A certificate is in use until `expiry`, in seconds since 1970.
    pub fn certificate(&self, name: &str, expiry: i64) {
        self.certificates.of(&[name]).expect("one label").set(expiry);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

const OPEN: Family = Family {
    name: names::CONNECTIONS,
    help: "Client connections that are served; HTTP/1.0 ones count as http11.",
    labels: &["protocol"],
};

const HANDSHAKES: Family = Family {
    name: names::TLS_HANDSHAKES_TOTAL,
    help: "TLS and QUIC handshakes, by how they ended.",
    labels: &["protocol", "result"],
};

const REFUSED: Family = Family {
    name: names::CONNECTIONS_REFUSED_TOTAL,
    help: "Client connections closed at once because a limit was reached.",
    labels: &["reason"],
};

const ACCEPT_ERRORS: Family = Family {
    name: names::ACCEPT_ERRORS_TOTAL,
    help: "Failures to accept a connection; exhausted means no descriptors or memory are left.",
    labels: &["reason"],
};

const PANICS: Family = Family {
    name: names::CONNECTION_PANICS_TOTAL,
    help: "Client connections that were ended by a panic; each is a defect of the gateway.",
    labels: &[],
};

const CERTIFICATES: Family = Family {
    name: names::TLS_CERTIFICATE_EXPIRY_TIMESTAMP_SECONDS,
    help: "When a certificate in use stops to be valid, in seconds since 1970.",
    labels: &["certificate"],
};
