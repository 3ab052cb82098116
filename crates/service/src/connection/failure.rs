//! What a failed gRPC call means. tonic's code alone does not tell: a connection lost in mid-stream is `Unknown`.

use std::error::Error;
use std::io;

use tonic::{Code, ConnectError, Status, TimeoutExpired};

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There was no connection, or it was lost on the way.
    Offline,
    /// The deadline passed first.
    Late,
    /// The call was cancelled, on either side.
    Cancelled,
    /// The peer broke the protocol, or answered with something that is no gRPC.
    Protocol,
    /// The peer answered with this status.
    Answered,
}

/// The message with which tonic's server ends a call whose `grpc-timeout` passed; its code is `Cancelled`.
const TIMEOUT_MESSAGE: &str = "Timeout expired";

/// Reads a call's failure out of the transport errors beneath it; the status code decides only where there are none.
#[must_use]
pub fn classify(status: &Status) -> Failure {
    let mut source = status.source();
    let transported = source.is_some();
    while let Some(error) = source {
        if let Some(failure) = of_transport(error) {
            return failure;
        }
        source = error.source();
    }
    match status.code() {
        Code::DeadlineExceeded => Failure::Late,
        Code::Cancelled if status.message() == TIMEOUT_MESSAGE => Failure::Late,
        Code::Cancelled => Failure::Cancelled,
        _ if transported => Failure::Protocol,
        _ => Failure::Answered,
    }
}

fn of_transport(error: &(dyn Error + 'static)) -> Option<Failure> {
    if error.is::<TimeoutExpired>() {
        return Some(Failure::Late);
    }
    if error.is::<ConnectError>() || error.is::<io::Error>() {
        return Some(Failure::Offline);
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // hyper's own timeout is the keepalive; `canceled` is a request that the lost connection never took.
        let lost = error.is_timeout() || error.is_closed() || error.is_canceled() || error.is_incomplete_message();
        return lost.then_some(Failure::Offline);
    }
    let error = error.downcast_ref::<h2::Error>()?;
    if error.is_io() || error.is_go_away() {
        return Some(Failure::Offline);
    }
    match error.reason() {
        Some(h2::Reason::CANCEL) => Some(Failure::Cancelled),
        Some(h2::Reason::REFUSED_STREAM) => Some(Failure::Offline),
        _ => Some(Failure::Protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_without_transport_errors_go_by_their_code() {
        for (status, failure) in [
            (Status::deadline_exceeded("x"), Failure::Late),
            (Status::cancelled(TIMEOUT_MESSAGE), Failure::Late),
            (Status::cancelled("x"), Failure::Cancelled),
            (Status::unavailable("the peer says so"), Failure::Answered),
            (Status::unknown("x"), Failure::Answered),
        ] {
            assert_eq!(classify(&status), failure, "{status:?}");
        }
    }

    #[test]
    fn transport_errors_outweigh_the_code() {
        let io = || io::Error::from(io::ErrorKind::ConnectionReset);
        let of = |error: Box<dyn Error + Send + Sync>| classify(&Status::from_error(error));
        assert_eq!(of(Box::new(io())), Failure::Offline);
        assert_eq!(of(Box::new(h2::Error::from(h2::Reason::CANCEL))), Failure::Cancelled);
        assert_eq!(of(Box::new(h2::Error::from(h2::Reason::PROTOCOL_ERROR))), Failure::Protocol);
        assert_eq!(of(Box::new(TimeoutExpired(()))), Failure::Late);
    }
}
