//! An HTTP/2 origin by hand: frames that no library would send.

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::caller::within;
use super::script::{Origin, Wire};

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// A connection on which the test writes frames.
pub(crate) struct Frames(pub(crate) Wire);

impl Frames {
    /// Accepts a connection, reads the preface and sends settings.
    pub(crate) async fn accept(origin: &Origin) -> Self {
        let mut wire = origin.accept().await;
        wire.expect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let mut frames = Self(wire);
        frames.send(SETTINGS, 0, 0, b"").await;
        frames
    }

    /// Waits for the head of the next request: its stream.
    pub(crate) async fn request(&mut self) -> u32 {
        loop {
            let (kind, stream, _) = self.next().await;
            if kind == HEADERS {
                return stream;
            }
        }
    }

    /// Waits for a reset: its stream and code.
    pub(crate) async fn reset(&mut self) -> (u32, u32) {
        loop {
            let (kind, stream, payload) = self.next().await;
            if kind == RST_STREAM {
                return (stream, u32::from_be_bytes(payload.try_into().expect("four octets")));
            }
        }
    }

    pub(crate) async fn headers(&mut self, stream: u32, flags: u8, block: &[u8]) {
        self.send(HEADERS, flags, stream, block).await;
    }

    /// GOAWAY without error: streams above `last` are not worked on.
    pub(crate) async fn go_away(&mut self, last: u32) {
        let payload = [last.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        self.send(GOAWAY, 0, 0, &payload).await;
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.0.say(frame(kind, flags, stream, payload)).await;
    }

    async fn next(&mut self) -> (u8, u32, Vec<u8>) {
        let mut header = [0; 9];
        within(self.0.0.read_exact(&mut header)).await.expect("a frame");
        let [a, b, c, kind, _flags, stream @ ..] = header;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        within(self.0.0.read_exact(&mut payload)).await.expect("a payload");
        (kind, u32::from_be_bytes(stream), payload)
    }

    /// Writes as long as it is read; how many octets of it were taken within `time`.
    pub(crate) async fn press(&mut self, octets: &[u8], time: std::time::Duration) -> usize {
        let mut taken = 0;
        while taken < octets.len() {
            match tokio::time::timeout(time, self.0.0.write(&octets[taken..])).await {
                Ok(Ok(written)) => taken += written,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        taken
    }
}

/// One HEADERS frame with this field block.
pub(crate) fn head(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, block)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_uint(payload.len() as u64, 3);
    frame.put_u8(kind);
    frame.put_u8(flags);
    frame.put_u32(stream);
    frame.put_slice(payload);
    frame.to_vec()
}

/// A field block with this status and these fields, uncompressed (RFC 7541 6.2.2).
pub(crate) fn block(status: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = BytesMut::new();
    // `:status` is entry 8 of the static table.
    block.put_u8(8);
    text(&mut block, status);
    for (name, value) in fields {
        block.put_u8(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    block.to_vec()
}

fn text(block: &mut BytesMut, text: &str) {
    let length = text.len();
    if length < 127 {
        block.put_u8(u8::try_from(length).expect("short"));
    } else {
        block.put_u8(127);
        let mut rest = length - 127;
        while rest >= 128 {
            block.put_u8(u8::try_from(rest % 128).expect("small") | 128);
            rest /= 128;
        }
        block.put_u8(u8::try_from(rest).expect("small"));
    }
    block.put_slice(text.as_bytes());
}
