//! Labels of operations, of the origins behind them and of the store.

use super::Label;

label! {
    /// Why a 202 went out in place of the origin's response.
    Downgrade {
        /// HTTP/1.0 cannot be told of progress.
        Http10 = "http10",
        /// The client's `wait` ran out.
        WaitElapsed = "wait_elapsed",
        /// The route says so.
        Policy = "policy",
        /// The operation's deadline came.
        Deadline = "deadline",
        /// The gateway shuts down.
        Drain = "drain",
    }
}

label! {
    /// Where an operation is in its life.
    State {
        /// Registered, not forwarded yet.
        NotStarted = "not_started",
        /// Forwarded.
        Running = "running",
        /// Cancellation was asked for.
        Canceling = "canceling",
        /// Ended with a final response below 400.
        Succeeded = "succeeded",
        /// Ended otherwise.
        Failed = "failed",
        /// Ended because it was cancelled.
        Canceled = "canceled",
    }
}

label! {
    /// How an operation ended.
    OutcomeLabel {
        /// With a final response below 400.
        Succeeded = "succeeded",
        /// With a final response of 400 and up, or none.
        Failed = "failed",
        /// Cancelled.
        Canceled = "canceled",
        /// The gateway ended while it ran.
        Interrupted = "interrupted",
    }
}

label! {
    /// How somebody follows an operation.
    Via {
        /// By interim heads.
        Interim = "interim",
        /// By an event stream.
        Events = "events",
        /// By a held request for the status document.
        Poll = "poll",
    }
}

label! {
    /// The form of a status document.
    Format {
        /// `application/json`.
        Json = "json",
        /// `text/plain`.
        Text = "text",
        /// `text/html`.
        Html = "html",
        /// `text/event-stream`.
        Events = "events",
        /// No document: the recorded result, a cancellation, an error.
        Other = "other",
    }
}

label! {
    /// What an origin reported.
    EventKind {
        /// Progress.
        Progress = "progress",
        /// A sign of life without news.
        Heartbeat = "heartbeat",
        /// An interim head that is passed on.
        Relayed = "relayed",
        /// Something that cannot be read, and was left out.
        Invalid = "invalid",
        /// Progress that went backwards, and was corrected.
        Regressed = "regressed",
    }
}

label! {
    /// What became of a request to an origin.
    UpstreamResult {
        /// A final response below 300.
        Success = "2xx",
        /// A final response from 300 to 399.
        Redirect = "3xx",
        /// A final response from 400 to 499.
        ClientError = "4xx",
        /// A final response of 500 and up.
        ServerError = "5xx",
        /// No final response.
        Failed = "error",
        /// Given up before the final response.
        Canceled = "canceled",
    }
}

label! {
    /// What the store is asked to do.
    StoreOperation {
        /// To take in a new operation.
        Accept = "accept",
        /// To note a newer state of a running one.
        Checkpoint = "checkpoint",
        /// To change what is kept of a running one.
        Amend = "amend",
        /// To note the end of one.
        Finish = "finish",
        /// To look one up.
        Find = "find",
        /// To forget one.
        Forget = "forget",
        /// To drop what is past its time.
        Sweep = "sweep",
    }
}

label! {
    /// Why the store failed.
    StoreFault {
        /// There is no room.
        Full = "full",
        /// The operation is not there.
        Missing = "missing",
        /// It cannot be reached, or its medium fails.
        Unavailable = "unavailable",
        /// A record cannot be read.
        Corrupt = "corrupt",
    }
}
