use proptest::prelude::*;

use super::*;

/// A frame of every type that tells nothing, whole.
const SILENT: &[&[u8]] = &[
    b"\x00",
    b"\x01",
    b"\x04\x04\x41\x0c\x05",
    b"\x05\x04\x41\x0c",
    b"\x06\x40\x40\x02xx",
    b"\x07\x03xxx",
    b"\x10\x80\x01\x00\x00",
    b"\x11\x04\x40\x40",
    b"\x12\x40\x40",
    b"\x13\x08",
    b"\x14\x08",
    b"\x15\x08\x09",
    b"\x16\x08",
    b"\x17\x08",
    b"\x18\x02\x01\x04cccctttttttttttttttt",
    b"\x19\x01",
    b"\x1a\x08\x08\x08\x08\x08\x08\x08\x08",
    b"\x1b\x02\x02\x02\x02\x02\x02\x02\x02",
    b"\x1c\x0a\x08\x02no",
    b"\x1d\x41\x00\x02no",
    b"\x1e",
    b"\x1f",
    b"\x31\x02\x0a\x00",
    b"\x40\xaf\x01\x02\x40\x19\x03",
];

/// A STREAM frame with offset, length and end.
const STREAM: &[u8] = b"\x0f\x08\x40\x64\x03abc";

fn told(payload: &[u8]) -> Result<Vec<Told>, Unreadable> {
    let mut frames = Frames::of(payload);
    let mut all = Vec::new();
    while let Some(told) = frames.next()? {
        all.push(told);
    }
    Ok(all)
}

#[test]
fn every_other_frame_is_passed_over() {
    for silent in SILENT {
        let payload = [STREAM, silent, STREAM].concat();
        let both = vec![Told::Stream(8, 100..103), Told::Stream(8, 100..103)];
        assert_eq!(told(&payload), Ok(both), "{silent:x?}");
    }
}

#[test]
fn a_frame_that_is_cut_short_makes_the_packet_unreadable() {
    for frame in SILENT.iter().chain([&STREAM, &b"\x02\x0a\x00\x01\x02\x00\x01".as_slice()]) {
        for length in 1..frame.len() {
            let payload = [STREAM, &frame[..length]].concat();
            assert_eq!(told(&payload), Err(Unreadable), "{:x?}", &frame[..length]);
        }
    }
}

#[test]
fn a_frame_that_is_not_known_makes_the_packet_unreadable() {
    for kind in [b"\x20".as_slice(), b"\x24", b"\x2f", b"\x32", b"\x40\xae", b"\x80\x00\x00\xb0"] {
        assert_eq!(told(&[STREAM, kind, b"\x00\x00\x00\x00"].concat()), Err(Unreadable), "{kind:x?}");
    }
}

#[test]
fn a_stream_frame_may_leave_out_its_offset_and_its_length() {
    assert_eq!(told(b"\x08\x04abc"), Ok(vec![Told::Stream(4, 0..3)]));
    assert_eq!(told(b"\x09\x04"), Ok(vec![Told::Stream(4, 0..0)]));
    assert_eq!(told(b"\x0a\x04\x01abc\x01"), Err(Unreadable), "what follows is no frame");
    assert_eq!(told(b"\x0a\x04\x01a\x0c\x08\x05bc"), Ok(vec![Told::Stream(4, 0..1), Told::Stream(8, 5..7)]));
}

#[test]
fn nothing_follows_a_datagram_without_a_length() {
    assert_eq!(told(&[STREAM, b"\x30\x20\x02\x00\x00"].concat()), Ok(vec![Told::Stream(8, 100..103)]));
}

#[test]
fn the_ranges_of_an_acknowledgement() {
    // 100 to 90, then a gap of 3 and 5 more, then a gap of 1 and one more; ECN counts; PING.
    let told = told(b"\x03\x40\x64\x00\x02\x0a\x02\x04\x00\x00\x01\x02\x03\x01");
    assert_eq!(told, Ok(vec![Told::Arrived(90..=100), Told::Arrived(82..=86), Told::Arrived(80..=80)]));
}

#[test]
fn packets_below_zero_make_an_acknowledgement_unreadable() {
    for frame in
        [b"\x02\x05\x00\x00\x06".as_slice(), b"\x02\x05\x00\x01\x05\x00\x00", b"\x02\x05\x00\x01\x00\x00\x04"]
    {
        assert_eq!(told(frame), Err(Unreadable), "{frame:x?}");
    }
    assert_eq!(told(b"\x02\x05\x00\x01\x00\x00\x03"), Ok(vec![Told::Arrived(5..=5), Told::Arrived(0..=3)]));
}

#[test]
fn padding_of_any_length_is_passed_over() {
    for padding in [1, 31, 32, 33, 64, 1_400] {
        let payload = [&vec![0; padding], STREAM, &vec![0; padding]].concat();
        assert_eq!(told(&payload), Ok(vec![Told::Stream(8, 100..103)]), "{padding}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut frames = Frames::of(&payload);
        let mut count = 0;
        while let Ok(Some(told)) = frames.next() {
            count += 1;
            if let Told::Arrived(packets) = told {
                prop_assert!(packets.start() <= packets.end());
            }
        }
        prop_assert!(count <= payload.len());
        prop_assert!(matches!(frames.next(), Ok(None)));
    }
}
