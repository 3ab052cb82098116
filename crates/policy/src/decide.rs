//! The decision.

use renkei_types::{Code, ProjectId, Refusal, SiteState};

use crate::{Ask, Budget, Exemption, Exploration, FLOOR, Grant, Level, Mode, SitePolicy};

/// Coded dimensions of a question of feasibility.
pub const MAX_DIMENSIONS: usize = 3;

/// The right to execute one question and to release its cells under these rules. Only [`decide`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    minimum_persons: u32,
    project: ProjectId,
    level: Level,
    mode: Mode,
    budget: Budget,
    exemption: Option<Exemption>,
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

    /// The level at which it is answered.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// What happens to nearly the same cohort as one that was released before.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How many questions the project and the person may ask.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// Where the statement is registered: beside what it may leave as it is.
    #[must_use]
    pub fn exemption(&self) -> Option<&Exemption> {
        self.exemption.as_ref()
    }

    /// Whether persons have to be counted at all.
    #[must_use]
    pub fn guarded(&self) -> bool {
        self.minimum_persons > 1
    }

    /// Whether what leaves is compared with what left before. A minimum below [`FLOOR`], which open snapshots alone
    /// can have, switches it off together with the rules against recomputing a held cell.
    #[must_use]
    pub fn remembered(&self) -> bool {
        self.minimum_persons >= FLOOR
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
    let level = level(policy, grant, ask)?;
    if level == Level::Feasibility {
        explores(ask.exploration)?;
    }
    let minimum_persons = minimum(policy, grant.minimum_persons, ask)?;
    let mode = match (level, grant.mode) {
        // Flags alone do not stop a tracker in exploration, where nobody has approved the questions.
        (Level::Feasibility, Some(Mode::Hold)) => Mode::Hold,
        (Level::Feasibility, _) => Mode::Substitute,
        (_, mode) => mode.unwrap_or(level.mode()),
    };
    let exemption = ask.text.as_ref().and_then(|text| ask.registered.exemption(ask.project, text));
    let budget = match exemption {
        // The hospital has seen what it tells: it costs nothing.
        Some(_) => Budget::default(),
        None => grant.budget.unwrap_or(Budget::of(level)),
    };
    Ok(Permit { minimum_persons, project: ask.project.clone(), level, mode, budget, exemption })
}

/// The level of the grant, narrowed by the site.
fn level(policy: &SitePolicy, grant: &Grant, ask: &Ask<'_>) -> Result<Level, Box<Denial>> {
    let level = grant.level.min(policy.level);
    if grant.level == Level::Row {
        let message = format!("project {} is granted rows, which this version does not release", ask.project);
        let refusal = Refusal::new(Code::Level, message).hint("have the hospital grant the level `aggregate`");
        return deny(SiteState::Refused, refusal);
    }
    Ok(level)
}

/// The rules of statements at the level *feasibility*.
fn explores(asked: &Exploration) -> Result<(), Box<Denial>> {
    let refuse = |message: String, hint: &str| deny(SiteState::Refused, Refusal::new(Code::Level, message).hint(hint));
    if let Some(aggregate) = asked.other_aggregates.first() {
        return refuse(
            format!("the level feasibility gives numbers of persons only, not `{aggregate}`"),
            "write count(DISTINCT person_id), or have the hospital grant the level `aggregate`",
        );
    }
    if let Some(key) = asked.other_keys.first() {
        return refuse(
            format!("the level feasibility groups by codes, bands, months and years, not by `{key}`"),
            "group by a code, a band of CASE, date_trunc('month', …) or a year",
        );
    }
    // Of two numbers in one answer the second is held where it differs from the first by few, which tells that it does;
    // asked one after the other, the earlier value is given again.
    if (asked.release_points, asked.aggregates) != (1, 1) {
        return refuse(
            format!(
                "the level feasibility gives one number of persons at a time, not {} in {} results",
                asked.aggregates, asked.release_points
            ),
            "ask for one count(DISTINCT person_id), grouped if need be, and for the others in statements of their own",
        );
    }
    if asked.dimensions > MAX_DIMENSIONS {
        return refuse(
            format!("the level feasibility groups by at most {MAX_DIMENSIONS} keys, not {}", asked.dimensions),
            "leave keys out, or ask in parts",
        );
    }
    if let Some(literal) = asked.off_grid.first() {
        let nearest = literal.nearest.join(" or ");
        let message = format!(
            "the level feasibility takes literals on a grid; `{}` for `{}` is beside it",
            literal.literal, literal.what
        );
        let refusal = Refusal::new(Code::Grid, message).hint(format!("the nearest on the grid: {nearest}"));
        return deny(SiteState::Refused, refusal.at(literal.position));
    }
    Ok(())
}

/// The site's minimum, tightened by the project; loosened on open snapshots only.
fn minimum(policy: &SitePolicy, wanted: Option<u32>, ask: &Ask<'_>) -> Result<u32, Box<Denial>> {
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
    Ok(minimum_persons)
}

#[cfg(test)]
mod levels;
#[cfg(test)]
mod tests;
