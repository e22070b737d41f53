//! Clients that leave, and clients that only seem to.

use std::sync::Arc;
use std::time::Duration;

use downstream::{BodyError, Security};
use h1_adapter::server::ServeError;
use http_body_util::{BodyExt, Collected};
use progress_core::interim::InterimHead;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::script::{Bench, Scripted, expect, expect_end, last_wire, text};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const ALIVE: &str = "HTTP/1.1 102 Processing\r\n\r\n";

/// Says a sign of life each time it is told to, until it is told to finish.
fn lively(beat: &Arc<Notify>, finish: &Arc<Notify>) -> Scripted {
    let (beat, finish) = (Arc::clone(beat), Arc::clone(finish));
    Scripted::new(move |_, say| {
        let (beat, finish) = (Arc::clone(&beat), Arc::clone(&finish));
        async move {
            loop {
                tokio::select! {
                    () = beat.notified() => say.interim(InterimHead::heartbeat()).await,
                    () = finish.notified() => return say.finish(text(200, "done")),
                }
            }
        }
    })
}

async fn tcp(bench: &Bench) -> (TcpStream, JoinHandle<Result<(), ServeError>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, bench.serve(server))
}

/// H11-05: `printf … | nc` sends FIN at once and still wants its answer.
#[tokio::test]
async fn h11_05_in_cleartext_a_fin_alone_is_no_departure() {
    let (beat, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let bench = Bench::new(lively(&beat, &finish));
    let (mut client, server) = tcp(&bench).await;
    client.write_all(GET).await.unwrap();
    client.shutdown().await.unwrap();
    for _ in 0..3 {
        beat.notify_one();
        expect(&mut client, ALIVE).await;
    }
    finish.notify_one();
    // Nothing can follow: the connection ends, and says so.
    expect(&mut client, &last_wire("200 OK", "done")).await;
    expect_end(&mut client).await;
    assert_eq!(server.await.unwrap(), Ok(()));
}

/// … and so do the requests that came before the FIN.
#[tokio::test]
async fn h11_05_requests_before_a_fin_are_all_answered() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, _server) = tcp(&bench).await;
    client.write_all(&GET.repeat(3)).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3);
}

#[tokio::test]
async fn h11_05_a_reset_is_a_departure_while_nothing_is_written() {
    let (beat, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let bench = Bench::new(lively(&beat, &finish));
    let (mut client, server) = tcp(&bench).await;
    client.write_all(GET).await.unwrap();
    beat.notify_one();
    expect(&mut client, ALIVE).await;
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(server.await.unwrap(), Err(ServeError::Departed));
    assert_eq!(bench.handler.log.lock().unwrap().abandoned, 1, "the exchange is dropped");
}

/// A client that closes sends FIN like one that half-closes; the second head finds it out.
#[tokio::test]
async fn h11_05_a_closed_client_is_found_out_by_writing() {
    let (beat, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let bench = Bench::new(lively(&beat, &finish));
    let (mut client, mut server) = tcp(&bench).await;
    client.write_all(GET).await.unwrap();
    beat.notify_one();
    expect(&mut client, ALIVE).await;
    drop(client);
    let ended = loop {
        beat.notify_one();
        tokio::select! {
            ended = &mut server => break ended,
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    };
    assert_eq!(ended.unwrap(), Err(ServeError::Departed));
}

#[tokio::test(start_paused = true)]
async fn h11_05_over_tls_any_end_is_a_departure() {
    let (beat, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut bench = Bench::new(lively(&beat, &finish));
    bench.security = Security::Tls;
    let (mut client, server) = bench.connect(4096);
    client.write_all(GET).await.unwrap();
    beat.notify_one();
    expect(&mut client, ALIVE).await;
    client.shutdown().await.unwrap();
    assert_eq!(server.await.unwrap(), Err(ServeError::Departed));
    assert_eq!(bench.handler.log.lock().unwrap().abandoned, 1);
}

/// A request that was never sent whole is not answered, and whoever reads its content is told.
#[tokio::test(start_paused = true)]
async fn an_end_in_the_middle_of_the_content_is_a_departure() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let bench = Bench::new(Scripted::new(move |request, _say| {
        let tell = tell.clone();
        async move {
            tokio::spawn(async move { tell.send(request.into_body().collect().await.map(|_| ())) });
            std::future::pending::<()>().await;
        }
    }));
    for framing in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let (mut client, server) = bench.connect(4096);
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n5\r\nhel");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(server.await.unwrap(), Err(ServeError::Departed));
        assert_eq!(told.recv().await.unwrap(), Err(BodyError::Departed));
    }
}

/// The content outlives the exchange, but not the connection.
#[tokio::test(start_paused = true)]
async fn content_that_is_read_elsewhere_ends_with_the_connection() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let bench = Bench::new(Scripted::new(move |request, say| {
        let tell = tell.clone();
        async move {
            tokio::spawn(
                async move { tell.send(request.into_body().collect().await.map(Collected::to_bytes)) },
            );
            say.finish(text(202, "later"));
        }
    }));
    let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    let (mut client, _server) = bench.connect(1000);
    client.write_all(request).await.unwrap();
    expect(&mut client, &last_wire("202 Accepted", "later")).await;
    client.write_all(&vec![b'x'; 100_000]).await.unwrap();
    assert_eq!(told.recv().await.unwrap().unwrap().len(), 100_000, "it is read to its end");
    let (mut client, _server) = bench.connect(1000);
    client.write_all(request).await.unwrap();
    client.write_all(&vec![b'x'; 50_000]).await.unwrap();
    drop(client);
    assert_eq!(told.recv().await.unwrap(), Err(BodyError::Departed));
}

/// H1-30: the response to a large upload survives its refusal, on a real socket.
#[tokio::test]
async fn h1_30_a_refused_upload_reads_its_413() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, _server) = tcp(&bench).await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n").await.unwrap();
    client.write_all(&vec![b'x'; 30_000]).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
