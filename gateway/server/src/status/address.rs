//! What a path below the status path names.

use progress_core::operation::OperationId;

/// A resource of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) id: OperationId,
    pub(super) part: Part,
}

/// Which resource of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its status document.
    Document,
    /// The response that it ended in (DOC-05).
    Result,
}

impl Address {
    /// Reads what follows the status path. Nothing but the two exact forms names anything: suffixes
    /// and dot segments are unknown paths (S-09).
    pub(super) fn parse(below: &str) -> Option<Self> {
        let (id, part) = match below.strip_suffix("/result") {
            Some(id) => (id, Part::Result),
            None => (below, Part::Document),
        };
        Some(Self { id: OperationId::parse(id)?, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_09_two_forms_and_no_others() {
        let id = "00112233445566778899aabbccddeeff";
        assert_eq!(Address::parse(id).unwrap().part, Part::Document);
        assert_eq!(Address::parse(&format!("{id}/result")).unwrap().part, Part::Result);
        for other in
            ["", "x", "/result", "result", &format!("{id}/"), &format!("{id}.css"), &format!("{id}/result/")]
        {
            assert_eq!(Address::parse(other), None, "{other}");
        }
    }
}
