//! Raw HTTP/2 frames, and a client that speaks nothing else.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(crate) const DATA: u8 = 0x0;
pub(crate) const HEADERS: u8 = 0x1;
pub(crate) const PRIORITY: u8 = 0x2;
pub(crate) const RST_STREAM: u8 = 0x3;
pub(crate) const SETTINGS: u8 = 0x4;
pub(crate) const PING: u8 = 0x6;
pub(crate) const GOAWAY: u8 = 0x7;
pub(crate) const WINDOW_UPDATE: u8 = 0x8;

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;

pub(crate) const NO_ERROR: u32 = 0x0;
pub(crate) const PROTOCOL_ERROR: u32 = 0x1;
pub(crate) const INTERNAL_ERROR: u32 = 0x2;
pub(crate) const REFUSED_STREAM: u32 = 0x7;
pub(crate) const CANCEL: u32 = 0x8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 0xb;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, flags, stream, payload: payload.into() }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let size = u32::try_from(self.payload.len()).expect("a frame").to_be_bytes();
        let mut octets = vec![size[1], size[2], size[3], self.kind, self.flags];
        octets.extend(self.stream.to_be_bytes());
        octets.extend(&self.payload);
        octets
    }

    /// The error code of a `RST_STREAM` or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four octets"))
    }

    /// The last stream that a GOAWAY lets pass.
    pub(crate) fn last_stream(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().expect("four octets"))
    }

    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

/// A field section of literals without indexing and without Huffman coding.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            integer(text.len(), &mut block);
            block.extend(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541 5.1).
fn integer(value: usize, block: &mut Vec<u8>) {
    let Some(mut rest) = value.checked_sub(127) else {
        block.push(u8::try_from(value).expect("below 127"));
        return;
    };
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128 + 128).expect("eight bits"));
        rest /= 128;
    }
    block.push(u8::try_from(rest).expect("seven bits"));
}

/// The pseudo-fields of a request.
pub(crate) fn request<'a>(method: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![(":method", method), (":scheme", "https"), (":authority", "a.example"), (":path", path)]
}

pub(crate) fn settings(entries: &[(u16, u32)]) -> Frame {
    let entry = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat();
    Frame::new(SETTINGS, 0, 0, entries.iter().flat_map(entry).collect::<Vec<u8>>())
}

pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Frame {
    Frame::new(HEADERS, flags | END_HEADERS, stream, block(fields))
}

/// A GET without content.
pub(crate) fn get(stream: u32, path: &str) -> Frame {
    headers(stream, END_STREAM, &request("GET", path))
}

pub(crate) fn reset(stream: u32, code: u32) -> Frame {
    Frame::new(RST_STREAM, 0, stream, code.to_be_bytes())
}

pub(crate) fn ping() -> Frame {
    Frame::new(PING, 0, 0, *b"opaque!!")
}

pub(crate) fn go_away() -> Frame {
    Frame::new(GOAWAY, 0, 0, [0; 8])
}

pub(crate) fn window(stream: u32, increment: u32) -> Frame {
    Frame::new(WINDOW_UPDATE, 0, stream, increment.to_be_bytes())
}

/// A client that sends and receives frames as they are.
pub(crate) struct RawClient<T> {
    io: T,
}

impl<T: AsyncRead + AsyncWrite + Unpin> RawClient<T> {
    /// Sends the preface and `entries`.
    pub(crate) async fn connect(mut io: T, entries: &[(u16, u32)]) -> Self {
        io.write_all(PREFACE).await.expect("preface");
        let mut client = Self { io };
        client.send(&[settings(entries)]).await;
        client
    }

    pub(crate) async fn send(&mut self, frames: &[Frame]) {
        self.try_send(frames).await.expect("the gateway reads");
    }

    pub(crate) async fn try_send(&mut self, frames: &[Frame]) -> io::Result<()> {
        let octets: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        self.io.write_all(&octets).await
    }

    /// The next frame of any kind; `None` at the end of the connection.
    pub(crate) async fn any(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await.ok()?;
        let size = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(size).expect("a frame")];
        self.io.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let frame = Frame { kind: head[3], flags: head[4], stream, payload };
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            let _ = self.try_send(&[Frame::new(SETTINGS, ACK, 0, [])]).await;
        }
        Some(frame)
    }

    /// The next frame that is neither SETTINGS nor `WINDOW_UPDATE`. PINGs are answered and shown.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = self.any().await?;
            match frame.kind {
                SETTINGS | WINDOW_UPDATE => {}
                PING if frame.flags & ACK == 0 => {
                    let pong = Frame::new(PING, ACK, 0, frame.payload.clone());
                    let _ = self.try_send(&[pong]).await;
                    return Some(frame);
                }
                _ => return Some(frame),
            }
        }
    }

    /// Everything up to the end of `stream`.
    pub(crate) async fn until_end(&mut self, stream: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            let over = frame.stream == stream && (frame.ends_stream() || frame.kind == RST_STREAM);
            frames.push(frame);
            if over {
                break;
            }
        }
        frames
    }

    /// The code of the GOAWAY that ends the connection, if one does.
    pub(crate) async fn until_closed(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                code = Some(frame.code());
            }
        }
        code
    }
}

/// The status of the first response head on a connection, as `h2` encodes it.
pub(crate) fn status(frame: &Frame) -> u16 {
    assert_eq!(frame.kind, HEADERS, "{frame:?}");
    match frame.payload[..] {
        [indexed @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)],
        [0x48, size, ref rest @ ..] if size & 0x80 != 0 => digits(&rest[..usize::from(size & 0x7f)]),
        _ => panic!("not the first head: {frame:?}"),
    }
}

/// Three digits in the Huffman code of RFC 7541 (0 to 2 take five bits, 3 to 9 six).
fn digits(code: &[u8]) -> u16 {
    let mut bits = code.iter().flat_map(|octet| (0..8).rev().map(move |bit| u16::from(octet >> bit & 1)));
    let mut take = |count: usize| bits.by_ref().take(count).fold(0, |value, bit| value * 2 + bit);
    let mut number = 0;
    for _ in 0..3 {
        let five = take(5);
        let digit = if five < 3 { five } else { five * 2 + take(1) - 0b01_1001 + 3 };
        number = number * 10 + digit;
    }
    number
}
