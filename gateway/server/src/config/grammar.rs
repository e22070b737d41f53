//! The grammars of the texts in the file, each with an error that says what would be right.

mod addresses;
mod owners;
mod paths;

pub use addresses::{IpPrefix, PublicUrl, Scheme, ServerAddress};
pub(super) use addresses::{host_in_url, host_name, socket_address};
pub(super) use owners::{OWNER_PATTERN, owner};
pub use paths::PathPrefix;
pub(super) use paths::{STATUS_PATH_PATTERN, directory_path, file_path, status_path};

use http::Method;

/// Longest name of a route or upstream: names are metric labels and stand in log lines.
const MAXIMUM_NAME: usize = 64;

/// Longest User-Agent prefix; a longer one distinguishes nothing.
const MAXIMUM_USER_AGENT: usize = 200;

/// The form of [`name`] for the schema.
pub(super) const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// The form of [`service_name`] for the schema.
pub(super) const SERVICE_NAME_PATTERN: &str = "^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~-]{0,63}$";

/// The form of [`method`] for the schema.
pub(super) const METHOD_PATTERN: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";

/// A name of a route or an upstream.
pub(super) fn name(text: &str) -> Result<String, String> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if starts_well && is_plain && text.len() <= MAXIMUM_NAME {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not a name, write 1 to {MAXIMUM_NAME} letters, digits, \".\", \"_\" or \"-\", a letter or digit first"
    ))
}

/// A name that is both a pseudonym in `Via` (a token, RFC 9110 section 7.6.3) and a member of
/// `Proxy-Status` (a token of RFC 9651, which begins with a letter or `*`).
pub(super) fn service_name(text: &str) -> Result<String, String> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '*');
    if starts_well && text.bytes().all(is_token_byte) && text.len() <= MAXIMUM_NAME {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not a token, write up to {MAXIMUM_NAME} letters, digits and \"-\", a letter first, such as \"progress-gateway\""
    ))
}

/// A request method; methods are case-sensitive (RFC 9110 section 9.1).
pub(super) fn method(text: &str) -> Result<Method, String> {
    const STANDARD: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let upper = text.to_ascii_uppercase();
    if upper != text && STANDARD.contains(&upper.as_str()) {
        return Err(format!("{text:?} is not a method because case matters, write {upper:?}"));
    }
    let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| text.bytes().all(is_token_byte));
    method.ok_or_else(|| format!("{text:?} is not a method, write a token such as \"POST\""))
}

/// The first characters of a `User-Agent` field.
pub(super) fn user_agent(text: &str) -> Result<String, String> {
    let is_visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_visible && !text.is_empty() && !text.starts_with(' ') && text.len() <= MAXIMUM_USER_AGENT {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not the beginning of a User-Agent, write 1 to {MAXIMUM_USER_AGENT} ASCII characters such as \"python-requests/\""
    ))
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_metric_labels() {
        for right in ["a", "reports", "v1.reports_eu-west", "0"] {
            assert_eq!(name(right).as_deref(), Ok(right));
        }
        let long = "a".repeat(65);
        for wrong in ["", "-a", ".", "a b", "ä", "a\n", "a/b", &long] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_service_name_is_a_token_in_both_grammars() {
        for right in ["progress-gateway", "*gw", "edge_1.example"] {
            assert!(service_name(right).is_ok(), "{right:?}");
        }
        for wrong in ["", "1gw", "-gw", "a b", "a,b", "a/b", "ä"] {
            assert!(service_name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn methods_keep_their_case() {
        assert_eq!(method("POST"), Ok(Method::POST));
        assert!(method("MKCOL").is_ok());
        assert!(method("mkcol").is_ok());
        assert!(method("post").is_err_and(|message| message.ends_with("write \"POST\"")));
        assert!(method("").is_err());
        assert!(method("GE T").is_err());
    }
}
