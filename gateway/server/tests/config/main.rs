//! The configuration room from outside: every error message, every default, the schema and the page
//! about it.

mod certificates;
mod documentation;
mod errors;
mod load;
mod quick_start;
mod schema;
mod tree;
mod values;

use std::path::Path;

use progress_gateway::config::{self, ConfigErrors, Settings};

/// The least that is a configuration; errors are looked for in what stands before it.
const BASE: &str = r#"
[[listeners]]
address = "127.0.0.1:8080"
[[upstreams]]
name = "origin"
servers = ["http://127.0.0.1:3000"]
[[routes]]
name = "base"
match.host = "base.example"
upstream = "origin"
"#;

fn parse(text: &str) -> Result<Settings, ConfigErrors> {
    config::parse(text, Path::new("gateway.toml"))
}
