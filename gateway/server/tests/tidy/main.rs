//! The rules of the house as ordinary tests: sizes, walls between the rooms, names, unfinished work.
//!
//! Each rule is a pure function over a [`Source`] and has its own test with a made-up offender, so
//! that a rule which has stopped seeing anything is noticed as well.

mod manifests;
mod paths;
mod sizes;
mod sources;
mod walls;
mod words;

use sources::Source;

/// Runs one rule over every source of the workspace and fails with all offences at once.
fn hold(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources::workspace();
    let offences: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn the_walk_sees_the_workspace() {
    let sources = sources::workspace();
    for room in walls::ROOMS {
        let manifest = format!("{room}/Cargo.toml");
        assert!(sources.iter().any(|source| source.path == manifest), "{manifest} was not read");
    }
    assert!(!sources.iter().any(|source| source.path.starts_with("target/")), "build output was read");
}

#[test]
fn no_file_outgrows_its_limit() {
    hold(sizes::offences);
}

#[test]
fn the_walls_between_rooms_hold() {
    hold(walls::offences);
}

#[test]
fn no_crate_depends_across_a_wall() {
    hold(manifests::offences);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(words::unfinished);
}

#[test]
fn no_module_is_a_drawer_for_odds_and_ends() {
    hold(words::drawers);
}

#[test]
fn nothing_reaches_outside_the_repository() {
    hold(words::outside);
}
