//! What is made with the store's secret. Each purpose has a key of its own, so that nothing that is made for
//! one is good for another; all of it lives as long as the store does.

use ring::hmac;

/// Octets of a secret, and of what is signed with it.
pub const SIZE: usize = 32;

/// The key for one purpose.
pub fn key_for(purpose: &[u8], secret: &[u8; SIZE]) -> hmac::Key {
    let store = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&store, purpose).as_ref())
}

/// Adds lists of octets, each with its length before it: no two rows of them are written alike.
pub fn update_each<'a>(context: &mut hmac::Context, rows: impl IntoIterator<Item = &'a [u8]>) {
    for octets in rows {
        context.update(&(octets.len() as u64).to_be_bytes());
        context.update(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(purpose: &[u8], rows: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&key_for(purpose, &[1; SIZE]));
        update_each(&mut context, rows.iter().copied());
        context.sign().as_ref().to_vec()
    }

    #[test]
    fn purposes_and_rows_are_told_apart() {
        assert_eq!(signed(b"a", &[b"xy"]), signed(b"a", &[b"xy"]));
        assert_ne!(signed(b"a", &[b"xy"]), signed(b"b", &[b"xy"]));
        assert_ne!(signed(b"a", &[b"xy"]), signed(b"a", &[b"x", b"y"]));
        assert_ne!(signed(b"a", &[b"x", b""]), signed(b"a", &[b"x"]));
    }
}
