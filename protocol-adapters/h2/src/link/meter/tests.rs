use super::*;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).expect("a small payload").to_be_bytes();
    let mut frame = vec![size[1], size[2], size[3], kind, flags, 0, 0, 0, 1];
    frame.extend_from_slice(payload);
    frame
}

fn started() -> FrameMeter {
    let mut meter = FrameMeter::default();
    meter.read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    meter
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[test]
fn h2_06_more_than_a_thousand_control_frames_in_ten_seconds() {
    for kind in [DATA, 0x2, 0x3, SETTINGS, PING, WINDOW_UPDATE, 0x42] {
        let (mut meter, now) = (started(), now());
        let payload: &[u8] = if kind == DATA { b"" } else { b"12345678" };
        meter.read(&frame(kind, 0, payload).repeat(1_000));
        assert_eq!(meter.judge(now), Ok(()), "{kind}");
        meter.read(&frame(kind, 0, payload));
        assert_eq!(meter.judge(now), Err(Excess::ControlFrames), "{kind}");
    }
}

#[test]
fn h2_06_a_hundred_a_second_pass_for_ever() {
    let (mut meter, mut now) = (started(), now());
    for _ in 0..10_000 {
        meter.read(&frame(PING, 0, b"12345678"));
        assert_eq!(meter.judge(now), Ok(()));
        now += Duration::from_millis(10);
    }
}

#[test]
fn h2_06_requests_and_content_are_progress() {
    let (mut meter, now) = (started(), now());
    for _ in 0..20 {
        meter.read(&frame(WINDOW_UPDATE, 0, b"1234").repeat(900));
        meter.read(&frame(HEADERS, END_HEADERS, b"head"));
        meter.read(&frame(WINDOW_UPDATE, 0, b"1234").repeat(900));
        meter.read(&frame(DATA, 0, &[0; PROGRESS]));
        meter.read(&frame(WINDOW_UPDATE, 0, b"1234").repeat(900));
        meter.content(PROGRESS);
        assert_eq!(meter.judge(now), Ok(()));
    }
}

#[test]
fn h2_11_windows_of_one_octet_are_no_progress() {
    let (mut meter, now) = (started(), now());
    let turned_away = (0..10_000).find(|_| {
        meter.read(&frame(WINDOW_UPDATE, 0, b"1234"));
        meter.content(1);
        meter.judge(now).is_err()
    });
    assert_eq!(turned_away, Some(1_000));
}

#[test]
fn frames_are_found_wherever_reads_end() {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, &[0, 3, 0, 0, 0, 100, 0, 6, 0, 0, 64, 0, 0, 4, 0, 1, 0, 0]));
    bytes.extend(frame(SETTINGS, ACK, &[]));
    bytes.extend(frame(HEADERS, 0, &[7; 300]));
    bytes.extend(frame(CONTINUATION, END_HEADERS, &vec![7; 70_000]));
    bytes.extend(frame(PING, 0, b"12345678").repeat(1_001));
    for step in [1, 2, 7, 9, 10, 64, 1_000, bytes.len()] {
        let mut meter = FrameMeter::default();
        bytes.chunks(step).for_each(|chunk| meter.read(chunk));
        assert_eq!(meter.peer_list_size(), 16_384, "step {step}");
        assert_eq!((meter.heads, meter.open_head()), (1, None), "step {step}");
        assert_eq!(meter.judge(now()), Err(Excess::ControlFrames), "step {step}");
    }
}

#[test]
fn d_01_a_head_is_open_until_its_last_octet() {
    let mut meter = started();
    assert_eq!(meter.open_head(), None);
    meter.read(&frame(HEADERS, 0, b"first"));
    assert_eq!(meter.open_head(), Some(1));
    let last = frame(CONTINUATION, END_HEADERS, b"last");
    meter.read(&last[..last.len() - 1]);
    assert_eq!(meter.open_head(), Some(1));
    meter.read(&last[last.len() - 1..]);
    assert_eq!(meter.open_head(), None);
    meter.read(&frame(HEADERS, END_HEADERS, b"whole"));
    assert_eq!(meter.open_head(), None);
    meter.read(&frame(HEADERS, 0, b""));
    assert_eq!(meter.open_head(), Some(3));
}

#[test]
fn h2x_05_without_a_setting_there_is_no_limit() {
    let mut meter = started();
    meter.read(&frame(SETTINGS, 0, &[]));
    assert_eq!(meter.peer_list_size(), usize::try_from(u32::MAX).expect("32 bits"));
}
