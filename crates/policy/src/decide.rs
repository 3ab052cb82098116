//! The decision.

use std::collections::BTreeSet;

use renkei_types::{Code, PersonId, ProjectId, Refusal, SiteState};

use crate::{FLOOR, Seal, SitePolicy};

/// What is asked, as far as the policy looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The project under which it is asked.
    pub project: &'a ProjectId,
    /// Who asks.
    pub subject: &'a PersonId,
    /// Tables of persons and of the site that the statement reads.
    pub tables: &'a BTreeSet<String>,
    /// Vocabulary tables that it reads.
    pub reference_tables: &'a BTreeSet<String>,
    /// The seal of the snapshot that would answer.
    pub seal: Seal,
}

/// The right to execute one question and to release its cells under these numbers. Only [`decide`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    minimum_persons: u32,
    project: ProjectId,
}

impl Permit {
    /// Distinct persons that a released cell or aggregate has at least. 0 and 1 mean that nothing is held, which is
    /// possible on open snapshots only.
    #[must_use]
    pub fn minimum_persons(&self) -> u32 {
        self.minimum_persons
    }

    /// The project that was permitted.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.project
    }

    /// Whether persons have to be counted at all.
    #[must_use]
    pub fn guarded(&self) -> bool {
        self.minimum_persons > 1
    }
}

/// A no, with the state in which the site ends and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// `NotApproved` where nobody has granted it, `Refused` where a rule forbids it.
    pub state: SiteState,
    /// Code, reason and next step.
    pub refusal: Refusal,
}

fn deny<T>(state: SiteState, refusal: Refusal) -> Result<T, Box<Denial>> {
    Err(Box::new(Denial { state, refusal }))
}

/// Decides whether a question may be asked.
///
/// # Errors
/// A [`Denial`] that names what is missing and who can grant it.
pub fn decide(policy: &SitePolicy, ask: &Ask<'_>) -> Result<Permit, Box<Denial>> {
    let Some(grant) = policy.grants.get(ask.project) else {
        let refusal = Refusal::new(Code::Project, format!("project {} has no grant at this site", ask.project))
            .hint("the hospital adds the project to its policy");
        return deny(SiteState::NotApproved, refusal);
    };
    if grant.members.as_ref().is_some_and(|members| !members.contains(ask.subject)) {
        let refusal =
            Refusal::new(Code::Project, format!("{} is not a member of project {} here", ask.subject, ask.project))
                .hint("the hospital adds the person to the project's grant");
        return deny(SiteState::NotApproved, refusal);
    }
    let missing = grant.tables.first_missing(ask.tables).or_else(|| grant.tables.first_missing(ask.reference_tables));
    if let Some(table) = missing {
        let refusal =
            Refusal::new(Code::TableGrant, format!("project {} was not granted table `{table}`", ask.project))
                .hint("leave the table out, or have the hospital extend the grant");
        return deny(SiteState::NotApproved, refusal);
    }
    minimum(policy, grant.minimum_persons, ask)
}

/// The site's minimum, tightened by the project; loosened on open snapshots only.
fn minimum(policy: &SitePolicy, wanted: Option<u32>, ask: &Ask<'_>) -> Result<Permit, Box<Denial>> {
    let minimum_persons = match (wanted, ask.seal.is_open()) {
        (Some(k), true) => k,
        (None, true) => policy.minimum_persons,
        (wanted, false) => wanted.unwrap_or(0).max(policy.minimum_persons),
    };
    let below = minimum_persons < FLOOR || wanted.is_some_and(|k| k < FLOOR);
    if below && !ask.seal.is_open() {
        let refusal = Refusal::new(
            Code::MinimumPersons,
            format!("a minimum below {FLOOR} persons is possible on snapshots sealed as synthetic or public only"),
        )
        .hint("set the minimum to at least 5, or remove it");
        return deny(SiteState::Refused, refusal);
    }
    Ok(Permit { minimum_persons, project: ask.project.clone() })
}

#[cfg(test)]
mod tests;
