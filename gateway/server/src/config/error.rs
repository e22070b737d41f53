//! What is wrong with a configuration, all of it at once, with the place in the file.

use std::fmt;

/// Everything that is wrong with one configuration; never empty. The operator is to blame.
///
/// Prints one line per error, in the order of the file:
/// `FILE:LINE:COL: KEY: what is wrong, what would be right`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    origin: String,
    errors: Vec<ConfigError>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where in the file; `None` for errors of the command line and for a file that cannot be read.
    pub position: Option<Position>,
    /// The full key path, such as `routes[0].progress.deadline`; `(file)` if no key is at fault.
    pub key: String,
    /// What is wrong and what would be right; always one line.
    pub message: String,
}

/// A place in a text file. Ordered as the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl ConfigErrors {
    pub(super) fn new(origin: String, errors: Vec<ConfigError>) -> Self {
        debug_assert!(!errors.is_empty(), "errors without an error");
        Self { origin, errors }
    }

    /// One error that concerns the origin as a whole.
    pub(super) fn whole(origin: String, message: String) -> Self {
        Self::new(origin, vec![ConfigError { position: None, key: "(file)".to_owned(), message }])
    }

    /// How many errors there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "never empty, by construction")]
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// The errors in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.errors.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:", self.origin)?;
            if let Some(Position { line, column }) = error.position {
                write!(f, "{line}:{column}:")?;
            }
            write!(f, " {}: {}", error.key, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Finds positions by byte offset.
pub(super) struct LineIndex<'a> {
    pub(super) text: &'a str,
    /// Byte offset of the first character of each line.
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The line of a byte offset, counted from 1; an offset beyond the text is on its last line.
    pub(super) fn line(&self, offset: usize) -> usize {
        // The first line starts at 0, so at least one line starts at or before any offset.
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The position of a byte offset; an offset beyond the text is its end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.starts[line - 1];
        let column = self.text[start..].char_indices().take_while(|(at, _)| start + at < offset).count() + 1;
        Position { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_breaks() {
        let text = "a = 1\r\nä = \"é\"\n\nlast";
        let lines = LineIndex::new(text);
        let at = |offset| (lines.position(offset).line, lines.position(offset).column);
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 5));
        assert_eq!(at(text.find('ä').expect("is there")), (2, 1));
        assert_eq!(at(text.find('"').expect("is there")), (2, 5));
        assert_eq!(at(text.find("last").expect("is there")), (4, 1));
        assert_eq!(at(text.len()), (4, 5));
        assert_eq!(at(usize::MAX), (4, 5));
    }

    #[test]
    fn an_error_without_a_position_prints_without_one() {
        let errors = ConfigErrors::whole("gateway.toml".to_owned(), "cannot be read".to_owned());
        assert_eq!(errors.to_string(), "gateway.toml: (file): cannot be read");
        assert_eq!(errors.len(), 1);
    }
}
