//! How a command ended: one enumeration, one function of the answer, one table.

use renkei_types::{Class, Code, SiteOutcome};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked was answered; held cells included.
    Ok,
    /// Something failed that is none of the others, such as a full disk.
    Failure,
    /// The command line, the configuration or the statement has to be written otherwise.
    Usage,
    /// There is an answer, but some site is not in it.
    Partial,
    /// Somebody has to grant something first.
    Denied,
    /// The gateway, or too many sites, could not be reached.
    Unavailable,
    /// A check of the audit log failed.
    Checks,
    /// Interrupted by the one who asked.
    Interrupted,
}

impl Exit {
    /// All, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Failure,
        Self::Usage,
        Self::Partial,
        Self::Denied,
        Self::Unavailable,
        Self::Checks,
        Self::Interrupted,
    ];

    /// The process's exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Denied => 4,
            Self::Unavailable => 5,
            Self::Checks => 6,
            Self::Interrupted => 130,
        }
    }

    /// The name in `--status json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Checks => "checks",
            Self::Interrupted => "interrupted",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "every site that was asked answered (also with cells held back)",
            Self::Failure => "something else failed, such as writing the output",
            Self::Usage => "command line, configuration or statement: write it otherwise",
            Self::Partial => "an answer, but without some site (offline, late, failed, refused …)",
            Self::Denied => "denied: identity, project, table or site is not granted",
            Self::Unavailable => "gateway unreachable, fewer sites than --min-sites, or no site answered",
            Self::Checks => "a check failed: an audit log cannot be believed, or logs contradict each other",
            Self::Interrupted => "interrupted (Ctrl-C); the hospitals stop working on it",
        }
    }

    /// What a refusal of the whole question means.
    pub fn of_code(code: Code) -> Self {
        match (code, code.class()) {
            (Code::Cancelled, _) => Self::Interrupted,
            (_, Class::Statement) => Self::Usage,
            (_, Class::Denied) => Self::Denied,
            (_, Class::Unavailable) => Self::Unavailable,
        }
    }

    /// What the sites' states mean for an answer that did arrive. A statement that asked no site is complete.
    pub fn of_sites(sites: &[SiteOutcome]) -> Self {
        let contributing = sites.iter().filter(|site| site.state.contributes()).count();
        match contributing {
            n if n == sites.len() => Self::Ok,
            0 => Self::of_silence(sites),
            _ => Self::Partial,
        }
    }

    /// No site contributed: where all say no for the same reason, that reason is the answer.
    fn of_silence(sites: &[SiteOutcome]) -> Self {
        let same = |wanted| sites.iter().all(|site| site.code.map(Self::of_code) == Some(wanted));
        [Self::Denied, Self::Usage].into_iter().find(|exit| same(*exit)).unwrap_or(Self::Unavailable)
    }
}

/// The table of exit statuses, as the help and the documentation show it.
pub fn table() -> String {
    let mut text = String::from("Exit status:\n");
    for exit in Exit::ALL {
        text.push_str(&format!("  {:>3}  {:<12} {}\n", exit.status(), exit.name(), exit.meaning()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_types::{SiteId, SiteState};

    fn sites(states: &[(SiteState, Option<Code>)]) -> Vec<SiteOutcome> {
        let outcome = |(index, (state, code)): (usize, &(SiteState, Option<Code>))| SiteOutcome {
            site: SiteId::new(format!("site-{index}")).unwrap(),
            state: *state,
            code: *code,
            message: None,
            snapshot: None,
            vocabulary: None,
            minimum_persons: None,
            policy: None,
            elapsed_ms: 1,
        };
        states.iter().enumerate().map(outcome).collect()
    }

    #[test]
    fn the_table_is_reviewed() {
        assert_eq!(
            table(),
            "Exit status:
    0  ok           every site that was asked answered (also with cells held back)
    1  failure      something else failed, such as writing the output
    2  usage        command line, configuration or statement: write it otherwise
    3  partial      an answer, but without some site (offline, late, failed, refused …)
    4  denied       denied: identity, project, table or site is not granted
    5  unavailable  gateway unreachable, fewer sites than --min-sites, or no site answered
    6  checks       a check failed: an audit log cannot be believed, or logs contradict each other
  130  interrupted  interrupted (Ctrl-C); the hospitals stop working on it
"
        );
    }

    #[test]
    fn every_code_has_its_status() {
        for code in Code::ALL {
            let expected = match code {
                Code::Cancelled => 130,
                _ => match code.class() {
                    Class::Statement => 2,
                    Class::Denied => 4,
                    Class::Unavailable => 5,
                },
            };
            assert_eq!(Exit::of_code(*code).status(), expected, "{code}");
        }
    }

    #[test]
    fn the_sites_decide() {
        use SiteState::*;
        type Case = (&'static [(SiteState, Option<Code>)], Exit);
        let cases: &[Case] = &[
            (&[], Exit::Ok),
            (&[(Answered, None)], Exit::Ok),
            (&[(Answered, None), (AnsweredHeld, None), (Pooled, None)], Exit::Ok),
            (&[(Answered, None), (Offline, Some(Code::Offline))], Exit::Partial),
            (&[(AnsweredHeld, None), (Late, Some(Code::Late))], Exit::Partial),
            (&[(Answered, None), (Refused, Some(Code::Rows))], Exit::Partial),
            (&[(Answered, None), (NotMapped, Some(Code::NotMapped))], Exit::Partial),
            (&[(Answered, None), (NotApproved, Some(Code::TableGrant))], Exit::Partial),
            (&[(Answered, None), (Failed, Some(Code::Failed))], Exit::Partial),
            (&[(Offline, Some(Code::Offline))], Exit::Unavailable),
            (&[(Offline, None), (Late, None)], Exit::Unavailable),
            (&[(NotApproved, Some(Code::TableGrant)), (Offline, Some(Code::Offline))], Exit::Unavailable),
            (&[(NotApproved, Some(Code::TableGrant)), (Refused, Some(Code::TableGrant))], Exit::Denied),
            (&[(Refused, Some(Code::Rows)), (Refused, Some(Code::Rows))], Exit::Usage),
        ];
        for (states, expected) in cases {
            assert_eq!(Exit::of_sites(&sites(states)), *expected, "{states:?}");
        }
    }
}
