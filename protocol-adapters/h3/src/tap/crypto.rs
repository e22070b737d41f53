//! quinn's cryptography, with the tap in it.
//!
//! Everything is handed on as it is. Only the packets of the application's number space pass the
//! tap: those before carry neither streams nor what acknowledges them.

use std::any::Any;
use std::sync::Arc;

use bytes::BytesMut;
use quinn_proto::crypto::{
    CryptoError, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, ServerConfig, Session,
    UnsupportedVersion,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectionId, Side, TransportError};

use super::{Handshake, Tap};

/// A server whose connections have a tap.
pub(super) struct TappedServer(pub(super) Arc<dyn ServerConfig>);

struct TappedSession {
    session: Box<dyn Session>,
    tap: Arc<Tap>,
    stage: Stage,
}

/// Which keys come next.
enum Stage {
    Handshake,
    Application,
}

struct TappedKey {
    key: Box<dyn PacketKey>,
    tap: Arc<Tap>,
}

impl ServerConfig for TappedServer {
    fn initial_keys(&self, version: u32, id: &ConnectionId) -> Result<Keys, UnsupportedVersion> {
        self.0.initial_keys(version, id)
    }

    fn retry_tag(&self, version: u32, id: &ConnectionId, packet: &[u8]) -> [u8; 16] {
        self.0.retry_tag(version, id, packet)
    }

    fn start_session(self: Arc<Self>, version: u32, parameters: &TransportParameters) -> Box<dyn Session> {
        let session = Arc::clone(&self.0).start_session(version, parameters);
        Box::new(TappedSession { session, tap: Arc::default(), stage: Stage::Handshake })
    }
}

impl TappedSession {
    fn tapped(&self, pair: KeyPair<Box<dyn PacketKey>>) -> KeyPair<Box<dyn PacketKey>> {
        let tapped = |key| -> Box<dyn PacketKey> { Box::new(TappedKey { key, tap: Arc::clone(&self.tap) }) };
        KeyPair { local: tapped(pair.local), remote: tapped(pair.remote) }
    }
}

impl Session for TappedSession {
    fn initial_keys(&self, id: &ConnectionId, side: Side) -> Keys {
        self.session.initial_keys(id, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        let negotiated = self.session.handshake_data()?;
        Some(Box::new(Handshake { negotiated, tap: Arc::clone(&self.tap) }))
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.session.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.session.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.session.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    fn read_handshake(&mut self, octets: &[u8]) -> Result<bool, TransportError> {
        self.session.read_handshake(octets)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.session.transport_parameters()
    }

    fn write_handshake(&mut self, octets: &mut Vec<u8>) -> Option<Keys> {
        let keys = self.session.write_handshake(octets)?;
        match self.stage {
            Stage::Handshake => {
                self.stage = Stage::Application;
                Some(keys)
            }
            Stage::Application => Some(Keys { header: keys.header, packet: self.tapped(keys.packet) }),
        }
    }

    /// After a key update the packet numbers go on (RFC 9001 section 6), and so does the tap.
    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let keys = self.session.next_1rtt_keys()?;
        Some(self.tapped(keys))
    }

    fn is_valid_retry(&self, id: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.session.is_valid_retry(id, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.session.export_keying_material(output, label, context)
    }
}

impl PacketKey for TappedKey {
    fn encrypt(&self, packet: u64, octets: &mut [u8], header: usize) {
        if self.tap.is_watching() {
            let end = octets.len().saturating_sub(self.key.tag_len());
            self.tap.sent(packet, octets.get(header..end).unwrap_or_default());
        }
        self.key.encrypt(packet, octets, header);
    }

    fn decrypt(&self, packet: u64, header: &[u8], payload: &mut BytesMut) -> Result<(), CryptoError> {
        self.key.decrypt(packet, header, payload)?;
        // Only what is proved to be the client's gets here.
        if self.tap.is_watching() {
            self.tap.received(payload);
        }
        Ok(())
    }

    fn tag_len(&self) -> usize {
        self.key.tag_len()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.key.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.key.integrity_limit()
    }
}
