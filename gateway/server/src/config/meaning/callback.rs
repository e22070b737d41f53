//! What the callback listener means.

use super::value_of;
use crate::config::file::CallbackFile;
use crate::config::reader::Problems;
use crate::config::settings::CallbackSettings;

/// The callback listener; `None` if it cannot be understood.
pub(super) fn callback(file: &CallbackFile, problems: &mut Problems) -> Option<CallbackSettings> {
    let address = file.address.as_ref()?;
    let place = file.place.child("url");
    if address.value.ip().is_unspecified() && file.url.is_none() && !problems.concern(&place) {
        let message = format!(
            "is missing although {} is no address that an origin can call, write url = \"http://HOST:{}\"",
            address.value,
            address.value.port()
        );
        problems.missing(&place, message);
    }
    Some(CallbackSettings { address: address.value, url: value_of(file.url.as_ref()) })
}
