//! The secret part of a callback URL (S-11).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use progress_core::operation::OperationId;
use ring::hmac;

use crate::secret::{SIZE as SECRET, key_for};

/// Keeps tokens apart from everything else that is made with the store's secret.
const PURPOSE: &[u8] = b"progress-gateway: a callback token";

/// Octets of an expiry: seconds since 1970.
const EXPIRY: usize = 8;

/// Octets that the code speaks for: the operation's id, then the expiry.
const SAID: usize = OperationId::SIZE + EXPIRY;

/// Octets of a token: what is said, and the code.
const TOKEN: usize = SAID + SECRET;

/// Makes tokens and tells its own from others.
pub(super) struct Mint {
    key: hmac::Key,
}

impl Mint {
    /// A mint whose tokens every mint of the same secret takes for its own: they live as long as the
    /// store that keeps the secret.
    pub(super) fn new(secret: &[u8; SECRET]) -> Self {
        Self { key: key_for(PURPOSE, secret) }
    }

    /// The token for an operation until `expiry`.
    pub(super) fn token(&self, id: OperationId, expiry: Timestamp) -> String {
        let mut octets = [0; TOKEN];
        let (said, code) = octets.split_at_mut(SAID);
        said[..OperationId::SIZE].copy_from_slice(id.as_bytes());
        said[OperationId::SIZE..].copy_from_slice(&expiry.as_second().to_be_bytes());
        code.copy_from_slice(hmac::sign(&self.key, said).as_ref());
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// The operation of a token of ours that has not expired. The code is compared in constant time,
    /// and nothing that is said is looked at before.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Option<OperationId> {
        let mut octets = [0; TOKEN];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut octets).ok()?;
        let (said, code) = octets.split_at(SAID);
        if length != TOKEN || hmac::verify(&self.key, said, code).is_err() {
            return None;
        }
        let (id, expiry) = said.split_at(OperationId::SIZE);
        let expiry = i64::from_be_bytes(expiry.try_into().ok()?);
        (now.as_second() < expiry).then_some(OperationId::from_random(id.try_into().ok()?))
    }
}

/// The key is a secret.
impl std::fmt::Debug for Mint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mint").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: OperationId = OperationId::from_random([7; 16]);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn s_11_a_token_is_good_for_its_operation_until_it_expires() {
        let mint = Mint::new(&[1; SECRET]);
        let token = mint.token(ID, at(100));
        assert!(token.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')));
        assert_eq!(mint.read(&token, at(99)), Some(ID));
        assert_eq!(Mint::new(&[1; SECRET]).read(&token, at(99)), Some(ID), "another mint of the secret");
        assert_eq!(mint.read(&token, at(100)), None);
        assert_eq!(Mint::new(&[2; SECRET]).read(&token, at(99)), None);
    }

    #[test]
    fn s_11_a_token_with_any_other_octet_or_length_is_none() {
        let mint = Mint::new(&[1; SECRET]);
        let token = mint.token(ID, at(100));
        for place in 0..token.len() {
            for other in ["A", "B", "_", "=", "/"] {
                let mut forged = token.clone();
                forged.replace_range(place..=place, other);
                if forged != token {
                    assert_eq!(mint.read(&forged, at(0)), None, "{forged}");
                }
            }
        }
        for wrong in [String::new(), format!("{token}="), format!("{token}AAAA"), token[1..].to_owned()] {
            assert_eq!(mint.read(&wrong, at(0)), None, "{wrong}");
        }
    }
}
