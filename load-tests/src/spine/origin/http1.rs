//! An HTTP/1.1 connection of an origin: one request after the other.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{COMPLETION, Manner, Talk};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

/// Serves until the other side leaves.
pub(super) async fn keep(mut connection: TcpStream, manner: Manner) {
    let mut end = HeadEnd::default();
    let mut octets = [0; 1024];
    loop {
        let count = match connection.read(&mut octets).await {
            Ok(count) if count > 0 => count,
            _ => return,
        };
        // Requests have no content, and none is sent before the last one is answered.
        if !end.read(&octets[..count]) {
            continue;
        }
        manner.took();
        if talk(&mut connection, &manner).await.is_err() {
            return;
        }
    }
}

/// Returns once the request is answered: never, if it is not to be.
async fn talk(connection: &mut TcpStream, manner: &Manner) -> std::io::Result<()> {
    let (every, heads) = match manner.talk {
        Talk::Reporting { every, heads } => (every, heads),
        Talk::Silent => return gone(connection).await,
        Talk::CallsBack => {
            let (name, value) = COMPLETION;
            let answer = format!("HTTP/1.1 202 Accepted\r\n{name}: {value}\r\nContent-Length: 0\r\n\r\n");
            return connection.write_all(answer.as_bytes()).await;
        }
    };
    let mut left = heads;
    // Operations are not in step with each other.
    let mut pause = every.mul_f64(fastrand::f64());
    while left != Some(0) {
        sleep(std::mem::replace(&mut pause, every)).await;
        let head = format!("HTTP/1.1 102 Processing\r\nProgress: {}\r\n\r\n", manner.progress());
        connection.write_all(head.as_bytes()).await?;
        left = left.map(|left| left - 1);
    }
    sleep(every).await;
    connection.write_all(ANSWER).await
}

/// Waits for the other side to leave.
async fn gone(connection: &mut TcpStream) -> std::io::Result<()> {
    connection.read_u8().await?;
    Err(std::io::ErrorKind::InvalidData.into())
}

/// Looks for the empty line that ends a head.
#[derive(Debug, Default)]
struct HeadEnd {
    /// How much of it has been seen.
    seen: usize,
}

impl HeadEnd {
    /// Takes in what came; whether a head is complete with it.
    fn read(&mut self, octets: &[u8]) -> bool {
        const END: &[u8] = b"\r\n\r\n";
        for octet in octets {
            self.seen = match () {
                () if *octet == END[self.seen] => self.seen + 1,
                () => usize::from(*octet == END[0]),
            };
            if self.seen == END.len() {
                self.seen = 0;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line_however_it_is_cut() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n";
        for size in 1..=head.len() {
            let mut end = HeadEnd::default();
            let ends: Vec<bool> = head.chunks(size).map(|piece| end.read(piece)).collect();
            let (last, before) = ends.split_last().expect("a piece");
            assert!(*last && !before.contains(&true), "pieces of {size}");
        }
    }
}
