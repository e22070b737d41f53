//! The fields of a line, as `name=value`, without anything for terminals.
//!
//! The usual way to write them asks for each field, its name and its sign whether they are coloured;
//! that was half of what an access line cost.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Writes fields as the usual way does without colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainFields;

struct Visitor<'w> {
    writer: Writer<'w>,
    /// What stands before the next field.
    separator: &'static str,
    result: fmt::Result,
}

/// Text of others' making: it must neither end the line nor speak to a terminal.
struct Tamed<'a, 'w>(&'a mut Writer<'w>);

impl<'w> FormatFields<'w> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, separator: "", result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

impl Visitor<'_> {
    fn field(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.named(field).and_then(|()| write(&mut self.writer));
        }
    }

    /// Messages stand without a name.
    fn named(&mut self, field: &Field) -> fmt::Result {
        self.writer.write_str(std::mem::replace(&mut self.separator, " "))?;
        match field.name() {
            "message" => Ok(()),
            name => {
                self.writer.write_str(name)?;
                self.writer.write_char('=')
            }
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.field(field, |writer| Tamed(writer).write_str(value)),
            _ => self.field(field, |writer| write!(writer, "{value:?}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, |writer| write!(Tamed(writer), "{value:?}"));
    }
}

impl Write for Tamed<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|c| {
            if is_wild(c) { write!(self.0, "{}", c.escape_default()) } else { self.0.write_char(c) }
        })
    }
}

/// Controls, what else ends a line for some readers, and what turns the direction of text.
fn is_wild(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
