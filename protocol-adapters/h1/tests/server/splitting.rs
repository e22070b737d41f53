//! However a request is cut into reads, it is the same request.

use bytes::Bytes;
use h1_adapter::server::serve;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::script::{Bench, Scripted};

const REQUESTS: &[&[u8]] = &[
    b"GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
    b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nhello\r\n\r\nGET",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n1\r\n!\r\n0\r\nT: u\r\n\r\n",
    b"HEAD http://b/c HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
];

const ENDS: &[&[u8]] = &[
    b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
    b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\x01\r\nhello\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n{}",
];

/// Sends the pieces one by one, each read before the next is sent; the first as octets that the
/// listener has read already.
async fn talk(pieces: &[&[u8]]) -> String {
    let bench = Bench::new(Scripted::echo());
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let first = pieces.first().copied().unwrap_or_default();
    let server = tokio::spawn(serve(server, Bytes::copy_from_slice(first), bench.service()));
    for piece in pieces.iter().skip(1) {
        if client.write_all(piece).await.is_err() {
            break;
        }
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    drop(client);
    let _ = server.await.unwrap();
    // Whether a 100 is asked for depends on whether the content is there; that may differ.
    String::from_utf8(answer).unwrap().replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

fn cut<'o>(octets: &'o [u8], cuts: &[prop::sample::Index]) -> Vec<&'o [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len())).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&octets[from..place]);
        from = place;
    }
    pieces.push(&octets[from..]);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_answers_however_the_requests_are_cut(
        which in prop::collection::vec(0..REQUESTS.len(), 0..4),
        end in 0..ENDS.len(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let mut octets: Vec<u8> = which.iter().flat_map(|which| REQUESTS[*which]).copied().collect();
        octets.extend_from_slice(ENDS[end]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let whole = runtime.block_on(talk(&[&octets]));
        let pieces = runtime.block_on(talk(&cut(&octets, &cuts)));
        prop_assert_eq!(whole.matches("HTTP/1.1 ").count(), which.len() + 1);
        prop_assert_eq!(whole, pieces);
    }
}
