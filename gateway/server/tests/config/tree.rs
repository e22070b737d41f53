//! The keys of the JSON Schema as a list.

use serde_json::Value as Json;

/// One key of the file.
pub(crate) struct Key {
    /// Such as `routes[].progress.deadline`.
    pub(crate) path: String,
    pub(crate) schema: Json,
}

impl Key {
    /// Whether the key is one of a feature that comes later.
    pub(crate) fn is_later(&self) -> bool {
        self.schema.get("not").is_some()
    }

    /// Whether the key holds a table or a list of tables.
    pub(crate) fn is_table(&self) -> bool {
        self.schema.get("properties").is_some() || self.schema["items"].get("properties").is_some()
    }
}

/// Every key of the schema, tables before what they hold.
pub(crate) fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    collect(&progress_gateway::config::schema(), "", &mut keys);
    keys
}

fn collect(schema: &Json, prefix: &str, keys: &mut Vec<Key>) {
    for (name, property) in schema["properties"].as_object().expect("a table has properties") {
        let path = format!("{prefix}{name}");
        let key = Key { path: path.clone(), schema: property.clone() };
        let (is_table, is_list) = (key.is_table(), property.get("items").is_some());
        keys.push(key);
        match (is_table, is_list) {
            (true, true) => collect(&property["items"], &format!("{path}[]."), keys),
            (true, false) => collect(property, &format!("{path}."), keys),
            (false, _) => {}
        }
    }
}
