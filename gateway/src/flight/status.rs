//! Refusals as gRPC statuses: one function, one table.

use renkei_types::{Class, Code, Refusal};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code as Grpc, Status};

use crate::Answered;
use crate::refused::Refused;

/// Binary trailer of a failed call: the refusal as JSON.
pub const REFUSAL_TRAILER: &str = "renkei-refusal-bin";
/// Binary trailer of a failed call whose sites were asked: the answer's metadata as JSON.
pub const ANSWER_TRAILER: &str = "renkei-answer-bin";

/// What a trailer may take. Clients bound all headers of a call, some at 8 KiB.
const TRAILER_BYTES: usize = 3 * 1024;

/// The gRPC code of a refusal's code.
fn grpc(code: Code) -> Grpc {
    match (code, code.class()) {
        (Code::Unauthenticated, _) => Grpc::Unauthenticated,
        (Code::Late, _) => Grpc::DeadlineExceeded,
        (Code::Cancelled, _) => Grpc::Cancelled,
        // Asked again it would end the same.
        (Code::Undetermined, _) => Grpc::FailedPrecondition,
        (_, Class::Statement) => Grpc::InvalidArgument,
        (_, Class::Denied) => Grpc::PermissionDenied,
        (_, Class::Unavailable) => Grpc::Unavailable,
    }
}

/// The status of a refusal without sites.
pub(super) fn status(refusal: &Refusal) -> Status {
    build(refusal, None)
}

/// The status of a question without an answer.
pub(super) fn refused(refused: &Refused) -> Status {
    build(&refused.refusal, refused.answered.as_deref())
}

fn build(refusal: &Refusal, answered: Option<&Answered>) -> Status {
    let mut metadata = MetadataMap::new();
    let mut add = |name: &'static str, json: Vec<u8>| {
        if !json.is_empty() && json.len() <= TRAILER_BYTES {
            metadata.insert_bin(name, MetadataValue::from_bytes(&json));
        }
    };
    add(REFUSAL_TRAILER, serde_json::to_vec(refusal).unwrap_or_default());
    if let Some(answered) = answered {
        add(ANSWER_TRAILER, short_json(answered));
    }
    Status::with_metadata(grpc(refusal.code), refusal.to_string(), metadata)
}

/// The metadata, without the sites' sentences where it would be too long with them.
fn short_json(answered: &Answered) -> Vec<u8> {
    // Nothing leaves that could be promised.
    let mut short = Answered { receipts: Vec::new(), ..answered.clone() };
    let json = short.to_json();
    if json.len() <= TRAILER_BYTES {
        return json;
    }
    short.sites.iter_mut().for_each(|outcome| outcome.message = None);
    short.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Coverage;
    use renkei_types::{SiteOutcome, SiteState};

    #[test]
    fn every_code_has_the_status_of_its_class() {
        for code in Code::ALL {
            let expected = match code.as_str() {
                "E-IDENTITY" => Grpc::Unauthenticated,
                "E-PROJECT" | "E-GRANT-TABLE" | "E-MINIMUM" | "E-CLOCK" | "E-LEVEL" | "E-GRID" | "E-BUDGET"
                | "E-AUDITOR" => Grpc::PermissionDenied,
                "E-LATE" => Grpc::DeadlineExceeded,
                "E-CANCELLED" => Grpc::Cancelled,
                "E-UNDETERMINED" => Grpc::FailedPrecondition,
                "E-OFFLINE" | "E-SNAPSHOT" | "E-SNAPSHOT-GONE" | "E-NOT-MAPPED" | "E-DIGEST" | "E-BUSY"
                | "E-UNAVAILABLE" | "E-MIN-SITES" => Grpc::Unavailable,
                _ => Grpc::InvalidArgument,
            };
            assert_eq!(grpc(*code), expected, "{code}");
        }
    }

    fn answered(message: &str) -> Answered {
        let outcome = |i: usize| SiteOutcome {
            site: format!("site-{i}").parse().unwrap(),
            state: SiteState::Failed,
            code: Some(Code::Failed),
            message: Some(message.to_owned()),
            snapshot: None,
            vocabulary: None,
            minimum_persons: None,
            policy: None,
            elapsed_ms: 3,
        };
        Answered {
            query_id: renkei_types::QueryId::at(renkei_types::Timestamp(0), [7; 10]),
            project: "p".parse().unwrap(),
            sites: (0..12).map(outcome).collect(),
            coverage: Coverage::default(),
            warnings: Vec::new(),
            code_sets: Vec::new(),
            unmapped: Vec::new(),
            undecided: Vec::new(),
            receipts: Vec::new(),
            fetch: None,
        }
    }

    #[test]
    fn trailers_carry_the_whole_and_stay_small() {
        for message in ["short".to_owned(), "長い".repeat(200)] {
            let refusal = Refusal::new(Code::MinSites, "no site answered").hint("wait");
            let refused = Refused { refusal: refusal.clone(), answered: Some(Box::new(answered(&message))) };
            let status = super::refused(&refused);
            assert_eq!((status.code(), status.message()), (Grpc::Unavailable, refusal.to_string().as_str()));
            let bytes = |name| status.metadata().get_bin(name).unwrap().to_bytes().unwrap();
            assert_eq!(serde_json::from_slice::<Refusal>(&bytes(REFUSAL_TRAILER)).unwrap(), refusal);
            let read: Answered = serde_json::from_slice(&bytes(ANSWER_TRAILER)).unwrap();
            assert_eq!(read.sites.len(), 12);
            assert!(bytes(ANSWER_TRAILER).len() <= TRAILER_BYTES);
        }
    }
}
