//! HTTP/1.1, as little of it as an origin behind one gateway needs: it has to be cheaper than what
//! it helps to measure, for tens of thousands of connections at a time.

mod connection;
mod request;
mod response;

use std::io;

use tokio::net::TcpStream;

use super::Desk;
use super::counts::add;
use super::performance::{Ending, perform};
use connection::Connection;
use request::{After, Request};

/// Serves one request after the other until one side ends the connection.
pub(super) async fn serve(stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request().await? {
        connection.discard(&request).await?;
        add(&desk.tally.requests);
        let answered = answer(&mut connection, &request, desk).await;
        match answered {
            Ok(After::Keep) => {}
            Ok(After::Drop) => return Ok(()),
            Ok(After::Close) => return connection.close().await,
            Err(error) => {
                add(&desk.tally.abandoned);
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn answer(connection: &mut Connection, request: &Request, desk: &Desk) -> io::Result<After> {
    let mut turn = desk.script.next(&request.path);
    let ending = perform(&mut turn, connection, &desk.tally).await?;
    let job = &turn.part.job;
    match ending {
        Ending::Answer => {
            connection.respond(job, request).await?;
            add(&desk.tally.responses);
            return Ok(request.after);
        }
        Ending::Truncate => connection.truncate(job, request).await?,
        Ending::Reset => {
            connection.flush().await?;
            connection.reset_when_dropped()?;
            return Ok(After::Drop);
        }
        Ending::Hang => {
            connection.outlast().await?;
            return Ok(After::Drop);
        }
        Ending::Garbage => connection.send(b"this is not a head\r\n\r\n").await?,
        Ending::Close => connection.flush().await?,
    }
    Ok(After::Close)
}

#[cfg(test)]
mod tests;
