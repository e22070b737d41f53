//! Files that cannot even be read as text, and files that can.

use std::path::{Path, PathBuf};

use progress_gateway::config::{load, parse};

use super::BASE;

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).expect("the test directory can be written");
    path
}

fn printed(path: &Path) -> String {
    load(path).expect_err("a wrong file").to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn a_right_file_is_read_like_its_text() {
    let path = write("right.toml", BASE.as_bytes());
    assert_eq!(load(&path).expect("right"), parse(BASE, &path).expect("right"));
}

#[test]
fn a_file_that_is_not_there() {
    let message = printed(Path::new("/nowhere/gateway.toml"));
    assert!(message.starts_with("FILE: (file): cannot be read: "), "{message}");
    assert!(message.ends_with(", write the path of a TOML file"), "{message}");
}

#[test]
fn a_directory_is_no_file() {
    let message = printed(Path::new(env!("CARGO_TARGET_TMPDIR")));
    assert!(message.starts_with("FILE: (file): cannot be read: "), "{message}");
}

#[test]
fn a_file_that_is_not_utf_8() {
    let path = write("latin1.toml", b"# caf\xe9\n");
    assert_eq!(printed(&path), "FILE: (file): is not UTF-8 from byte 5 on, save it as UTF-8");
}

#[test]
fn a_file_that_is_far_too_long() {
    let path = write("long.toml", &vec![b'#'; (4 << 20) + 1]);
    assert_eq!(printed(&path), "FILE: (file): is longer than 4MiB, write a shorter file");
}

#[test]
fn a_file_with_more_errors_than_anybody_reads() {
    let unknown: String = (0..5_000).fold(String::new(), |text, index| text + &format!("key-{index} = 1\n"));
    let errors = parse(&format!("{unknown}{BASE}"), Path::new("gateway.toml")).expect_err("unknown keys");
    assert_eq!(errors.len(), 1_001);
    let last = errors.to_string().lines().last().expect("a line").to_owned();
    assert_eq!(last, "gateway.toml: (file): may hold more errors than are shown, correct these first");
}

#[test]
fn a_list_with_more_elements_than_are_compared() {
    let text = format!("trusted-proxies = [{}]\n{BASE}", "\"::1\",".repeat(10_001));
    let errors = parse(&text, Path::new("gateway.toml")).expect_err("a long list");
    assert_eq!(
        errors.to_string(),
        "gateway.toml:1:19: trusted-proxies: has 10001 elements, write at most 10000"
    );
}

#[test]
fn a_null_character_is_no_text() {
    let errors = parse("public-url = \"\u{0}\"", Path::new("gateway.toml")).expect_err("a control character");
    assert!(
        errors.to_string().starts_with("gateway.toml:1:15: public-url: invalid basic string"),
        "{errors}"
    );
}

#[test]
fn no_text_makes_the_reader_panic_and_every_error_is_one_line() {
    let pieces = [
        "[",
        "]",
        "[[",
        "]]",
        "routes",
        "listeners",
        "tls",
        "progress",
        ".",
        "=",
        "\"",
        "'",
        "\\",
        "\n",
        "{",
        "}",
        ",",
        "1",
        "1e9",
        "true",
        "1979-05-27",
        "\u{0}",
        "é",
        "\"\"\"\n",
        "#",
        "upstreams",
        "name",
        " ",
        "\"\\n\"",
        "_",
        "-",
    ];
    // A linear congruential generator (constants of Knuth's MMIX): 2,000 texts from one seed.
    let mut state: u64 = 20_261_102;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % bound
    };
    for round in 0..2_000 {
        let length = next(60);
        let text: String = (0..length).map(|_| pieces[next(pieces.len())]).collect();
        let Err(errors) = parse(&text, Path::new("gateway.toml")) else { continue };
        let printed = errors.to_string();
        assert_eq!(printed.lines().count(), errors.len(), "round {round}: {text:?} gives\n{printed}");
        assert!(printed.lines().all(|line| line.starts_with("gateway.toml:")), "{text:?} gives\n{printed}");
    }
}
