//! `gateway/docs/configuration.md` has one row for every key, word for word as the schema has it.

use progress_gateway::config::{ClientProfiles, Profile};

use super::tree::{Key, keys};

fn row(key: &Key) -> String {
    let default = match key.schema.get("default") {
        Some(default) => format!("`{default}`"),
        None => String::new(),
    };
    let about = key.schema["description"].as_str().expect("every key is described").replace('|', "\\|");
    format!("| `{}` | {default} | {about} |", key.path)
}

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    std::fs::read_to_string(path).expect("gateway/docs/configuration.md is there")
}

#[test]
fn the_page_names_every_client_with_a_built_in_profile() {
    let page = page();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| at most") || line.starts_with("| no interim"))
        .collect();
    let described = |profile| match profile {
        Profile::NoInterim => "| no interim heads".to_owned(),
        Profile::MaximumHeads(heads) => format!("| at most {heads} heads"),
        Profile::Unlimited => "nothing is known against such a client".to_owned(),
    };
    for (prefix, profile) in ClientProfiles::default().iter() {
        let row = rows.iter().find(|row| row.contains(&format!("`{prefix}`")));
        let row = row.unwrap_or_else(|| panic!("the page does not name {prefix}"));
        assert!(row.starts_with(&described(profile)), "{prefix}: {row}");
    }
}

#[test]
fn the_page_and_the_schema_have_the_same_keys_defaults_and_meanings() {
    let page = page();
    let on_page: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let in_schema: Vec<String> = keys().iter().filter(|key| !key.is_table()).map(row).collect();
    for row in &in_schema {
        assert!(on_page.contains(&row.as_str()), "the page lacks this row:\n{row}");
    }
    for row in &on_page {
        assert!(in_schema.iter().any(|known| known == row), "the page has a row of no key:\n{row}");
    }
    assert_eq!(on_page.len(), in_schema.len(), "a row stands twice");
}
