//! A JSON object of texts by language, in the order in which it is written: the first one is the sender's
//! own choice for who asks for none of them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// Tags and texts. As long as the content that they come in, which is bounded (S-13).
#[derive(Debug, Default)]
pub(super) struct Messages(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Messages;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts by language")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Messages, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = map.next_entry()? {
            messages.push(message);
        }
        Ok(Messages(messages))
    }
}
