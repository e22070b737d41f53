//! The committed corpus keeps the promises that the fuzz targets check.

#[path = "../fuzz/checks.rs"]
mod checks;

fn each(target: &str, check: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        check(&std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 8, "{target} has a corpus of {count}");
}

#[test]
fn request_heads() {
    each("request_head", checks::request_head);
}

#[test]
fn response_heads() {
    each("response_head", checks::response_head);
}

#[test]
fn chunks() {
    each("chunk", checks::chunk);
}
