//! Cryptography that hides nothing: the tap sees packets as they are written here.

use std::any::Any;
use std::sync::Arc;

use bytes::BytesMut;
use h3_adapter::tap::{Handshake, Tap, tapped};
use quinn_proto::crypto::{
    CryptoError, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, ServerConfig, Session,
    UnsupportedVersion,
};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectionId, Side, TransportError};

/// Octets of the header of a packet, and of what authenticates it.
pub const HEADER: usize = 3;
pub const TAG: usize = 16;
/// The first octet of a payload that cannot be decrypted.
pub const FORGED: u8 = 0xff;

/// A connection of a tapped server.
pub struct Plain {
    pub tap: Arc<Tap>,
    pub session: Box<dyn Session>,
    /// The keys of the handshake, and of the application.
    pub handshake: KeyPair<Box<dyn PacketKey>>,
    pub application: KeyPair<Box<dyn PacketKey>>,
}

struct Server;
struct Talk;
struct Key;

impl Plain {
    pub fn new() -> Self {
        Self::of(tapped(Arc::new(Server)))
    }

    fn of(server: Arc<dyn ServerConfig>) -> Self {
        let parameters = TransportParameters::read(Side::Client, &mut [].as_slice()).expect("none is needed");
        let mut session = server.start_session(1, &parameters);
        let mut keys = || session.write_handshake(&mut Vec::new()).expect("there are keys").packet;
        let (handshake, application) = (keys(), keys());
        let data = session.handshake_data().expect("there is some");
        let tap = data.downcast::<Handshake>().expect("it is tapped").tap;
        Self { tap, session, handshake, application }
    }
}

/// The key below the tap.
pub fn bare() -> Box<dyn PacketKey> {
    Box::new(Key)
}

/// A packet as it is before it is encrypted.
pub fn packet(payload: &[u8]) -> Vec<u8> {
    [&[0; HEADER], payload, &[0; TAG]].concat()
}

impl ServerConfig for Server {
    fn initial_keys(&self, _: u32, _: &ConnectionId) -> Result<Keys, UnsupportedVersion> {
        Err(UnsupportedVersion)
    }

    fn retry_tag(&self, _: u32, _: &ConnectionId, _: &[u8]) -> [u8; 16] {
        [0; 16]
    }

    fn start_session(self: Arc<Self>, _: u32, _: &TransportParameters) -> Box<dyn Session> {
        Box::new(Talk)
    }
}

fn pair<T: ?Sized>(key: impl Fn() -> Box<T>) -> KeyPair<Box<T>> {
    KeyPair { local: key(), remote: key() }
}

impl Session for Talk {
    fn initial_keys(&self, _: &ConnectionId, _: Side) -> Keys {
        Keys { header: pair(|| Box::new(Key) as Box<dyn HeaderKey>), packet: pair(bare) }
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        Some(Box::new("negotiated"))
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        Some(Box::new("peer"))
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        None
    }

    fn early_data_accepted(&self) -> Option<bool> {
        None
    }

    fn is_handshaking(&self) -> bool {
        false
    }

    fn read_handshake(&mut self, _: &[u8]) -> Result<bool, TransportError> {
        Ok(true)
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        Ok(None)
    }

    fn write_handshake(&mut self, _: &mut Vec<u8>) -> Option<Keys> {
        Some(Keys { header: pair(|| Box::new(Key) as Box<dyn HeaderKey>), packet: pair(bare) })
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        Some(pair(bare))
    }

    fn is_valid_retry(&self, _: &ConnectionId, _: &[u8], _: &[u8]) -> bool {
        true
    }

    fn export_keying_material(
        &self,
        _: &mut [u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        Ok(())
    }
}

impl PacketKey for Key {
    fn encrypt(&self, _: u64, _: &mut [u8], _: usize) {}

    fn decrypt(&self, _: u64, _: &[u8], payload: &mut BytesMut) -> Result<(), CryptoError> {
        if payload.first() == Some(&FORGED) { Err(CryptoError) } else { Ok(()) }
    }

    fn tag_len(&self) -> usize {
        TAG
    }

    fn confidentiality_limit(&self) -> u64 {
        1
    }

    fn integrity_limit(&self) -> u64 {
        2
    }
}

impl HeaderKey for Key {
    fn decrypt(&self, _: usize, _: &mut [u8]) {}

    fn encrypt(&self, _: usize, _: &mut [u8]) {}

    fn sample_size(&self) -> usize {
        16
    }
}
