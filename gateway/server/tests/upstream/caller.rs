//! What the tests do at the gateway's end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use downstream::{BodyError, RequestBody};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use progress_gateway::config::{Scheme, ServerAddress, UpstreamSettings};
use progress_gateway::upstream::{
    Patience, UpstreamBody, UpstreamCall, UpstreamError, UpstreamEvent, UpstreamStats, Upstreams,
};

/// A test that waits longer than this waits for something that will not come.
const LONG: Duration = Duration::from_secs(30);

/// One upstream with these servers.
pub(crate) fn settings(scheme: Scheme, servers: &[SocketAddr]) -> UpstreamSettings {
    let server =
        |address: &SocketAddr| ServerAddress { scheme, host: address.ip().to_string(), port: address.port() };
    UpstreamSettings {
        name: "reports".to_owned(),
        servers: servers.iter().map(server).collect(),
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(20),
        ca: None,
    }
}

pub(crate) fn room(scheme: Scheme, servers: &[SocketAddr]) -> Upstreams {
    Upstreams::new(&[settings(scheme, servers)]).expect("an upstream")
}

pub(crate) fn stats(room: &Upstreams) -> &UpstreamStats {
    room.stats().next().expect("one upstream")
}

pub(crate) fn request(method: &str, body: RequestBody) -> Request<RequestBody> {
    Request::builder().method(method).uri("/a?b").header("host", "o.example").body(body).expect("a request")
}

/// Starts a `GET` without content.
pub(crate) fn get(room: &Upstreams) -> UpstreamCall {
    send(room, request("GET", RequestBody::empty()))
}

pub(crate) fn send(room: &Upstreams, request: Request<RequestBody>) -> UpstreamCall {
    room.call(0, request, Patience::Idle)
}

/// Content of a known size.
pub(crate) fn sized(text: impl Into<Bytes>) -> RequestBody {
    RequestBody::new(Full::new(text.into()).map_err(|never| match never {}))
}

pub(crate) async fn next(call: &mut UpstreamCall) -> Result<UpstreamEvent, UpstreamError> {
    within(poll_fn(|cx| call.poll_event(cx))).await
}

/// Polls once, so that what can go out does.
pub(crate) async fn nudge(call: &mut UpstreamCall) {
    let polled = poll_fn(|cx| Poll::Ready(call.poll_event(cx))).await;
    assert!(polled.is_pending(), "{polled:?}");
}

/// The next event, which must be an interim head.
pub(crate) async fn interim(call: &mut UpstreamCall) -> (u16, HeaderMap) {
    match next(call).await {
        Ok(UpstreamEvent::Informational(status, fields)) => (status.as_u16(), fields),
        other => panic!("no interim head: {other:?}"),
    }
}

/// The next event, which must be the final head.
pub(crate) async fn response(call: &mut UpstreamCall) -> Response<UpstreamBody> {
    match next(call).await {
        Ok(UpstreamEvent::Response(response)) => response,
        other => panic!("no final head: {other:?}"),
    }
}

/// The next event, which must be an error.
pub(crate) async fn failure(call: &mut UpstreamCall) -> UpstreamError {
    match next(call).await {
        Err(error) => error,
        Ok(event) => panic!("no error: {event:?}"),
    }
}

/// All of a response's content, and its trailers.
pub(crate) async fn content(
    response: Response<UpstreamBody>,
) -> Result<(Bytes, Option<HeaderMap>), BodyError> {
    let collected = within(response.into_body().collect()).await?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}

/// The content of the final response, which must be the next event.
pub(crate) async fn answer(call: &mut UpstreamCall) -> Bytes {
    content(response(call).await).await.expect("content").0
}

/// Fails instead of hanging.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future).await.expect("it does not hang")
}

/// Waits until something that happens elsewhere has happened.
pub(crate) async fn until(mut happened: impl FnMut() -> bool) {
    within(async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
