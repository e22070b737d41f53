//! Certificates for trying things out: made at the start, gone at the end.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Identity, Material, TlsError, expiry_of};

/// Days of validity. Browsers take a certificate by its hash only if it lives less than 14 days.
const VALIDITY: i64 = 13;

/// Addresses that `localhost` stands for: who is told to trust the one connects to the others.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "::1"];

/// The beginning of a day in the certificate library's own type, which cannot be named here.
macro_rules! midnight {
    ($date:ident) => {
        date_time_ymd(i32::from($date.year()), $date.month().unsigned_abs(), $date.day().unsigned_abs())
    };
}

/// A certificate on a fresh P-256 key, valid from the beginning of today (UTC).
pub(super) fn make(names: &[String], now: Timestamp) -> Result<Identity, TlsError> {
    let refuse = |reason: String| TlsError::SelfSigned { names: names.to_vec(), reason };
    let params = params(names, now).map_err(refuse)?;
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| refuse(error.to_string()))?;
    let certificate = params.self_signed(&pair).map_err(|error| refuse(error.to_string()))?;
    let chain = vec![certificate.der().clone()];
    let expiry = expiry_of(&chain[0]).map_err(refuse)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let key = Material { chain, key }.certified()?;
    Ok(Identity { key, name: "self-signed".to_owned(), expiry, clients: None })
}

fn params(names: &[String], now: Timestamp) -> Result<CertificateParams, String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let last = today.checked_add(Span::new().days(VALIDITY)).map_err(|error| error.to_string())?;
    let mut params =
        CertificateParams::new(with_loopback(names)).map_err(|error| format!("not a name: {error}"))?;
    params.distinguished_name.push(DnType::CommonName, "progress-gateway, self-signed");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = midnight!(today);
    params.not_after = midnight!(last);
    Ok(params)
}

fn with_loopback(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    if names.iter().any(|name| name == "localhost") {
        for address in LOOPBACK {
            if !names.iter().any(|name| name == address) {
                names.push(address.to_owned());
            }
        }
    }
    names
}
