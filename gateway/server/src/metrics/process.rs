//! The process: the names that every exporter uses, so that boards for processes show this one too.
//!
//! Two gateways in one process tell the same. Where the system is not Linux there is nothing to read
//! it from, and the families are not there.

use prometheus::Error;

use super::exposition::Registry;

/// Registers the families; they are read from the system at each scrape.
#[cfg(target_os = "linux")]
pub(super) fn register(registry: &Registry) -> Result<(), Error> {
    registry.add(std::sync::Arc::new(linux::Process::of_this_one()))
}

/// Registers nothing.
#[cfg(not(target_os = "linux"))]
pub(super) fn register(_: &Registry) -> Result<(), Error> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use prometheus::core::Collector;
    use prometheus::process_collector::ProcessCollector;
    use prometheus::{Error, TextEncoder};

    use super::super::exposition::Shown;

    pub(super) struct Process(ProcessCollector);

    impl Process {
        pub(super) fn of_this_one() -> Self {
            Self(ProcessCollector::for_self())
        }
    }

    impl Shown for Process {
        fn name(&self) -> &'static str {
            "process"
        }

        fn write(&self, text: &mut String) -> Result<(), Error> {
            TextEncoder::new().encode_utf8(&self.0.collect(), text)
        }
    }
}
