//! What the policy says of a question, without asking it.
//!
//! The stations are the same as for a question, up to the permit: envelope, split, digest, policy, tables. No record is
//! read, nothing is executed, and nothing but the verdict leaves, which tells no more than the site's grants and which
//! tables it has. It is no question, so the signed log has no entry of it; the ordinary log says who wanted to know.

use std::sync::Arc;

use renkei_proto::node_state;
use renkei_proto::v1::{AskRequest, Verdict};
use renkei_types::{Code, SiteState};

use super::{Answer, Pipeline, Received, decide, receive};
use crate::registered;

impl Pipeline {
    /// The verdict.
    pub(crate) async fn assess(&self, request: AskRequest) -> Verdict {
        let now = self.clock.now();
        let received = match self.executor.blocking(move || receive::receive(request, now)).await {
            Ok(Ok(received)) => Arc::new(received),
            Ok(Err(refusal)) => return verdict(Err(Box::new(Answer::refused(refusal)))),
            Err(error) => return verdict(Err(Box::new(Answer::fault("receiving", &error)))),
        };
        let (query, project, subject) = (&received.query, &received.project, &received.subject);
        let assessed = tokio::time::timeout(received.time_left, self.assessed(&received)).await;
        let late = || Box::new(Answer::failed(Code::Late, "the time for a verdict ran out at the site"));
        let assessed = assessed.unwrap_or_else(|_| Err(late()));
        let code = assessed.as_ref().err().and_then(|answer| answer.code()).map(Code::as_str);
        tracing::info!(%query, %project, %subject, code, "a question was explained");
        verdict(assessed)
    }

    /// Under which name the statement is registered, if it is.
    async fn assessed(&self, received: &Arc<Received>) -> Result<Option<String>, Box<Answer>> {
        let Ok(_place) = self.places.acquire().await else { return Err(Box::new(Answer::stopping())) };
        let (split, _lease) = self.plan(received).await?;
        if received.digest != split.digest.0 {
            let text = "this site derives another split of the statement than the gateway; versions differ";
            return Err(Box::new(Answer::failed(Code::Digest, text)));
        }
        let tables = self.snapshots.tables(received.snapshot.as_ref()).map_err(|unready| Box::new(unready.answer()))?;
        let permit = decide::decide(&self.policy, received, &split, &tables, &registered::all(&self.state))?;
        decide::mapped(&split, &tables)?;
        Ok(permit.exemption().map(|exemption| exemption.name().to_owned()))
    }
}

fn verdict(assessed: Result<Option<String>, Box<Answer>>) -> Verdict {
    match assessed {
        Ok(registered) => {
            let message = registered.map(|name| format!("the hospital registered it as `{name}`")).unwrap_or_default();
            Verdict { state: node_state(SiteState::Answered).into(), message, ..Verdict::default() }
        }
        Err(answer) => answer.verdict(),
    }
}
