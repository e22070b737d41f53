//! What an operation may be bound to.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE};

use super::is_token_byte;
use crate::config::settings::OwnerKind;

/// The form of [`owner`] for the schema.
pub(in crate::config) const OWNER_PATTERN: &str = "^client-certificate$|^authorization$|^(cookie|header):.+$";

/// A kind of credential.
pub(in crate::config) fn owner(text: &str) -> Result<OwnerKind, String> {
    match text.split_once(':') {
        None if text == "client-certificate" => Ok(OwnerKind::ClientCertificate),
        None if text == "authorization" => Ok(OwnerKind::Authorization),
        Some(("cookie", name)) if !name.is_empty() && name.bytes().all(is_token_byte) => {
            Ok(OwnerKind::Cookie(name.to_owned()))
        }
        Some(("cookie", name)) => {
            Err(format!("{name:?} is not the name of a cookie, write a token such as \"cookie:session\""))
        }
        Some(("header", name)) => header(name),
        _ => Err(format!(
            "{text:?} is no credential, write \"client-certificate\", \"authorization\", \"cookie:NAME\" or \"header:NAME\""
        )),
    }
}

fn header(name: &str) -> Result<OwnerKind, String> {
    match HeaderName::try_from(name) {
        Ok(AUTHORIZATION) => Err("\"header:authorization\" is written \"authorization\"".to_owned()),
        Ok(COOKIE) => {
            Err("all cookies together prove nothing, write \"cookie:NAME\" with one of them".to_owned())
        }
        Ok(name) => Ok(OwnerKind::Header(name)),
        Err(_) => {
            Err(format!("{name:?} is not the name of a field, write a token such as \"header:x-api-key\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_kinds_are_known() {
        assert_eq!(owner("client-certificate"), Ok(OwnerKind::ClientCertificate));
        assert_eq!(owner("authorization"), Ok(OwnerKind::Authorization));
        assert_eq!(owner("cookie:Sid"), Ok(OwnerKind::Cookie("Sid".to_owned())), "cookies have a case");
        let key = HeaderName::from_static("x-api-key");
        assert_eq!(owner("header:X-Api-Key"), Ok(OwnerKind::Header(key)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (wrong, says) in [
            ("", "is no credential"),
            ("Authorization", "is no credential"),
            ("address", "is no credential"),
            ("cookie", "is no credential"),
            ("cookie:", "is not the name of a cookie"),
            ("cookie:a b", "is not the name of a cookie"),
            ("header:", "is not the name of a field"),
            ("header:ä", "is not the name of a field"),
            ("header:Authorization", "is written \"authorization\""),
            ("header:cookie", "write \"cookie:NAME\""),
        ] {
            let message = owner(wrong).unwrap_err();
            assert!(message.contains(says), "{wrong:?}: {message}");
        }
    }
}
