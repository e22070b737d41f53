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
        /// A final head came.
        Answered = "answered",
        /// No connection could be had.
        ConnectFailed = "connect_failed",
        /// Nothing came in time.
        TimedOut = "timed_out",
        /// The connection broke.
        Broken = "broken",
        /// The response cannot be framed, or is none.
        Malformed = "malformed",
        /// We gave it up.
        Canceled = "canceled",
    }
}

label! {
    /// What a connection to an origin is doing.
    UpstreamConnection {
        /// It carries a request.
        Active = "active",
        /// It waits for one.
        Idle = "idle",
    }
}

label! {
    /// What the store is asked to do.
    StoreOperation {
        /// To take a new record.
        Create = "create",
        /// To give a record.
        Read = "read",
        /// To replace a record.
        Update = "update",
        /// To give up a record.
        Remove = "remove",
        /// To give up what has expired.
        Expire = "expire",
    }
}

label! {
    /// Why the store failed.
    StoreError {
        /// There is no room.
        Full = "full",
        /// It cannot be reached, or its medium fails.
        Unavailable = "unavailable",
        /// A record cannot be read.
        Corrupt = "corrupt",
    }
}
