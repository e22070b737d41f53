//! An HTTP/2 connection of an origin: many requests at a time.

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use http::{Response, StatusCode};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{COMPLETION, Manner, Talk};

/// Requests at a time on one connection: see [`super::ROOM`].
const STREAMS: u32 = 200;

/// Serves until the other side leaves.
pub(super) async fn keep(connection: TcpStream, manner: Manner) {
    let mut builder = Builder::new();
    let Ok(mut wire) = builder.max_concurrent_streams(STREAMS).handshake(connection).await else {
        return;
    };
    // Dropping either half of a stream would reset it.
    let mut kept = Vec::new();
    while let Some(Ok((request, mut respond))) = wire.accept().await {
        manner.took();
        match manner.talk {
            Talk::Silent => kept.push((request, respond)),
            Talk::CallsBack => {
                // A client that left does not need it.
                let _ = respond.send_response(called_back(), true);
            }
            Talk::Reporting { .. } => {
                let manner = manner.clone();
                tokio::spawn(async move {
                    // A client that left ends it.
                    let _ = talk(respond, manner).await;
                    drop(request);
                });
            }
        }
    }
}

fn called_back() -> Response<()> {
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::ACCEPTED;
    let (name, value) = COMPLETION;
    answer.headers_mut().insert(name, http::HeaderValue::from_static(value));
    answer
}

async fn talk(mut respond: SendResponse<Bytes>, manner: Manner) -> Result<(), h2::Error> {
    let Talk::Reporting { every, heads } = manner.talk else { return Ok(()) };
    let mut left = heads;
    let mut pause = every.mul_f64(fastrand::f64());
    while left != Some(0) {
        tokio::select! {
            () = sleep(std::mem::replace(&mut pause, every)) => {}
            // `send_informational` does not say that the stream was reset.
            reset = std::future::poll_fn(|cx| respond.poll_reset(cx)) => return reset.map(drop),
        }
        let mut head = Response::new(());
        *head.status_mut() = StatusCode::PROCESSING;
        if let Ok(progress) = manner.progress().try_into() {
            head.headers_mut().insert("progress", progress);
        }
        respond.send_informational(head)?;
        left = left.map(|left| left - 1);
    }
    sleep(every).await;
    respond.send_response(Response::new(()), true).map(drop)
}
