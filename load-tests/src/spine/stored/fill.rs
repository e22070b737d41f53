//! Fills a store by itself, much faster than through a gateway. The only place that knows the store from inside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Outcome, ResponseSummary};
use progress_core::operation::{Operation, OperationId};
use status_store::{
    Bounds, Content, EmbeddedStore, Ending, Record, Sequel, StatusStore, StoredResponse, clock, random_id,
};
use tokio::task::JoinSet;

use crate::spine::Trouble;
use crate::spine::accepting::ROUTE;

/// Operations under way at a time: half of what waits for a store without being held back.
const AT_A_TIME: u64 = 2_048;
/// As in the configuration that the gateway gets.
const BOUNDS: Bounds = Bounds {
    maximum_operations: 10_000_000,
    maximum_size: 100 * 1024 * 1024 * 1024,
    retention: Duration::from_secs(24 * 60 * 60),
};
const CONTENT: &[u8] =
    br#"{"report":"https://localhost/reports/2026-11","pages":42,"sections":["totals","regions","months"]}"#;
const CONTENT_TYPE: &str = "application/json";

/// Makes a store in this directory with so many operations that succeeded, and closes it; returns their ids.
pub(super) async fn fill(directory: &Path, operations: u64) -> Result<Vec<OperationId>, Trouble> {
    let opened = EmbeddedStore::open(directory, BOUNDS).map_err(Trouble::unexpected("opening a store"))?;
    let (store, ending) = (Arc::new(opened), ending());
    let mut tasks = JoinSet::new();
    for task in 0..AT_A_TIME {
        let share = operations / AT_A_TIME + u64::from(task < operations % AT_A_TIME);
        let (store, ending) = (Arc::clone(&store), ending.clone());
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..share {
                ids.push(add(&store, ending.clone()).await?);
            }
            Ok(ids)
        });
    }
    let mut all = Vec::new();
    while let Some(ids) = tasks.join_next().await {
        let ids: Vec<OperationId> = ids.map_err(Trouble::unexpected("filling a store"))??;
        all.extend(ids);
    }
    Ok(all)
}

async fn add(store: &EmbeddedStore, ending: Ending) -> Result<OperationId, Trouble> {
    let id = random_id().map_err(Trouble::unexpected("making an id"))?;
    let now = clock::now();
    let record = Record {
        id,
        route: ROUTE.into(),
        owner: None,
        request: Arc::new(RequestSummary::new(
            Method::POST,
            "https://localhost",
            "/reports/2026-11?pages=42",
        )),
        snapshot: Arc::clone(Operation::new().snapshot()),
        times: Times { create: now, update: now, end: None, expire: None },
        response: None,
        key: None,
        sequel: Sequel::Interrupted,
    };
    store.accept(record).await.map_err(Trouble::unexpected("filling a store"))?;
    store.finish(id, ending).await.map_err(Trouble::unexpected("filling a store"))?;
    Ok(id)
}

fn ending() -> Ending {
    let mut operation = Operation::new();
    operation.finish(Outcome::Responded(ResponseSummary {
        status: StatusCode::OK,
        location: None,
        content_type: Some(CONTENT_TYPE.to_owned()),
        content_length: CONTENT.len() as u64,
    }));
    let fields = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))]);
    let content = Content::Kept { pieces: vec![Bytes::from_static(CONTENT)], room: None };
    let response = Some(Arc::new(StoredResponse { status: StatusCode::OK, fields, content }));
    Ending { snapshot: Arc::clone(operation.snapshot()), response, at: clock::now() }
}
