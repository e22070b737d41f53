//! Field sections as they come from the wire (RFC 9204 section 4.5), line by line and in order.
//!
//! This side announces a dynamic table of no capacity, so a section can refer to the static table
//! only. The decoder of the `h3` crate returns a map, which hides the order and the repetition of
//! pseudo-header fields; both decide whether a request is malformed.

mod huffman;
mod table;

/// The section cannot be decoded: a connection error of type `QPACK_DECOMPRESSION_FAILED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undecodable;

/// The lines of one field section.
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    /// Where Huffman-coded text is decoded to. A section is at most 64 KiB, and its text at most
    /// 1.6 times as long.
    name: Vec<u8>,
    value: Vec<u8>,
}

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'l> {
    /// The name, checked for nothing.
    pub(crate) name: &'l [u8],
    /// The value, checked for nothing.
    pub(crate) value: &'l [u8],
}

/// Text that was decoded into its buffer, or that lies in the section or the table as it is.
enum Text<'a> {
    Buffered,
    Plain(&'a [u8]),
}

impl<'a> Lines<'a> {
    /// Starts to read `section`.
    ///
    /// # Errors
    ///
    /// A prefix that is cut short, or that needs entries of the dynamic table.
    pub(crate) fn new(mut section: &'a [u8]) -> Result<Self, Undecodable> {
        let required = integer(&mut section, 8)?;
        let sign = section.first().ok_or(Undecodable)? & 0x80;
        let _delta = integer(&mut section, 7)?;
        if required != 0 || sign != 0 {
            return Err(Undecodable);
        }
        Ok(Self { rest: section, name: Vec::new(), value: Vec::new() })
    }

    /// The next line, or none at the end of the section.
    ///
    /// # Errors
    ///
    /// References to the dynamic table or beyond the static one, and anything cut short.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, Undecodable> {
        let Some(&first) = self.rest.first() else { return Ok(None) };
        let (name, value) = if first & 0x80 != 0 {
            // Indexed: 1 T index(6+).
            let (name, value) = entry(&mut self.rest, first & 0x40, 6)?;
            (Text::Plain(name), Text::Plain(value))
        } else if first & 0x40 != 0 {
            // Literal with a name reference: 0 1 N T index(4+), value.
            let (name, _) = entry(&mut self.rest, first & 0x10, 4)?;
            (Text::Plain(name), string(&mut self.rest, 7, &mut self.value)?)
        } else if first & 0x20 != 0 {
            // Literal with a literal name: 0 0 1 N H length(3+), value.
            (string(&mut self.rest, 3, &mut self.name)?, string(&mut self.rest, 7, &mut self.value)?)
        } else {
            // What is left refers to the dynamic table beyond the base.
            return Err(Undecodable);
        };
        Ok(Some(Line { name: name.or(&self.name), value: value.or(&self.value) }))
    }
}

impl<'a> Text<'a> {
    fn or<'l>(self, buffer: &'l [u8]) -> &'l [u8]
    where
        'a: 'l,
    {
        match self {
            Self::Buffered => buffer,
            Self::Plain(text) => text,
        }
    }
}

/// An entry of the static table; `marked` is the bit that says so.
fn entry(input: &mut &[u8], marked: u8, prefix: u32) -> Result<(&'static [u8], &'static [u8]), Undecodable> {
    let index = integer(input, prefix)?;
    if marked == 0 {
        return Err(Undecodable);
    }
    let (name, value) = table::TABLE.get(index).ok_or(Undecodable)?;
    Ok((name.as_bytes(), value.as_bytes()))
}

/// A string whose length has a prefix of `prefix` bits, and its Huffman flag the bit before them.
fn string<'a>(input: &mut &'a [u8], prefix: u32, buffer: &mut Vec<u8>) -> Result<Text<'a>, Undecodable> {
    let coded = input.first().ok_or(Undecodable)? & (1 << prefix) != 0;
    let length = integer(input, prefix)?;
    let (text, rest) = input.split_at_checked(length).ok_or(Undecodable)?;
    *input = rest;
    if !coded {
        return Ok(Text::Plain(text));
    }
    buffer.clear();
    huffman::decode(text, buffer)?;
    Ok(Text::Buffered)
}

/// An integer with a prefix of `prefix` bits (RFC 7541 section 5.1), of at most 32 bits: nothing
/// in a section of 64 KiB needs more.
fn integer(input: &mut &[u8], prefix: u32) -> Result<usize, Undecodable> {
    let mask = u8::MAX >> (8 - prefix);
    let mut value = u64::from(octet(input)? & mask);
    if value == u64::from(mask) {
        for shift in (0..).step_by(7) {
            let next = octet(input)?;
            value += u64::from(next & 0x7f) << shift;
            if value > u64::from(u32::MAX) || shift > 28 {
                return Err(Undecodable);
            }
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    usize::try_from(value).map_err(|_| Undecodable)
}

fn octet(input: &mut &[u8]) -> Result<u8, Undecodable> {
    let (&first, rest) = input.split_first().ok_or(Undecodable)?;
    *input = rest;
    Ok(first)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::written;
