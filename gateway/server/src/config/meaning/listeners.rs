//! What listeners mean, and what they must not share.

use std::path::Path;

use super::{certificates, value_of, values_of};
use crate::config::file::{ConfigFile, ListenerFile, TlsFile};
use crate::config::reader::Problems;
use crate::config::settings::{ListenerSettings, Protocol, Protocols, TlsSettings};

/// One listener; `None` if it cannot be understood.
pub(super) fn listener(
    file: &ListenerFile,
    directory: &Path,
    problems: &mut Problems,
) -> Option<ListenerSettings> {
    refuse_impossible_protocols(file, problems);
    let protocols = match (&file.protocols, &file.tls) {
        (Some(protocols), _) => values_of(protocols).into_iter().collect(),
        (None, Some(_)) => Protocols::OVER_TLS,
        (None, None) => Protocols::CLEARTEXT,
    };
    let settings = match &file.tls {
        Some(written) => Some(tls(written, directory, problems)?),
        None => None,
    };
    let client_ca = file.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
    Some(ListenerSettings {
        address: value_of(file.address.as_ref())?,
        protocols,
        tls: settings,
        client_ca: client_ca.and_then(|ca| certificates::trusted(ca, directory, problems)),
    })
}

/// No two listeners on one address; the admin and the callback listener least of all. Port 0 is another one each time.
pub(super) fn refuse_shared_addresses(file: &ConfigFile, problems: &mut Problems) {
    let mut taken = Vec::new();
    let public = file.listeners.iter().map(|listener| (&listener.address, &listener.place));
    let admin = file.admin.iter().map(|admin| (&admin.address, &admin.place));
    let callback = file.callback.iter().map(|callback| (&callback.address, &callback.place));
    for (address, owner) in public.chain(admin).chain(callback) {
        let Some(address) = address.as_ref().filter(|address| address.value.port() != 0) else { continue };
        match taken.iter().find(|(earlier, _)| *earlier == address.value) {
            Some((_, earlier)) => problems.wrong(
                &address.place,
                format!("{} is taken by {earlier}, write another address", address.value),
            ),
            None => taken.push((address.value, &owner.key)),
        }
    }
}

fn refuse_impossible_protocols(file: &ListenerFile, problems: &mut Problems) {
    let encrypted = file.tls.is_some();
    // If tls itself is wrong, nobody knows what was meant.
    let undecided = !encrypted && problems.concern(&file.place.child("tls"));
    for protocol in file.protocols.iter().flat_map(|list| &list.value) {
        let message = match protocol.value {
            _ if undecided => continue,
            Protocol::H2 if !encrypted => "\"h2\" needs tls, add the key tls or write \"h2c\"",
            Protocol::H3 if !encrypted => "\"h3\" needs tls, add the key tls or remove \"h3\"",
            Protocol::H2c if encrypted => "\"h2c\" is HTTP/2 without tls, write \"h2\" or remove tls",
            _ => continue,
        };
        problems.wrong(&protocol.place, message);
    }
}

fn tls(file: &TlsFile, directory: &Path, problems: &mut Problems) -> Option<TlsSettings> {
    match (&file.certificate, &file.private_key, &file.self_signed) {
        (Some(certificate), Some(private_key), None) => {
            let (certificate, private_key) = certificates::pair(certificate, private_key, directory, problems)?;
            return Some(TlsSettings::Files { certificate, private_key });
        }
        (None, None, Some(names)) => return Some(TlsSettings::SelfSigned(values_of(names))),
        // What is missing was written, but wrongly.
        _ if problems.concern(&file.place) => {}
        (Some(_), None, None) => problems.missing(
            &file.place.child("private-key"),
            "is missing, write the PEM file of the certificate's private key",
        ),
        (None, Some(_), None) => problems
            .missing(&file.place.child("certificate"), "is missing, write the PEM file of the key's certificate"),
        (None, None, None) => problems.missing(
            &file.place,
            "has no certificate, write { certificate = \"api.pem\", private-key = \"api.key\" } or { self-signed = [\"localhost\"] }",
        ),
        (_, _, Some(_)) => {
            problems.wrong(&file.place, "has both files and self-signed names, remove one of the two");
        }
    }
    None
}
