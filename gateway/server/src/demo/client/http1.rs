//! HTTP/1.0 and 1.1 over TLS.

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::io::{AsyncWriteExt, BufReader};

use super::super::http1::{self, Framing};
use super::{Call, CallError, Hear, Target};

/// The version to ask in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V10,
    V11,
}

pub(super) async fn call(
    version: Version,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    let mut stream = BufReader::new(target.connect(b"http/1.1").await?);
    stream.write_all(&request(version, target, call)).await?;
    stream.flush().await?;
    let head = loop {
        let head = http1::response(&mut stream).await?;
        if !head.status().is_informational() || head.status() == StatusCode::SWITCHING_PROTOCOLS {
            break head;
        }
        hear(&head);
    };
    let framing = Framing::of(head.headers(), Framing::ToTheEnd)?;
    let content = http1::content(&mut stream, framing).await?;
    // A farewell that fails takes nothing away from the answer.
    let _ = stream.shutdown().await;
    Ok(head.map(|()| content))
}

fn request(version: Version, target: &Target, call: &Call) -> Vec<u8> {
    let (name, farewell) = match version {
        Version::V10 => ("HTTP/1.0", ""),
        Version::V11 => ("HTTP/1.1", "Connection: close\r\n"),
    };
    let (method, path, authority) = (&call.method, &call.path, &target.authority);
    let mut request = format!("{method} {path} {name}\r\nHost: {authority}\r\n{farewell}").into_bytes();
    for (name, value) in &call.fields {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    if !call.content.is_empty() {
        request.extend_from_slice(format!("Content-Length: {}\r\n", call.content.len()).as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(&call.content);
    request
}
