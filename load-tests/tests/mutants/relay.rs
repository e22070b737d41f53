//! A relay between clients and the gateway, HTTP/1.x without TLS, that breaks one thing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::messages::{Head, Side};

/// How long a delayed head is held: far beyond the heartbeat of the gateway behind the relay.
const DELAY: Duration = Duration::from_millis(1500);
/// The head that nobody should get.
const STRAY: &[u8] = b"HTTP/1.1 102 Processing\r\n\r\n";

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Nothing.
    None,
    /// 102s do not come.
    DropHeads,
    /// The second 102 of each exchange comes late.
    DelayHeads,
    /// HTTP/1.0 gets a 102.
    LeakToHttp10,
    /// Who did not ask gets a 102.
    SendUnasked,
    /// Progress goes back to its start with each 102.
    LowerProgress,
    /// One bit of the content differs.
    ChangeContent,
    /// A 102 follows the final response.
    SendAfterFinal,
    /// The end of the client's side ends the exchange.
    LeaveWithHalfClose,
}

/// Relays what comes to `listener` to `gateway` as long as the runtime lives.
pub(crate) async fn relay(listener: TcpListener, gateway: SocketAddr, mutation: Mutation) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(async move {
            // A connection that ends early is the business of those who use it.
            let _ = connection(client, gateway, mutation).await;
        });
    }
}

async fn connection(client: TcpStream, gateway: SocketAddr, mutation: Mutation) -> io::Result<()> {
    client.set_nodelay(true)?;
    let gateway = TcpStream::connect(gateway).await?;
    gateway.set_nodelay(true)?;
    let (mut client, mut gateway) = (Side::new(client), Side::new(gateway));
    // One request after the other: the clients do not pipeline.
    while let Some(request) = client.head().await? {
        gateway.send(&request.octets).await?;
        let content = client.content(&request).await?;
        gateway.send(&content).await?;
        respond(&mut client, &mut gateway, &request, mutation).await?;
    }
    Ok(())
}

/// Relays interim heads and the final response.
async fn respond(
    client: &mut Side,
    gateway: &mut Side,
    request: &Head,
    mutation: Mutation,
) -> io::Result<()> {
    let http10 = request.start.ends_with("HTTP/1.0");
    let stray = match mutation {
        Mutation::LeakToHttp10 => http10,
        Mutation::SendUnasked => !http10 && request.field("prefer").is_none(),
        _ => false,
    };
    if stray {
        client.send(STRAY).await?;
    }
    let mut interim = 0;
    loop {
        let head = if mutation == Mutation::LeaveWithHalfClose {
            tokio::select! {
                head = gateway.head() => head,
                () = client.end() => return Ok(()),
            }
        } else {
            gateway.head().await
        };
        let mut head = head?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !head.start.starts_with("HTTP/1.1 1") {
            client.send(&head.octets).await?;
            let mut content = gateway.content(&head).await?;
            if let (Mutation::ChangeContent, Some(last)) = (mutation, content.last_mut()) {
                *last ^= 1;
            }
            if mutation == Mutation::SendAfterFinal && !http10 {
                content.extend_from_slice(STRAY);
            }
            return client.send(&content).await;
        }
        interim += 1;
        match mutation {
            Mutation::DropHeads => continue,
            Mutation::DelayHeads if interim == 2 => sleep(DELAY).await,
            Mutation::LowerProgress => head.replace("progress", &format!("{}/100", 100 - interim)),
            _ => {}
        }
        client.send(&head.octets).await?;
    }
}
