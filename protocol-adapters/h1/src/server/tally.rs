//! What the client has acknowledged of the heads of one connection (INT-18).

use std::sync::Arc;
use std::task::Context;

use downstream::{OctetLedger, Page, Window};
use tokio::time::Instant;

/// The ledger of a connection, and the page of the exchange that is open.
#[derive(Debug, Default)]
pub(super) struct Tally {
    ledger: Option<Arc<OctetLedger>>,
    page: Page,
    /// A head is not with the kernel yet.
    unflushed: bool,
}

impl Tally {
    /// Keeps count with `ledger`; without one nothing is known.
    pub(super) fn new(ledger: Option<Arc<OctetLedger>>) -> Self {
        let page = ledger.as_ref().map(|ledger| ledger.page()).unwrap_or_default();
        Self { ledger, page, unflushed: false }
    }

    /// The page of the next exchange.
    pub(super) fn turn(&mut self) -> Page {
        if let Some(ledger) = &self.ledger
            && !self.page.turn()
        {
            self.page = ledger.page();
        }
        self.page.clone()
    }

    /// Whether the client has acknowledged enough for another head.
    pub(super) fn poll_window(&self, cx: &Context<'_>) -> Window {
        if self.page.is_clear() { Window::Open } else { self.page.poll_window(now(), cx) }
    }

    /// A head was handed to the transport.
    pub(super) fn said(&mut self) {
        if let Some(ledger) = &self.ledger {
            ledger.said(&self.page, now());
            self.unflushed = true;
        }
    }

    /// Nothing is left between us and the kernel.
    pub(super) fn flushed(&mut self) {
        if std::mem::take(&mut self.unflushed)
            && let Some(ledger) = &self.ledger
        {
            ledger.flushed();
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
