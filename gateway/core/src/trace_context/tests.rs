use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const FRESH: Fresh = Fresh { trace: TraceId([0xab; 16]), span: SpanId([0xcd; 8]) };
const BEGUN: &str = "00-abababababababababababababababab-cdcdcdcdcdcdcdcd-01";

fn fields(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in lines {
        fields.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a field value"));
    }
    fields
}

/// What is passed on of one `traceparent`.
fn passed(value: &str) -> String {
    let mut fields = fields(&[(TRACEPARENT, value)]);
    let trace = pass_on(&mut fields, FRESH);
    let passed: Vec<_> = fields.get_all(TRACEPARENT).iter().collect();
    assert_eq!(passed.len(), 1, "{value}");
    let passed = passed[0].to_str().expect("ASCII").to_owned();
    assert_eq!(passed[3..35], trace.to_string(), "{value}");
    passed
}

/// What is passed on of `tracestate` lines that come with a valid parent.
fn state(lines: &[&str]) -> Option<String> {
    let mut fields = fields(&[(TRACEPARENT, PARENT)]);
    for line in lines {
        fields.append(TRACESTATE, HeaderValue::from_bytes(line.as_bytes()).expect("a field value"));
    }
    assert_eq!(pass_on(&mut fields, FRESH).to_string(), TRACE, "the state does not matter to the trace");
    let passed: Vec<_> = fields.get_all(TRACESTATE).iter().collect();
    assert!(passed.len() < 2, "{lines:?}");
    passed.first().map(|value| value.to_str().expect("ASCII").to_owned())
}

#[test]
fn a_valid_parent_keeps_its_trace_and_flags_and_gets_the_gateways_span() {
    for (flags, kept) in [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("f8", "00")]
    {
        let came = format!("00-{TRACE}-b7ad6b7169203331-{flags}");
        assert_eq!(passed(&came), format!("00-{TRACE}-cdcdcdcdcdcdcdcd-{kept}"), "{came}");
    }
    assert_eq!(passed(&format!("\t {PARENT} ")), format!("00-{TRACE}-cdcdcdcdcdcdcdcd-01"));
}

#[test]
fn a_later_version_is_read_as_far_as_it_is_known() {
    for (version, rest) in
        [("01", "-01"), ("cc", "-01"), ("cc", "-01-"), ("fe", "-01-what-will-be"), ("0f", "-ff")]
    {
        let came = format!("{version}-{TRACE}-b7ad6b7169203331{rest}");
        assert_eq!(passed(&came), format!("00-{TRACE}-cdcdcdcdcdcdcdcd-01"), "{came}");
    }
}

#[test]
fn what_cannot_be_read_begins_a_new_trace() {
    let long = format!("cc-{TRACE}-b7ad6b7169203331-01.{}", "x".repeat(60_000));
    for came in [
        "",
        " ",
        "00",
        "-",
        &PARENT[..54],
        &format!("{PARENT}-"),
        &format!("{PARENT}-more"),
        &format!("{PARENT}, {PARENT}"),
        &PARENT.to_uppercase(),
        &PARENT.replace("0a", "0A"),
        &PARENT.replace("-b7", "-B7"),
        &PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        &PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
        &PARENT.replace("-01", "-0x"),
        &PARENT.replace("-01", "-.1"),
        &PARENT.replace("-b7", ".b7"),
        &PARENT.replace("00-0a", "000-a"),
        &PARENT.replace("0af7", "0ag7"),
        &PARENT.replace("0af7", "\u{e9}f7"),
        &format!("ff{}", &PARENT[2..]),
        &format!("0F{}", &PARENT[2..]),
        &format!(".0{}", &PARENT[2..]),
        &format!("cc-{TRACE}-b7ad6b7169203331-0"),
        &long,
    ] {
        assert_eq!(passed(came), BEGUN, "{came}");
    }
}

#[test]
fn without_a_parent_a_trace_begins_and_the_state_goes() {
    let several = [(TRACEPARENT, PARENT), (TRACEPARENT, PARENT), (TRACESTATE, "a=1")];
    for lines in [&[][..], &[(TRACESTATE, "a=1"), (TRACESTATE, "b=2")], &several] {
        let mut fields = fields(lines);
        assert_eq!(heard(&fields), None);
        assert_eq!(pass_on(&mut fields, FRESH), FRESH.trace);
        assert_eq!(fields.len(), 1, "{lines:?}");
        assert_eq!(fields[TRACEPARENT], BEGUN);
    }
}

#[test]
fn state_is_one_line_of_what_came() {
    let longest = format!("{}={}", "k".repeat(256), "v".repeat(255));
    for (lines, expected) in [
        (&["congo=t61rcWkgMzE"][..], Some("congo=t61rcWkgMzE")),
        (&["foo=1 , bar=2"], Some("foo=1 , bar=2")),
        (&["foo=1", "bar=2"], Some("foo=1,bar=2")),
        (&["foo=1,\t", "", " ,bar= 2 "], Some("foo=1,bar= 2")),
        (&["foo=1,foo=2"], Some("foo=1,foo=2")),
        (&["0@a-_*/z=!~"], Some("0@a-_*/z=!~")),
        (&[&longest], Some(&longest[..])),
        (&[""], None),
        (&[" ", "\t,"], None),
        (&[], None),
    ] {
        assert_eq!(state(lines).as_deref(), expected, "{lines:?}");
    }
}

#[test]
fn state_that_is_not_valid_goes_as_a_whole() {
    let (key, value) = (format!("{}=v", "k".repeat(257)), format!("k={}", "v".repeat(257)));
    for bad in [
        "foo",
        "foo=",
        "=1",
        "foo =1",
        "FOO=1",
        "fo.o=1",
        "@foo=1",
        "foo=a=b",
        "foo=\u{e9}",
        "foo=a\tb",
        &key,
        &value,
    ] {
        assert_eq!(state(&[bad]), None, "{bad}");
        assert_eq!(state(&["bar=2", bad]), None, "{bad}");
    }
}

#[test]
fn state_is_bounded_in_members_and_length() {
    let of = |count: usize, length: usize| -> Vec<String> {
        (0..count).map(|n| format!("k{n}={}", "v".repeat(length))).collect()
    };
    let many = of(32, 1);
    assert_eq!(state(&[&many.join(",")]), Some(many.join(",")));
    assert_eq!(state(&[&of(33, 1).join(",")]), None);
    assert_eq!(state(&of(33, 1).iter().map(String::as_str).collect::<Vec<_>>()), None);
    // The end goes, which is the oldest.
    let long = of(32, 20);
    let kept = state(&[&long.join(",")]).expect("a state");
    assert!(kept.len() <= 512 && kept.len() > 512 - 26, "{}", kept.len());
    assert!(long.join(",").starts_with(&kept) && long.contains(&kept.rsplit(',').next().unwrap().to_owned()));
    // Long members go first.
    let mixed =
        ["a=1".to_owned(), format!("b={}", "v".repeat(200)), format!("c={}", "v".repeat(120))].join(",");
    let rest = of(16, 20).join(",");
    let kept = state(&[&mixed, &rest]).expect("a state");
    assert!(kept.starts_with("a=1,c=v"), "{kept}");
    assert!(!kept.contains("b="), "{kept}");
}
