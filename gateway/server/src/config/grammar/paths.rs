//! Paths of URLs and of files.

use std::path::PathBuf;

/// A prefix of request paths, by segments: `/reports` and `/reports/` are the same one, and cover
/// `/reports` and `/reports/7`, but not `/reports-old`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The form for the schema.
    pub(in crate::config) const PATTERN: &'static str = "^/[^?#]*$";

    /// Reads a path that begins with a slash.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("{text:?} does not begin with \"/\", write {:?}", format!("/{text}")));
        }
        let prefix = text.strip_suffix('/').unwrap_or(text);
        if prefix.is_empty() || is_path(prefix) {
            return Ok(Self(prefix.to_owned()));
        }
        Err(format!(
            "{text:?} is not a path, write plain segments such as \"/reports/\", no query, no \"//\" and no \"..\""
        ))
    }

    /// The prefix without a slash at its end; empty for the prefix that covers every path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path`, the path of a request without its query, lies under the prefix. Bytes are
    /// compared as they are: whoever wants `%72` and `r` to be equal normalises before.
    pub fn covers(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.0.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The path under which status documents live: slash at both ends, plain segments between.
pub(in crate::config) fn status_path(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
    let inside = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let Some(inside) = inside else {
        let meant = format!("/{}/", text.trim_matches('/'));
        let meant = if meant == "//" { "/.operations/".to_owned() } else { meant };
        return Err(format!("{text:?} does not begin and end with \"/\", write {meant:?}"));
    };
    if is_path(&format!("/{inside}")) && inside.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not a status path, write segments of letters, digits, \".\", \"_\", \"~\" and \"-\", such as \"/.operations/\""
    ))
}

/// The form of [`status_path`] for the schema.
pub(in crate::config) const STATUS_PATH_PATTERN: &str = "^/([A-Za-z0-9._~-]+/)+$";

/// The path of a directory, as written.
pub(in crate::config) fn directory_path(text: &str) -> Result<PathBuf, String> {
    path(text).ok_or_else(|| format!("{text:?} is not a directory, write a path such as \"data\""))
}

/// The path of a file, as written.
pub(in crate::config) fn file_path(text: &str) -> Result<PathBuf, String> {
    path(text).ok_or_else(|| format!("{text:?} is not a file name, write the name of a PEM file"))
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains(char::is_control)).then(|| PathBuf::from(text))
}

/// Whether `text` is `/SEGMENT/SEGMENT…` (RFC 3986 section 3.3) with neither empty nor dot segments.
pub(super) fn is_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

fn is_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let is_right = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].into_iter().all(|b| b.is_some_and(|b| b.is_ascii_hexdigit()))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !is_right {
            return false;
        }
    }
    !matches!(segment, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_whole_segments() {
        for written in ["/reports", "/reports/"] {
            let prefix = PathPrefix::parse(written).expect(written);
            assert_eq!(prefix.as_str(), "/reports");
            for (path, covered) in [
                ("/reports", true),
                ("/reports/", true),
                ("/reports/7", true),
                ("/reports-old", false),
                ("/report", false),
                ("/", false),
                ("/REPORTS", false),
                ("", false),
            ] {
                assert_eq!(prefix.covers(path), covered, "{written} {path:?}");
            }
        }
        let all = PathPrefix::parse("/").expect("the root");
        assert_eq!(all, PathPrefix::default());
        assert!(all.covers("/") && all.covers("/anything/at/all") && all.covers(""));
        assert!(!all.covers("*"));
    }

    #[test]
    fn what_is_no_path_prefix() {
        for text in
            ["", "reports", "/a//b", "//", "/a/../b", "/.", "/a?b", "/a#b", "/a b", "/%zz", "/%4", "/ä"]
        {
            assert!(PathPrefix::parse(text).is_err(), "{text:?}");
        }
        assert!(PathPrefix::parse("/a%20b/(c)").is_ok());
        assert_eq!(
            PathPrefix::parse("reports/").expect_err("no slash"),
            r#""reports/" does not begin with "/", write "/reports/""#
        );
    }

    #[test]
    fn status_paths_have_a_slash_at_both_ends_and_something_between() {
        for text in ["/.operations/", "/a/b/"] {
            assert_eq!(status_path(text).as_deref(), Ok(text));
        }
        for text in ["", "/", "//", "/a", "a/", "/a//b/", "/../", "/a b/", "/a%20/", "/a?/"] {
            assert!(status_path(text).is_err(), "{text:?}");
        }
    }
}
