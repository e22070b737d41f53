//! HTML that is well-formed by construction: tags close themselves, and only words written in this
//! program go into the page as they are.

/// A piece of HTML.
#[derive(Debug)]
pub(super) struct Markup(String);

/// Name and value.
pub(super) type Attributes<'a> = [(&'static str, &'a str)];

impl Markup {
    /// The beginning of a page.
    pub(super) fn document() -> Self {
        Self("<!DOCTYPE html>\n".to_owned())
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0 + "\n"
    }

    /// An element with whatever `fill` puts into it.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &Attributes<'_>,
        fill: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        fill(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        if !is_inline(tag) {
            self.0.push('\n');
        }
    }

    /// An element with nothing but text in it.
    pub(super) fn words(&mut self, tag: &'static str, attributes: &Attributes<'_>, text: &str) {
        self.element(tag, attributes, |inside| inside.text(text));
    }

    /// An element for each of the texts.
    pub(super) fn all(&mut self, tag: &'static str, attributes: &Attributes<'_>, texts: &[impl AsRef<str>]) {
        for text in texts {
            self.words(tag, attributes, text.as_ref());
        }
    }

    /// An element that has no contents and no end tag.
    pub(super) fn empty(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.open(tag, attributes);
        self.0.push('\n');
    }

    /// Text, whatever it has in it.
    pub(super) fn text(&mut self, text: &str) {
        text.chars().for_each(|character| match character {
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '&' => self.0.push_str("&amp;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            other => self.0.push(visible(other)),
        });
    }

    /// Markup that is part of this program.
    pub(super) fn literal(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// An SVG image that plotters drew, which escapes the text in it, with a name for those who do not
    /// see it.
    pub(super) fn drawing(&mut self, drawn: &str, label: &str) {
        let rest = drawn.strip_prefix("<svg ").expect("plotters begins with the root element");
        self.0.push_str("<svg role=\"img\" aria-label=\"");
        self.text(label);
        self.0.push_str("\" ");
        self.0.push_str(rest);
    }

    fn open(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// Control characters and those that turn the direction of text stand for nothing that a report has to show.
pub(super) fn visible(character: char) -> char {
    match character {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        '\n' | '\t' => ' ',
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

/// Elements that stand in a line, where a line break would be seen as a space.
fn is_inline(tag: &str) -> bool {
    ["a", "b", "code", "i", "span"].contains(&tag)
}
