//! Asking each site's policy, without asking the question.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use renkei_proto::site_state;
use renkei_types::{SiteId, SiteState};

use super::Verdict;
use crate::config::Project;
use crate::federator::{Question, Terms, request};
use crate::sites::plain;
use crate::state::State;

/// How long a verdict may take: it reads no record.
const PATIENCE: Duration = Duration::from_secs(5);

/// The verdict of every site.
pub(super) async fn all(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    project: &Project,
    sites: &BTreeSet<&SiteId>,
) -> Vec<Verdict> {
    join_all(sites.iter().map(|site| one(state, question, terms, project, site))).await
}

async fn one(state: &State, question: &Question, terms: &Terms, project: &Project, id: &SiteId) -> Verdict {
    let silent = |state| Verdict { site: id.clone(), permitted: None, state, code: None, message: None };
    let Some(site) = state.sites.get(id).filter(|site| site.link.is_connected()) else { return silent("offline") };
    let Some(request) = request(state, question, terms, project, PATIENCE) else { return silent("failed") };
    let mut client = site.client();
    let asked = client.assess(request);
    let wire = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(verdict)) => verdict.into_inner(),
        Ok(Err(status)) if status.code() == tonic::Code::Unimplemented => {
            return silent("its version gives no verdict");
        }
        Ok(Err(_)) => return silent("failed"),
        Err(_) => return silent("late"),
    };
    let Ok(end) = site_state(wire.state) else { return silent("failed") };
    let text = |text: &str| Some(plain(text)).filter(|text| !text.is_empty());
    let message = match (text(&wire.message), text(&wire.hint)) {
        (Some(message), Some(hint)) => Some(format!("{message} (hint: {hint})")),
        (message, hint) => message.or(hint),
    };
    let permitted = Some(end == SiteState::Answered);
    Verdict { site: id.clone(), permitted, state: end.as_str(), code: text(&wire.code), message }
}
