//! What is known about clients by their User-Agent: who breaks on interim heads, and after how many.

use std::num::NonZeroU32;

/// What a client can bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// No 1xx whatever it asks for.
    NoInterim,
    /// At most this many heads in one exchange, originated and relayed ones together (INT-12).
    MaximumHeads(NonZeroU32),
    /// Any number of heads: lifts a built-in profile.
    Unlimited,
}

/// Profiles by User-Agent prefix: the built-in table, and what the file adds or replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientProfiles {
    /// Sorted by first byte, then the longest prefix first; each prefix once, none empty.
    entries: Vec<(Box<str>, Profile)>,
}

/// Clients in the field that take the first interim head for the final response, or give up after
/// some number of heads.
const BUILT_IN: [(&str, Profile); 24] = [
    ("HTTPie/", Profile::NoInterim),
    // HttpURLConnection; fixed in 21.
    ("Java/1.8", Profile::NoInterim),
    ("Java/9", Profile::NoInterim),
    ("Java/10", Profile::NoInterim),
    ("Java/11", Profile::NoInterim),
    ("Java/12", Profile::NoInterim),
    ("Java/13", Profile::NoInterim),
    ("Java/14", Profile::NoInterim),
    ("Java/15", Profile::NoInterim),
    ("Java/16", Profile::NoInterim),
    ("Java/17", Profile::NoInterim),
    ("Java/18", Profile::NoInterim),
    ("Java/19", Profile::NoInterim),
    ("Java/20", Profile::NoInterim),
    ("Python-urllib/", Profile::NoInterim),
    ("python-requests/", Profile::NoInterim),
    ("python-urllib3/", Profile::NoInterim),
    // net/http up to 1.23, which the field does not tell from later ones; its HTTP/3 sibling still.
    ("Go-http-client/", maximum_heads(5)),
    ("quic-go", maximum_heads(5)),
    // jdk.httpclient.maxNonFinalResponses.
    ("Java-http-client/", maximum_heads(8)),
    // neon and what is built on it stop at about 100.
    ("neon/", maximum_heads(90)),
    ("litmus/", maximum_heads(90)),
    ("cadaver/", maximum_heads(90)),
    ("davfs2/", maximum_heads(90)),
];

impl Default for ClientProfiles {
    /// The built-in table alone.
    fn default() -> Self {
        Self::with_additions([])
    }
}

impl ClientProfiles {
    /// The built-in table with `additions`, which replace entries of the same prefix. An empty
    /// prefix is left out.
    pub fn with_additions(additions: impl IntoIterator<Item = (String, Profile)>) -> Self {
        let built_in = BUILT_IN.into_iter().map(|(prefix, profile)| (prefix.to_owned(), profile));
        // A map keeps the last of equal keys, which is the addition.
        let merged: std::collections::HashMap<String, Profile> = built_in.chain(additions).collect();
        let mut entries: Vec<(Box<str>, Profile)> =
            merged.into_iter().map(|(prefix, profile)| (prefix.into(), profile)).collect();
        entries.retain(|(prefix, _)| !prefix.is_empty());
        entries.sort_by(|(a, _), (b, _)| {
            let key = |text: &str| (text.as_bytes()[0], std::cmp::Reverse(text.len()));
            (key(a), a).cmp(&(key(b), b))
        });
        Self { entries }
    }

    /// The profile of the longest prefix of `user_agent`; `None`: nothing is known against it.
    pub fn lookup(&self, user_agent: &[u8]) -> Option<&Profile> {
        let first = user_agent.first()?;
        let start = self.entries.partition_point(|(prefix, _)| prefix.as_bytes()[0] < *first);
        let candidates =
            self.entries[start..].iter().take_while(|(prefix, _)| prefix.as_bytes()[0] == *first);
        let mut matching = candidates.filter(|(prefix, _)| user_agent.starts_with(prefix.as_bytes()));
        matching.next().map(|(_, profile)| profile)
    }

    /// Every prefix with its profile, the built-in ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Profile)> {
        self.entries.iter().map(|(prefix, profile)| (&**prefix, *profile))
    }
}

const fn maximum_heads(heads: u32) -> Profile {
    match NonZeroU32::new(heads) {
        Some(heads) => Profile::MaximumHeads(heads),
        None => Profile::Unlimited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_knows_the_clients_that_break() {
        let profiles = ClientProfiles::default();
        let table = [
            ("python-requests/2.32.3", Some(Profile::NoInterim)),
            ("Python-urllib/3.13", Some(Profile::NoInterim)),
            ("python-urllib3/2.8.0", Some(Profile::NoInterim)),
            ("HTTPie/3.2.2", Some(Profile::NoInterim)),
            ("Java/1.8.0_292", Some(Profile::NoInterim)),
            ("Java/17.0.2", Some(Profile::NoInterim)),
            ("Java/20", Some(Profile::NoInterim)),
            ("Java/21.0.1", None),
            ("Java-http-client/17", Some(maximum_heads(8))),
            ("Go-http-client/1.1", Some(maximum_heads(5))),
            ("quic-go HTTP/3", Some(maximum_heads(5))),
            ("neon/0.33", Some(maximum_heads(90))),
            ("curl/8.9.1", None),
            ("Mozilla/5.0 python-requests/2", None),
            ("", None),
        ];
        for (user_agent, profile) in table {
            assert_eq!(profiles.lookup(user_agent.as_bytes()).copied(), profile, "{user_agent:?}");
        }
        assert_eq!(profiles.lookup(b"\xff\xfe"), None);
    }

    #[test]
    fn the_longest_prefix_wins_and_the_file_replaces_equal_ones() {
        let profiles = ClientProfiles::with_additions([
            ("Java/1".to_owned(), maximum_heads(3)),
            ("Java/17".to_owned(), Profile::Unlimited),
            ("curl/".to_owned(), maximum_heads(7)),
            ("curl/8.".to_owned(), Profile::NoInterim),
            (String::new(), Profile::NoInterim),
        ]);
        let lookup = |user_agent: &str| profiles.lookup(user_agent.as_bytes()).copied();
        assert_eq!(lookup("Java/17.0.2"), Some(Profile::Unlimited));
        assert_eq!(lookup("Java/16.0.2"), Some(Profile::NoInterim));
        assert_eq!(lookup("Java/1.7"), Some(maximum_heads(3)));
        assert_eq!(lookup("curl/7.88.1"), Some(maximum_heads(7)));
        assert_eq!(lookup("curl/8.9.1"), Some(Profile::NoInterim));
        assert_eq!(lookup("wget/1"), None);
        assert_eq!(profiles.iter().count(), BUILT_IN.len() + 3);
    }
}
