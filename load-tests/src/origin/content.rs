//! The content of the origin's responses: octets that depend on the path and the position alone, so
//! that whoever gets them can check them.

use http::HeaderMap;

/// The field of a final response that says how many octets of this content it has. Only such a
/// response is from the scripted origin: content of another one cannot be checked.
pub const LENGTH_FIELD: &str = "load-octets";

/// Octets of one block: the hash of its number.
const BLOCK: u64 = size_of::<u64>() as u64;
/// What the number of a block is spread with: 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The content of one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    key: u64,
}

/// Checks content as it comes, in pieces of any length.
#[derive(Clone, Debug)]
pub struct Checker {
    content: Content,
    announced: u64,
    position: u64,
    same: bool,
}

/// Writes the content of `path` from `position` on into `into`.
pub fn fill(path: &str, position: u64, into: &mut [u8]) {
    Content::of(path).fill(position, into);
}

impl Content {
    /// That of a request target. The query does not matter.
    pub fn of(path: &str) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        // FNV-1a, 64 bits.
        let key = path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3)
        });
        Self { key }
    }

    /// Writes the octets from `position` on into `into`.
    pub fn fill(self, position: u64, into: &mut [u8]) {
        self.blocks(position, into.len(), |place, octets| into[place].copy_from_slice(octets));
    }

    /// Whether `octets` are those from `position` on.
    pub fn matches(self, position: u64, octets: &[u8]) -> bool {
        let mut same = true;
        self.blocks(position, octets.len(), |place, expected| same &= octets[place] == *expected);
        same
    }

    /// Calls `each` with a place of at most a block in `0..length`, and the octets that belong there.
    fn blocks(self, position: u64, length: usize, mut each: impl FnMut(std::ops::Range<usize>, &[u8])) {
        let (mut number, within) = (position / BLOCK, position % BLOCK);
        let mut skipped = usize::try_from(within).expect("less than a block");
        let mut at = 0;
        while at < length {
            let block = self.block(number);
            let end = length.min(at + block.len() - skipped);
            each(at..end, &block[skipped..skipped + end - at]);
            (at, skipped, number) = (end, 0, number + 1);
        }
    }

    /// The finalizer of `SplitMix64`.
    fn block(self, number: u64) -> [u8; size_of::<u64>()] {
        let mut mixed = self.key.wrapping_add(number.wrapping_mul(SPREAD));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    }
}

impl Checker {
    /// For the final response to a request for `path` (the path that the operation was started
    /// with, also for what its status URI's `/result` returns), by its fields. `None`: it is not
    /// the scripted origin's own, so nothing is known about its content.
    pub fn of(path: &str, fields: &HeaderMap) -> Option<Self> {
        let announced = fields.get(LENGTH_FIELD)?.to_str().ok()?.parse().ok()?;
        Some(Self { content: Content::of(path), announced, position: 0, same: true })
    }

    /// Takes the next piece.
    pub fn take(&mut self, octets: &[u8]) {
        self.same &= self.content.matches(self.position, octets);
        self.position += octets.len() as u64;
    }

    /// Whether all that was announced came, unchanged. To be asked at the end of a response that
    /// is whole.
    pub fn is_right(&self) -> bool {
        self.same && self.position == self.announced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcing(length: &'static str) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(LENGTH_FIELD, http::HeaderValue::from_static(length));
        fields
    }

    #[test]
    fn pieces_of_any_length_make_the_same_content() {
        let mut whole = [0; 1000];
        fill("/jobs/a?b", 0, &mut whole);
        for size in [1, 3, 7, 8, 9, 64, 999] {
            let mut position = 0;
            for piece in whole.chunks(size) {
                assert!(Content::of("/jobs/a").matches(position, piece), "{size} at {position}");
                position += piece.len() as u64;
            }
        }
        let mut other = [0; 1000];
        fill("/jobs/b", 0, &mut other);
        assert_ne!(whole, other);
    }

    #[test]
    fn one_changed_missing_or_further_octet_is_noticed() {
        let mut octets = [0; 100];
        fill("/", 0, &mut octets);
        let verdict = |octets: &[u8]| {
            let mut checker = Checker::of("/", &announcing("100")).expect("announced");
            octets.chunks(33).for_each(|piece| checker.take(piece));
            checker.is_right()
        };
        assert!(verdict(&octets));
        assert!(!verdict(&octets[..99]));
        assert!(!verdict(&[&octets[..], b"x"].concat()));
        for at in 0..octets.len() {
            let mut changed = octets;
            changed[at] ^= 1;
            assert!(!verdict(&changed), "octet {at}");
        }
    }

    #[test]
    fn what_is_not_from_the_origin_is_not_checked() {
        assert!(Checker::of("/", &HeaderMap::new()).is_none());
        assert!(Checker::of("/", &announcing("many")).is_none());
    }
}
