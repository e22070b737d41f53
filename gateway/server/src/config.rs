//! The configuration: [`Settings`] as meant, from a TOML file as written, or from a few options.
//!
//! Reading has two stages. The first reads every key by its own rule (`file`, declared once for
//! reader, JSON Schema and documentation); the second derives what is meant and checks what no key
//! can know alone (`meaning`). Both go on after an error, so that an operator sees all of them at
//! once, each with its place: `FILE:LINE:COL: KEY: what is wrong, what would be right`.

mod error;
mod file;
mod grammar;
mod meaning;
mod nearest;
mod profiles;
mod quick_start;
mod reader;
mod rules;
mod section;
mod settings;
mod syntax;
mod units;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use toml::de::DeTable;

pub use error::{ConfigError, ConfigErrors, Position};
pub use grammar::{IpPrefix, PathPrefix, PublicUrl, Scheme, ServerAddress};
pub use profiles::{ClientProfiles, Profile};
pub use quick_start::{QuickStart, QuickTls, quick_start};
pub use settings::{
    AcceptAsync, CallbackSettings, InterimMode, Limits, ListenerSettings, OnDisconnect, OnRestart, OwnerKind,
    ProgressSettings, Protocol, Protocols, RelayInformational, RouteMatch, RouteSettings, Settings,
    StatusProfile, StoreKind, StoreSettings, TlsSettings, UpstreamSettings,
};

use error::LineIndex;
use file::ConfigFile;
use reader::{MAXIMUM_PROBLEMS, Place, Problem, Problems, TableNode};
use section::Section as _;

/// A configuration of ten thousand routes is half of this.
const MAXIMUM_FILE_BYTES: u64 = 4 << 20;

/// Reads the configuration file at `path`; file names in it are relative to its directory.
///
/// # Errors
/// Everything that is wrong with it, at least one; also if the file cannot be read.
pub fn load(path: &Path) -> Result<Settings, ConfigErrors> {
    let whole = |message: String| ConfigErrors::whole(path.display().to_string(), message);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAXIMUM_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| whole(format!("cannot be read: {error}, write the path of a TOML file")))?;
    if bytes.len() as u64 > MAXIMUM_FILE_BYTES {
        return Err(whole("is longer than 4MiB, write a shorter file".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        whole(format!("is not UTF-8 from byte {valid} on, save it as UTF-8"))
    })?;
    parse(&text, path)
}

/// Reads a configuration from `text` as if it stood in the file `origin`, which need not exist. The
/// certificate files that it names are read, relative to the directory of `origin`.
///
/// # Errors
/// Everything that is wrong with it, at least one.
pub fn parse(text: &str, origin: &Path) -> Result<Settings, ConfigErrors> {
    let (tree, syntax_errors) = DeTable::parse_recoverable(text);
    let mut problems = Problems::default();
    let root = TableNode { table: Some(tree.get_ref()), place: Place::default() };
    let file = ConfigFile::read(&root, &mut problems);
    let lines = LineIndex::new(text);
    let problems = if syntax_errors.is_empty() {
        let directory = origin.parent().unwrap_or(Path::new(""));
        let settings = meaning::settings_of(&file, directory, &mut problems);
        if problems.is_empty() {
            return Ok(settings);
        }
        problems.into_sorted()
    } else {
        syntax::merge(&root, &syntax_errors, problems, text)
    };
    let error = |Problem { place, message, .. }: Problem| ConfigError {
        position: Some(lines.position(place.offset)),
        key: place.key,
        message,
    };
    let mut errors: Vec<ConfigError> = problems.into_iter().map(error).collect();
    if errors.len() >= MAXIMUM_PROBLEMS {
        let message = "may hold more errors than are shown, correct these first".to_owned();
        errors.push(ConfigError { position: None, key: "(file)".to_owned(), message });
    }
    Err(ConfigErrors::new(origin.display().to_string(), errors))
}

/// The JSON Schema (draft 2020-12) of the file, for editors: every key with its meaning, form and
/// default. A key that is not supported yet is in it as one under which nothing is right.
pub fn schema() -> Json {
    let mut schema = section::schema_of::<ConfigFile>();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("progress-gateway"));
    schema.insert("description".to_owned(), json!(ConfigFile::ABOUT.trim()));
    Json::Object(schema)
}
