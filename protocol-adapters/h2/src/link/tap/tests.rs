use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DATA: u8 = 0x0;
const SETTINGS: u8 = 0x4;

fn frame(kind: u8, flags: u8, stream: u32, payload: usize) -> Vec<u8> {
    let size = u32::try_from(payload).expect("a small payload").to_be_bytes();
    let mut frame = vec![size[1], size[2], size[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    // A payload that looks like frames of its own.
    frame.extend([0, 0, 0, HEADERS, END_HEADERS, 0, 0, 0, 7].iter().cycle().take(payload));
    frame
}

fn passed(octets: &[u8], cuts: impl IntoIterator<Item = usize>) -> Vec<Passed> {
    let (mut tap, mut seen, mut rest) = (FrameTap::default(), Vec::new(), octets);
    for cut in cuts {
        let (now, later) = rest.split_at(cut.min(rest.len()));
        tap.take(now, |passed| seen.push(passed));
        rest = later;
    }
    tap.take(rest, |passed| seen.push(passed));
    seen
}

#[test]
fn a_block_has_passed_with_the_last_octet_of_its_last_frame() {
    let octets = [
        frame(SETTINGS, 0, 0, 18),
        frame(HEADERS, 0, 5, 40),
        frame(CONTINUATION, 0, 5, 40),
        frame(CONTINUATION, END_HEADERS, 5, 40),
    ]
    .concat();
    assert_eq!(passed(&octets[..octets.len() - 1], []), []);
    assert_eq!(passed(&octets, []), [Passed::Block { stream: 5 }]);
    // An empty one ends with its frame header.
    assert_eq!(passed(&frame(HEADERS, END_HEADERS, 9, 0), [8]), [Passed::Block { stream: 9 }]);
}

#[test]
fn an_answer_to_a_ping_is_no_ping() {
    let octets = [frame(PING, ACK, 0, 8), frame(PING, 0, 0, 8)].concat();
    assert_eq!(passed(&octets, []), [Passed::Ping]);
}

/// A frame that `h2` may write, and what passes with it.
fn written() -> impl Strategy<Value = (Vec<u8>, Option<Passed>)> {
    let stream = (0_u32..100).prop_map(|index| index * 2 + 1);
    let kind = prop_oneof![Just(DATA), Just(HEADERS), Just(SETTINGS), Just(PING), Just(CONTINUATION)];
    let flags = prop_oneof![Just(0), Just(ACK), Just(END_HEADERS), Just(ACK | END_HEADERS)];
    let size = prop_oneof![3 => 0_usize..60, 1 => 16_300_usize..16_400];
    (kind, flags, stream, size).prop_map(|(kind, flags, stream, size)| {
        let passed = match kind {
            HEADERS | CONTINUATION => (flags & END_HEADERS != 0).then_some(Passed::Block { stream }),
            PING => (flags & ACK == 0).then_some(Passed::Ping),
            _ => None,
        };
        (frame(kind, flags, stream, size), passed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever writes end, down to single octets.
    #[test]
    fn the_same_passes_whatever_the_split(
        frames in vec(written(), 0..40),
        cuts in vec(prop_oneof![2 => 0_usize..12, 1 => 0_usize..5_000], 0..400),
    ) {
        let octets: Vec<u8> = frames.iter().flat_map(|(octets, _)| octets.clone()).collect();
        let expected: Vec<Passed> = frames.iter().filter_map(|(_, passed)| *passed).collect();
        prop_assert_eq!(passed(&octets, cuts), expected.clone());
        prop_assert_eq!(passed(&octets, std::iter::repeat_n(1, octets.len())), expected);
    }
}
