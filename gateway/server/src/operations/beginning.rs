//! What an operation begins with.

use std::sync::Arc;

use progress_core::document::RequestSummary;

use crate::owners::{Owner, Place};

/// See the module's documentation.
#[derive(Debug)]
pub struct Beginning {
    /// The route's place in the configuration.
    pub route: usize,
    /// The route's name.
    pub route_name: Arc<str>,
    /// The request.
    pub request: Arc<RequestSummary>,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Its place in the budgets, until it is over; `None`: nobody counts it.
    pub place: Option<Box<Place>>,
}
