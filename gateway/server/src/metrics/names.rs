//! Every metric name, once. What emits, what documents and what draws a metric all read this list.

macro_rules! names {
    ($($(#[$doc:meta])+ $name:ident = $text:literal;)+) => {
        $($(#[$doc])+ pub const $name: &str = $text;)+

        /// All names, in the order of `gateway/docs/metrics.md`.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

names! {
    /// Final heads.
    REQUESTS_TOTAL = "progress_gateway_requests_total";
    /// Requests without a final head.
    REQUESTS_IN_FLIGHT = "progress_gateway_requests_in_flight";
    /// Request head to the end of the final response.
    REQUEST_DURATION_SECONDS = "progress_gateway_request_duration_seconds";
    /// Request head to the first head that the client sees.
    FIRST_SIGNAL_SECONDS = "progress_gateway_first_signal_seconds";
    /// Interim heads written.
    INTERIM_RESPONSES_TOTAL = "progress_gateway_interim_responses_total";
    /// Interim heads that were not written.
    INTERIM_SUPPRESSED_TOTAL = "progress_gateway_interim_suppressed_total";
    /// Gap between the heads of an exchange.
    INTERIM_INTERVAL_SECONDS = "progress_gateway_interim_interval_seconds";
    /// Due time to written.
    INTERIM_LATENESS_SECONDS = "progress_gateway_interim_lateness_seconds";
    /// Heads that the client's transport has not acknowledged.
    INTERIM_UNACKNOWLEDGED = "progress_gateway_interim_unacknowledged";
    /// Written to acknowledged.
    INTERIM_ACKNOWLEDGEMENT_SECONDS = "progress_gateway_interim_acknowledgement_seconds";
    /// Heads of one exchange.
    INTERIM_HEADS_PER_REQUEST = "progress_gateway_interim_heads_per_request";
    /// 202 responses in place of the origin's.
    DOWNGRADES_TOTAL = "progress_gateway_downgrades_total";
    /// Operations by state.
    OPERATIONS = "progress_gateway_operations";
    /// Operations that ended.
    OPERATIONS_TOTAL = "progress_gateway_operations_total";
    /// Life of an operation.
    OPERATION_DURATION_SECONDS = "progress_gateway_operation_duration_seconds";
    /// Who follows operations, and how.
    OPERATION_WATCHERS = "progress_gateway_operation_watchers";
    /// Requests for status documents.
    STATUS_DOCUMENT_REQUESTS_TOTAL = "progress_gateway_status_document_requests_total";
    /// What origins report.
    UPSTREAM_EVENTS_TOTAL = "progress_gateway_upstream_events_total";
    /// Requests to origins.
    UPSTREAM_REQUESTS_TOTAL = "progress_gateway_upstream_requests_total";
    /// Request sent to the final head of the origin.
    UPSTREAM_REQUEST_DURATION_SECONDS = "progress_gateway_upstream_request_duration_seconds";
    /// Connections to origins.
    UPSTREAM_CONNECTIONS = "progress_gateway_upstream_connections";
    /// Servers that are believed to answer.
    UPSTREAM_HEALTHY = "progress_gateway_upstream_healthy";
    /// Client connections.
    CONNECTIONS = "progress_gateway_connections";
    /// Client connections that were closed at once.
    CONNECTIONS_REFUSED_TOTAL = "progress_gateway_connections_refused_total";
    /// Client connections that a panic ended.
    CONNECTION_PANICS_TOTAL = "progress_gateway_connection_panics_total";
    /// Accepting that failed.
    ACCEPT_ERRORS_TOTAL = "progress_gateway_accept_errors_total";
    /// TLS and QUIC handshakes.
    TLS_HANDSHAKES_TOTAL = "progress_gateway_tls_handshakes_total";
    /// End of a certificate's validity.
    TLS_CERTIFICATE_EXPIRY_TIMESTAMP_SECONDS = "progress_gateway_tls_certificate_expiry_timestamp_seconds";
    /// Work of the store.
    STORE_OPERATIONS_TOTAL = "progress_gateway_store_operations_total";
    /// Time the store takes.
    STORE_DURATION_SECONDS = "progress_gateway_store_duration_seconds";
    /// Work of the store that failed.
    STORE_ERRORS_TOTAL = "progress_gateway_store_errors_total";
    /// Whether the last configuration was taken.
    CONFIG_LAST_RELOAD_SUCCESSFUL = "progress_gateway_config_last_reload_successful";
    /// When the last configuration was taken.
    CONFIG_LAST_RELOAD_TIMESTAMP_SECONDS = "progress_gateway_config_last_reload_timestamp_seconds";
    /// Which build this is.
    BUILD_INFO = "progress_gateway_build_info";
    /// Processor time of the process, whole seconds.
    PROCESS_CPU_SECONDS_TOTAL = "process_cpu_seconds_total";
    /// Open file descriptors.
    PROCESS_OPEN_FDS = "process_open_fds";
    /// File descriptors that may be open.
    PROCESS_MAX_FDS = "process_max_fds";
    /// Memory that is in use.
    PROCESS_RESIDENT_MEMORY_BYTES = "process_resident_memory_bytes";
    /// Memory that is mapped.
    PROCESS_VIRTUAL_MEMORY_BYTES = "process_virtual_memory_bytes";
    /// When the process began.
    PROCESS_START_TIME_SECONDS = "process_start_time_seconds";
    /// Threads of the process.
    PROCESS_THREADS = "process_threads";
}
