//! The same walls for `Cargo.toml`: a dependency that may not be used may not be declared either.

use toml::{Table, Value};

use crate::sources::Source;
use crate::walls::{self, WALLS};

/// A wall that stands around a whole crate, seen in its manifest. Dependencies of tests count as
/// well where they are rooms of this workspace; a test may otherwise use what it likes.
pub(crate) fn offences(source: &Source) -> Vec<String> {
    let Some(room) = source.path.strip_suffix("/Cargo.toml") else { return Vec::new() };
    let Ok(manifest) = source.text.parse::<Table>() else {
        return vec![format!("{}: not TOML", source.path)];
    };
    let forbidden: Vec<&str> =
        WALLS.iter().filter(|wall| wall.room == room).flat_map(|wall| wall.forbidden.concat()).collect();
    let forbids = |name: &String| forbidden.contains(&name.as_str());
    let built = dependencies(&manifest, &["dependencies", "build-dependencies"]);
    let tested = dependencies(&manifest, &["dev-dependencies"]).into_iter().filter(|name| is_room(name));
    let crossing = built.into_iter().chain(tested).filter(forbids);
    crossing.map(|name| format!("{}: `{name}` is behind a wall", source.path)).collect()
}

/// The crate names in the tables called so, those for single targets too, as Rust spells them.
fn dependencies(manifest: &Table, tables: &[&str]) -> Vec<String> {
    let for_targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let scopes = for_targets.filter_map(Value::as_table).chain([manifest]);
    let found = scopes.flat_map(|scope| tables.iter().filter_map(|name| scope.get(*name)?.as_table()));
    found.flat_map(Table::iter).map(|(name, value)| renamed(name, value).replace('-', "_")).collect()
}

/// The package behind a dependency that the manifest gave another name.
fn renamed<'a>(name: &'a str, value: &'a Value) -> &'a str {
    value.get("package").and_then(Value::as_str).unwrap_or(name)
}

fn is_room(name: &str) -> bool {
    ["downstream", "status_store", "progress_gateway", "h1_adapter", "h2_adapter", "h3_adapter"]
        .contains(&name)
}

#[test]
fn a_forbidden_dependency_is_seen_in_every_table() {
    for text in [
        "[dependencies]\ntokio.workspace = true",
        "[dependencies]\nclock = { package = \"tokio\", version = \"1\" }",
        "[build-dependencies]\ntracing = \"0.1\"",
        "[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"",
        "[dev-dependencies]\nstatus-store.workspace = true",
        "[dependencies.h1-adapter]\nworkspace = true",
    ] {
        let source = Source::made_up("gateway/core/Cargo.toml", text);
        assert_eq!(offences(&source).len(), 1, "{text}");
    }
}

#[test]
fn allowed_dependencies_are_allowed() {
    let text = "[dependencies]\nhttp.workspace = true\n[dev-dependencies]\ntokio = \"1\"";
    assert!(offences(&Source::made_up("gateway/core/Cargo.toml", text)).is_empty());
    let text = "[dependencies]\nh1-adapter.workspace = true";
    assert!(offences(&Source::made_up("gateway/server/Cargo.toml", text)).is_empty());
    assert_eq!(offences(&Source::made_up("gateway/store/Cargo.toml", "not toml")).len(), 1);
    assert!(walls::ROOMS.contains(&"gateway/store"));
}
