//! HTTP/2.

use std::future::poll_fn;
use std::pin::pin;

use bytes::Bytes;
use h2::client::SendRequest;
use http::Response;

use super::reach::Stream;
use super::{Call, CallError, Witness};

pub(super) async fn call(stream: Stream, call: &Call, witness: &mut dyn Witness) -> Result<(), CallError> {
    let (sender, connection) = h2::client::handshake(stream).await?;
    let mut exchange = pin!(exchange(sender, call, witness));
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // What has arrived before its end is still there for the exchange.
        _ = connection => exchange.await,
    }
}

async fn exchange(
    sender: SendRequest<Bytes>,
    call: &Call,
    witness: &mut dyn Witness,
) -> Result<(), CallError> {
    let mut sender = sender.ready().await?;
    let (mut response, mut upload) = sender.send_request(call.request()?, call.content.is_empty())?;
    if !call.content.is_empty() {
        upload.send_data(call.content.clone(), true)?;
    }
    while let Some(head) = poll_fn(|cx| response.poll_informational(cx)).await {
        witness.interim(&head?).map_err(CallError::Output)?;
    }
    let (head, mut content) = response.await?.into_parts();
    witness.answered(Response::from_parts(head, ())).map_err(CallError::Output)?;
    while let Some(data) = content.data().await {
        let data = data?;
        witness.content(&data).map_err(CallError::Output)?;
        content.flow_control().release_capacity(data.len())?;
    }
    Ok(())
}
