//! What routes and client profiles mean.

use std::collections::HashMap;
use std::num::NonZeroU32;

use super::{value_of, values_of};
use crate::config::file::{ClientProfileFile, MatchFile, ProgressFile, RouteFile, UpstreamFile};
use crate::config::nearest::{is_near, nearest, one_of};
use crate::config::profiles::Profile;
use crate::config::reader::{Located, Place, Problems};
use crate::config::section::absent;
use crate::config::settings::{AcceptAsync, ProgressSettings, RouteMatch, RouteSettings, StatusProfile};

/// One route; `None` if it cannot be understood.
pub(super) fn route(
    file: &RouteFile,
    upstreams: &[UpstreamFile],
    problems: &mut Problems,
) -> Option<RouteSettings> {
    let upstream = file.upstream.as_ref().and_then(|name| find_upstream(name, upstreams, problems));
    refuse_unasked_202s(file, problems);
    Some(RouteSettings {
        name: value_of(file.name.as_ref())?,
        matcher: matcher(&file.matcher),
        upstream: upstream?,
        relay_informational: file.relay_informational.value,
        progress: file.progress.as_ref().map(progress),
    })
}

impl Default for ProgressSettings {
    fn default() -> Self {
        progress(&absent())
    }
}

/// OData forbids a 202 to who did not ask for one (OData 4.01 Protocol 11.6).
fn refuse_unasked_202s(file: &RouteFile, problems: &mut Problems) {
    if let Some(progress) = &file.progress
        && progress.profile.value == StatusProfile::Odata
        && progress.accept_async.value == AcceptAsync::Always
    {
        let message =
            "contradicts profile = \"odata\", whose clients get no 202 unasked, write \"on-request\"";
        problems.wrong(&progress.accept_async.place, message);
    }
}

/// A route with the match of an earlier one never gets a request.
pub(super) fn refuse_equal_matches(routes: &[RouteFile], problems: &mut Problems) {
    let mut seen: HashMap<RouteMatch, &Place> = HashMap::new();
    for route in routes {
        let place = &route.matcher.place;
        if problems.concern(place) {
            continue;
        }
        let mut matches = matcher(&route.matcher);
        matches.methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let earlier = *seen.entry(matches).or_insert(place);
        if earlier != place {
            let message = format!(
                "takes the same requests as {}, so this route never gets one; change one",
                earlier.key
            );
            problems.wrong(place, message);
        }
    }
}

/// What the file adds to the built-in table of clients.
pub(super) fn profiles(files: &[ClientProfileFile], problems: &mut Problems) -> Vec<(String, Profile)> {
    super::refuse_repeated_names(files.iter().map(|file| &file.user_agent), problems);
    files
        .iter()
        .filter_map(|file| Some((value_of(file.user_agent.as_ref())?, profile(file, problems)?)))
        .collect()
}

fn profile(file: &ClientProfileFile, problems: &mut Problems) -> Option<Profile> {
    match (&file.interim, &file.maximum_heads) {
        (Some(_), None) => return Some(Profile::NoInterim),
        (None, Some(heads)) => {
            return Some(NonZeroU32::new(heads.value).map_or(Profile::Unlimited, Profile::MaximumHeads));
        }
        _ if problems.concern(&file.place) => {}
        (None, None) => {
            problems.missing(&file.place, "says nothing, write interim = \"never\" or maximum-heads = 5");
        }
        (Some(_), Some(heads)) => {
            problems.wrong(&heads.place, "contradicts interim = \"never\", remove one of the two");
        }
    }
    None
}

fn progress(file: &ProgressFile) -> ProgressSettings {
    let profile = file.profile.value;
    ProgressSettings {
        interim: file.interim.value,
        interim_after: file.interim_after.value,
        accept_async: file.accept_async.value,
        accept_after: file.accept_after.value,
        http10_accept_after: file.http10_accept_after.value.filter(|_| profile != StatusProfile::Odata),
        minimum_interval: file.minimum_interval.value,
        heartbeat_interval: file.heartbeat_interval.value,
        maximum_heads: NonZeroU32::new(file.maximum_heads.value),
        maximum_unacknowledged: file.maximum_unacknowledged.value,
        deadline: file.deadline.value,
        stall_timeout: Some(file.stall_timeout.value).filter(|timeout| !timeout.is_zero()),
        on_disconnect: file.on_disconnect.value,
        on_restart: file.on_restart.value,
        maximum_result: file.maximum_result.value,
        owner: values_of(&file.owner),
        maximum_operations: NonZeroU32::new(file.maximum_operations.value),
        idempotency: file.idempotency.value,
        profile,
    }
}

fn matcher(file: &MatchFile) -> RouteMatch {
    RouteMatch {
        host: value_of(file.host.as_ref()),
        path: value_of(file.path.as_ref()),
        methods: file.methods.as_ref().map(values_of).unwrap_or_default(),
    }
}

fn find_upstream(
    name: &Located<String>,
    upstreams: &[UpstreamFile],
    problems: &mut Problems,
) -> Option<usize> {
    let named =
        |upstream: &UpstreamFile| value_of(upstream.name.as_ref()).is_some_and(|known| known == name.value);
    if let Some(index) = upstreams.iter().position(named) {
        return Some(index);
    }
    let names: Vec<&str> = upstreams
        .iter()
        .filter_map(|upstream| upstream.name.as_ref())
        .map(|name| name.value.as_str())
        .collect();
    // Without a single named upstream that is what is wrong, and it is noted there.
    let nearest = nearest(&name.value, &names)?;
    let message = if is_near(&name.value, nearest) {
        format!("no upstream is named {:?}, did you mean {nearest:?}?", name.value)
    } else {
        format!("no upstream is named {:?}, write {}", name.value, one_of(&names))
    };
    problems.wrong(&name.place, message);
    None
}
