//! HTTP/2 over TLS.

use std::future::poll_fn;

use bytes::Bytes;
use h2::RecvStream;
use http::{Request, Response};

use super::{CONTENT, Call, CallError, Hear, Target};

pub(super) async fn call(target: &Target, call: &Call, hear: Hear<'_>) -> Result<Response<Bytes>, CallError> {
    let (sender, connection) = h2::client::handshake(target.connect(b"h2").await?).await?;
    tokio::select! {
        answer = exchange(sender, target, call, hear) => answer,
        // Only if it breaks: the exchange holds a handle, which keeps it going.
        ended = connection => Err(ended.err().unwrap_or_else(|| h2::Reason::NO_ERROR.into()).into()),
    }
}

async fn exchange(
    sender: h2::client::SendRequest<Bytes>,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    let mut request = Request::builder().method(call.method.clone()).uri(target.uri(&call.path)?).body(())?;
    request.headers_mut().extend(call.fields.iter().cloned());
    let mut sender = sender.ready().await?;
    let (mut response, mut stream) = sender.send_request(request, call.content.is_empty())?;
    if !call.content.is_empty() {
        stream.send_data(call.content.clone(), true)?;
    }
    while let Some(head) = poll_fn(|cx| response.poll_informational(cx)).await {
        hear(&head?);
    }
    let (head, stream) = response.await?.into_parts();
    Ok(Response::from_parts(head, content(stream).await?))
}

async fn content(mut stream: RecvStream) -> Result<Bytes, CallError> {
    let mut content = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        if content.len() + data.len() > CONTENT {
            return Err(CallError::TooLong);
        }
        content.extend_from_slice(&data);
        stream.flow_control().release_capacity(data.len())?;
    }
    Ok(content.into())
}
