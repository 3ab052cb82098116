//! Whether enough sites contributed.

use std::collections::BTreeMap;

use renkei_types::{Code, Refusal, SiteId, SiteOutcome, SnapshotId};

use crate::options::{MIN_SITES, SNAPSHOTS};

/// Refuses before anything is asked where the sites can never be enough.
pub(super) fn possible(sites: usize, min_sites: usize) -> Result<(), Refusal> {
    if min_sites <= sites {
        return Ok(());
    }
    let message = format!("{min_sites} sites were asked for, and the project has {sites}");
    Err(Refusal::new(Code::MinSites, message).hint(format!("lower the call header `{MIN_SITES}`")))
}

/// Refuses a snapshot of a site that is not asked: the answer would not be what was wished for.
pub(super) fn wished(snapshots: &BTreeMap<SiteId, SnapshotId>, sites: &[SiteId]) -> Result<(), Refusal> {
    let Some(other) = snapshots.keys().find(|site| !sites.contains(site)) else { return Ok(()) };
    let message = format!("a snapshot of `{other}` is named, and the project has no such site");
    Err(Refusal::new(Code::Parameter, message).hint(format!("take it out of the call header `{SNAPSHOTS}`")))
}

/// Refuses with every site's state where fewer contributed than were asked for.
pub(super) fn enough(outcomes: &[SiteOutcome], min_sites: usize) -> Result<(), Refusal> {
    let contributing = outcomes.iter().filter(|outcome| outcome.state.contributes()).count();
    if contributing >= min_sites.max(1) {
        return Ok(());
    }
    let states: Vec<String> = outcomes.iter().map(show).collect();
    let states = states.join(", ");
    if contributing > 0 {
        let message = format!("{min_sites} sites were asked for and {contributing} answered: {states}");
        let hint = format!("lower the call header `{MIN_SITES}`, or ask again later");
        return Err(Refusal::new(Code::MinSites, message).hint(hint));
    }
    let refusal = Refusal::new(common_code(outcomes), format!("no site answered: {states}"));
    let said = outcomes.iter().find_map(|outcome| outcome.message.as_deref());
    Err(match said {
        Some(said) if refusal.code != Code::MinSites => refusal.hint(said),
        _ => refusal.hint("SELECT * FROM renkei.answers tells more about each site"),
    })
}

fn show(outcome: &SiteOutcome) -> String {
    match outcome.code {
        Some(code) if outcome.state.as_str() != "offline" && outcome.state.as_str() != "late" => {
            format!("{} {} ({code})", outcome.site, outcome.state)
        }
        _ => format!("{} {}", outcome.site, outcome.state),
    }
}

/// The code that all sites share tells the caller more than that they were too few.
fn common_code(outcomes: &[SiteOutcome]) -> Code {
    let mut codes = outcomes.iter().map(|outcome| outcome.code);
    match codes.next() {
        Some(Some(first)) if codes.all(|code| code == Some(first)) => first,
        _ => Code::MinSites,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_types::SiteState::{self, Answered, AnsweredHeld, Failed, Late, Offline, Refused};

    fn outcome(site: &str, state: SiteState, code: Option<Code>) -> SiteOutcome {
        SiteOutcome {
            site: site.parse().unwrap(),
            state,
            code,
            message: None,
            snapshot: None,
            vocabulary: None,
            minimum_persons: None,
            policy: None,
            elapsed_ms: 1,
        }
    }

    #[test]
    fn the_code_and_the_states_are_told() {
        let answered = || outcome("a", Answered, None);
        let held = || outcome("b", AnsweredHeld, None);
        let offline = || outcome("c", Offline, Some(Code::Offline));
        let late = || outcome("d", Late, Some(Code::Late));
        let refused = || outcome("e", Refused, Some(Code::TableGrant));
        let failed = || outcome("f", Failed, Some(Code::Digest));
        let code = |outcomes: &[SiteOutcome], min| enough(outcomes, min).map_err(|refusal| refusal.code);
        assert_eq!(code(&[answered(), held(), offline()], 2), Ok(()));
        assert_eq!(code(&[held()], 1), Ok(()));
        assert_eq!(code(&[answered(), offline()], 2), Err(Code::MinSites));
        assert_eq!(code(&[offline(), offline()], 1), Err(Code::Offline));
        assert_eq!(code(&[late()], 1), Err(Code::Late));
        assert_eq!(code(&[refused()], 1), Err(Code::TableGrant));
        assert_eq!(code(&[failed(), offline()], 1), Err(Code::MinSites));
        assert_eq!(code(&[], 1), Err(Code::MinSites));
        let text = enough(&[failed(), offline(), refused()], 1).unwrap_err().message;
        assert_eq!(text, "no site answered: f failed (E-DIGEST), c offline, e refused (E-GRANT-TABLE)");
        assert_eq!(possible(3, 3), Ok(()));
        assert_eq!(possible(3, 4).unwrap_err().code, Code::MinSites);
    }
}
