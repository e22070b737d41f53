//! HTTP/1.0 and 1.1, byte by byte.

use std::fmt::Write as _;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Ask, Event, Failure, Head, Report, Target, Wire, tls};

/// Asks on a connection of its own.
pub async fn ask(target: &Target, wire: Wire, ask: &Ask, report: &Report) -> Result<(Head, Bytes), Failure> {
    let tcp = TcpStream::connect(target.address).await?;
    let connector = TlsConnector::from(Arc::new(tls(target, b"http/1.1")));
    let mut io = connector.connect("localhost".try_into()?, tcp).await?;
    let (first, second) = ask.halves();
    io.write_all(&request(wire, ask)).await?;
    io.write_all(&first).await?;
    io.flush().await?;
    if let Some((rest, second)) = second {
        tokio::time::sleep(rest).await;
        io.write_all(&second).await?;
        io.flush().await?;
    }
    let mut buffer = BytesMut::new();
    loop {
        let head = head(&mut io, &mut buffer).await?;
        if head.status >= 200 {
            let body = body(&mut io, &mut buffer, ask, &head).await?;
            return Ok((head, body));
        }
        report.send(Event::Interim(head)).await?;
    }
}

fn request(wire: Wire, ask: &Ask) -> Vec<u8> {
    let version = if wire == Wire::Http10 { "1.0" } else { "1.1" };
    let mut text = format!("{} {} HTTP/{version}\r\nHost: localhost\r\n", ask.method, ask.path);
    for (name, value) in &ask.fields {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !ask.body.is_empty() {
        let _ = write!(text, "Content-Length: {}\r\n", ask.body.len());
    }
    format!("{text}\r\n").into_bytes()
}

async fn head(io: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> Result<Head, Failure> {
    loop {
        let mut lines = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut lines);
        if let httparse::Status::Complete(length) = response.parse(buffer)? {
            let mut fields = HeaderMap::new();
            for line in response.headers.iter() {
                fields.append(line.name.parse::<http::HeaderName>()?, line.value.try_into()?);
            }
            let status = response.code.ok_or("no status")?;
            buffer.advance(length);
            return Ok(Head { status, fields });
        }
        if io.read_buf(buffer).await? == 0 {
            return Err("the connection closed before a head".into());
        }
    }
}

async fn body(
    io: &mut TlsStream<TcpStream>,
    buffer: &mut BytesMut,
    ask: &Ask,
    head: &Head,
) -> Result<Bytes, Failure> {
    if ask.method == http::Method::HEAD || head.status == 204 || head.status == 304 {
        return Ok(buffer.split().freeze());
    }
    if let Some(length) = head.fields.get("content-length") {
        let length: usize = length.to_str()?.parse()?;
        while buffer.len() < length {
            if io.read_buf(buffer).await? == 0 {
                return Err("the content is short".into());
            }
        }
        return Ok(buffer.split_to(length).freeze());
    }
    if head.field("transfer-encoding") == "chunked" {
        return chunks(io, buffer).await;
    }
    while io.read_buf(buffer).await? > 0 {}
    Ok(buffer.split().freeze())
}

async fn chunks(io: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    loop {
        while let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&buffer[..end])?, 16)?;
            let needed = end + 2 + size + 2;
            if buffer.len() < needed {
                break;
            }
            whole.extend_from_slice(&buffer[end + 2..end + 2 + size]);
            buffer.advance(needed);
            if size == 0 {
                return Ok(whole.freeze());
            }
        }
        if io.read_buf(buffer).await? == 0 {
            return Err("the last chunk is missing".into());
        }
    }
}
