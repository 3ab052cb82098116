//! Options of a question: what a caller says beside the statement.
//!
//! One table declares them, each with two ways in: a call header, which is good for that call, and a session option,
//! which is good for the calls of a session. A header wins over its session. To add an option, add a field to
//! [`Options`] and a line to [`ALL`]: headers, sessions and their errors follow.

use std::collections::BTreeMap;
use std::time::Duration;

use renkei_plan::View;
use renkei_types::{Code, ProjectId, Refusal, SiteId, SnapshotId};
use tonic::metadata::MetadataMap;

use crate::duration;

/// Call header: the project under which the question is asked.
pub const PROJECT: &str = "renkei-project";
/// Call header: time for the sites to answer, such as `30s`.
pub const DEADLINE: &str = "renkei-deadline";
/// Call header: fewest sites that must contribute, else the answer is an error.
pub const MIN_SITES: &str = "renkei-min-sites";
/// Call header: `json` makes EXPLAIN answer one row of JSON.
pub const EXPLAIN: &str = "renkei-explain";

/// Call header: `off` leaves out `renkei_sites` and `renkei_held`, and makes totals with a held part NULL.
pub const COLUMNS: &str = "renkei-columns";
/// Call header: `on` adds `<name>_low` and `<name>_high` to what can be bounded.
pub const BOUNDS: &str = "renkei-bounds";
/// Call header: the time after which the answer comes without the sites that are still at work.
pub const WAIT: &str = "renkei-wait";
/// Call header: the snapshots to answer from, as `site=snapshot` with commas; other sites answer from their current one.
pub const SNAPSHOTS: &str = "renkei-snapshots";

/// Sites that a call may name a snapshot of.
const MAX_SNAPSHOTS: usize = 256;

/// How EXPLAIN answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Explain {
    Text,
    Json,
}

/// The options of one call, or of a session; none where nothing was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    pub(crate) project: Option<ProjectId>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) min_sites: Option<usize>,
    pub(crate) explain: Option<Explain>,
    pub(crate) columns: Option<bool>,
    pub(crate) bounds: Option<bool>,
    pub(crate) wait: Option<Duration>,
    pub(crate) snapshots: Option<BTreeMap<SiteId, SnapshotId>>,
    /// What the caller proved of themselves, for the log; set by the door, never by the caller.
    pub(crate) proof: String,
}

/// A value that an option does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    code: Code,
    hint: String,
}

/// An option: its names, and how it is read and shown.
pub(crate) struct Declared {
    /// The session option.
    pub(crate) name: &'static str,
    /// The call header.
    pub(crate) header: &'static str,
    set: fn(&mut Options, &str) -> Result<(), Unreadable>,
    clear: fn(&mut Options),
    show: fn(&Options) -> Option<String>,
}

/// Every option.
pub(crate) const ALL: &[Declared] = &[
    Declared {
        name: "renkei.project",
        header: PROJECT,
        set: |options, text| {
            let read = text.parse().map_err(|error| Unreadable { code: Code::Project, hint: format!("{error}") });
            read.map(|project| options.project = Some(project))
        },
        clear: |options| options.project = None,
        show: |options| options.project.as_ref().map(ToString::to_string),
    },
    Declared {
        name: "renkei.deadline",
        header: DEADLINE,
        set: |options, text| {
            let read = duration::parse(text).filter(|deadline| !deadline.is_zero());
            read.map(|deadline| options.deadline = Some(deadline))
                .ok_or_else(|| wrong("write a duration such as 500ms, 30s, 2m or 1h"))
        },
        clear: |options| options.deadline = None,
        show: |options| options.deadline.map(duration::show),
    },
    Declared {
        name: "renkei.min_sites",
        header: MIN_SITES,
        set: |options, text| {
            let read = text.parse().ok().filter(|number| *number > 0);
            read.map(|number| options.min_sites = Some(number))
                .ok_or_else(|| wrong("write a number of sites, 1 or more"))
        },
        clear: |options| options.min_sites = None,
        show: |options| options.min_sites.map(|number| number.to_string()),
    },
    Declared {
        name: "renkei.explain",
        header: EXPLAIN,
        set: |options, text| {
            options.explain = Some(match text {
                "text" => Explain::Text,
                "json" => Explain::Json,
                _ => return Err(wrong("write text or json")),
            });
            Ok(())
        },
        clear: |options| options.explain = None,
        show: |options| {
            options.explain.map(|explain| if explain == Explain::Json { "json" } else { "text" }.to_owned())
        },
    },
    Declared {
        name: "renkei.columns",
        header: COLUMNS,
        set: |options, text| switch(text).map(|on| options.columns = Some(on)),
        clear: |options| options.columns = None,
        show: |options| options.columns.map(on_or_off),
    },
    Declared {
        name: "renkei.bounds",
        header: BOUNDS,
        set: |options, text| switch(text).map(|on| options.bounds = Some(on)),
        clear: |options| options.bounds = None,
        show: |options| options.bounds.map(on_or_off),
    },
    Declared {
        name: "renkei.wait",
        header: WAIT,
        set: |options, text| {
            let read = duration::parse(text).filter(|wait| !wait.is_zero());
            read.map(|wait| options.wait = Some(wait))
                .ok_or_else(|| wrong("write a duration such as 500ms, 5s or 1m, shorter than the deadline"))
        },
        clear: |options| options.wait = None,
        show: |options| options.wait.map(duration::show),
    },
    Declared {
        name: "renkei.snapshots",
        header: SNAPSHOTS,
        set: |options, text| {
            let read = snapshots(text);
            read.map(|snapshots| options.snapshots = Some(snapshots)).ok_or_else(|| {
                wrong("write pairs such as osaka=20261128t020000z-3f2a41b5c6d7, each site once, with commas")
            })
        },
        clear: |options| options.snapshots = None,
        show: |options| {
            let pair = |(site, snapshot): (&SiteId, &SnapshotId)| format!("{site}={snapshot}");
            options.snapshots.as_ref().map(|all| all.iter().map(pair).collect::<Vec<_>>().join(","))
        },
    },
];

fn snapshots(text: &str) -> Option<BTreeMap<SiteId, SnapshotId>> {
    let mut all = BTreeMap::new();
    for pair in text.split(',') {
        let (site, snapshot) = pair.trim().split_once('=')?;
        let new = all.insert(SiteId::new(site).ok()?, SnapshotId::new(snapshot).ok()?).is_none();
        if !new || all.len() > MAX_SNAPSHOTS {
            return None;
        }
    }
    Some(all)
}

fn switch(text: &str) -> Result<bool, Unreadable> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(wrong("write on or off")),
    }
}

fn on_or_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn wrong(hint: &str) -> Unreadable {
    Unreadable { code: Code::Parameter, hint: hint.to_owned() }
}

impl Declared {
    /// The option of a session by that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|declared| declared.name == name)
    }

    /// Reads a value, or forgets it where there is none.
    pub(crate) fn set(&self, options: &mut Options, text: Option<&str>) -> Result<(), Unreadable> {
        match text {
            Some(text) => (self.set)(options, text.trim()),
            None => {
                (self.clear)(options);
                Ok(())
            }
        }
    }

    /// The value as it would be read, where it was set.
    pub(crate) fn show(&self, options: &Options) -> Option<String> {
        (self.show)(options)
    }
}

impl Options {
    /// Reads the headers of a call over what its session says. A header that cannot be read is refused, since ignoring
    /// it would answer another question.
    pub(crate) fn read(mut self, map: &MetadataMap) -> Result<Self, Refusal> {
        for declared in ALL {
            let Some(text) = value(map, declared.header)? else { continue };
            declared.set(&mut self, Some(text)).map_err(|error| unreadable(declared.header, text, error))?;
        }
        Ok(self)
    }

    /// The form of the answer.
    pub(crate) fn view(&self) -> View {
        let usual = View::default();
        View { columns: self.columns.unwrap_or(usual.columns), bounds: self.bounds.unwrap_or(usual.bounds) }
    }

    /// Whether EXPLAIN answers JSON.
    pub(crate) fn explain_json(&self) -> bool {
        self.explain == Some(Explain::Json)
    }

    /// The deadline to use, with a warning where the asked one is over the longest.
    pub(crate) fn deadline(&self, default: Duration, longest: Duration) -> (Duration, Option<String>) {
        match self.deadline {
            None => (default, None),
            Some(asked) if asked <= longest => (asked, None),
            Some(asked) => {
                let (asked, shown) = (duration::show(asked), duration::show(longest));
                (
                    longest,
                    Some(format!("the deadline of {asked} was shortened to {shown}, the longest of this gateway")),
                )
            }
        }
    }
}

fn value<'a>(map: &'a MetadataMap, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut values = map.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Refusal::new(Code::Parameter, format!("header `{name}` is given twice")).hint("give it once"));
    }
    let text = first.map(|value| value.to_str().map(str::trim));
    text.transpose().map_err(|_| unreadable(name, "…", wrong("use ASCII")))
}

fn unreadable(name: &str, text: &str, error: Unreadable) -> Refusal {
    let text: String = text.chars().take(80).collect();
    Refusal::new(error.code, format!("header `{name}` is `{text}`")).hint(error.hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<Options, Refusal> {
        let mut map = MetadataMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        Options::default().read(&map)
    }

    #[test]
    fn headers_are_read_or_refused() {
        assert_eq!(read(&[]).unwrap(), Options::default());
        let all = read(&[(PROJECT, "p"), (DEADLINE, "2m"), (MIN_SITES, "2"), (EXPLAIN, "json")]).unwrap();
        assert_eq!((all.deadline, all.min_sites, all.explain_json()), (Some(Duration::from_secs(120)), Some(2), true));
        assert_eq!(all.project.unwrap().as_str(), "p");
        for (pairs, code) in [
            ([(PROJECT, "Not An Id")].as_slice(), Code::Project),
            (&[(DEADLINE, "soon")], Code::Parameter),
            (&[(DEADLINE, "0s")], Code::Parameter),
            (&[(MIN_SITES, "0")], Code::Parameter),
            (&[(SNAPSHOTS, "osaka")], Code::Parameter),
            (&[(SNAPSHOTS, "osaka=a,osaka=b")], Code::Parameter),
            (&[(SNAPSHOTS, "osaka=a,,tokyo=b")], Code::Parameter),
            (&[(SNAPSHOTS, "osaka=../x")], Code::Parameter),
            (&[(MIN_SITES, "-1")], Code::Parameter),
            (&[(MIN_SITES, "1"), (MIN_SITES, "2")], Code::Parameter),
            (&[(EXPLAIN, "xml")], Code::Parameter),
            (&[(COLUMNS, "no")], Code::Parameter),
            (&[(BOUNDS, "2")], Code::Parameter),
            (&[(WAIT, "0s")], Code::Parameter),
        ] {
            assert_eq!(read(pairs).unwrap_err().code, code, "{pairs:?}");
        }
    }

    #[test]
    fn a_header_wins_over_its_session() {
        let mut session = Options::default();
        for (name, text) in [("renkei.deadline", "5s"), ("renkei.min_sites", "3"), ("renkei.explain", "json")] {
            Declared::named(name).unwrap().set(&mut session, Some(text)).unwrap();
        }
        let mut map = MetadataMap::new();
        map.insert(MIN_SITES, "1".parse().unwrap());
        map.insert(EXPLAIN, "text".parse().unwrap());
        let both = session.clone().read(&map).unwrap();
        assert_eq!((both.deadline, both.min_sites), (session.deadline, Some(1)));
        assert!(!both.explain_json() && session.explain_json());
    }

    #[test]
    fn every_option_is_set_shown_and_forgotten_under_its_own_names() {
        for declared in ALL {
            assert_eq!(declared.header, declared.name.replace(['.', '_'], "-"));
            let text = match declared.name {
                "renkei.deadline" => "90s",
                "renkei.min_sites" => "2",
                "renkei.explain" => "json",
                "renkei.columns" => "off",
                "renkei.bounds" => "on",
                "renkei.wait" => "5s",
                "renkei.snapshots" => "osaka=20261128t020000z-3f2a41b5c6d7",
                _ => "p",
            };
            let mut options = Options::default();
            declared.set(&mut options, Some(text)).unwrap();
            assert_eq!(declared.show(&options).as_deref(), Some(text));
            assert!(ALL.iter().all(|other| other.name == declared.name || other.show(&options).is_none()));
            declared.set(&mut options, None).unwrap();
            assert_eq!(options, Options::default());
        }
        assert!(Declared::named("renkei-deadline").is_none());
    }

    #[test]
    fn a_deadline_is_shortened_with_a_warning() {
        let (default, longest) = (Duration::from_secs(60), Duration::from_secs(600));
        let of = |text: &str| read(&[(DEADLINE, text)]).unwrap().deadline(default, longest);
        assert_eq!(Options::default().deadline(default, longest), (default, None));
        assert_eq!(of("10m"), (longest, None));
        let (deadline, warning) = of("1h");
        assert_eq!(deadline, longest);
        assert!(warning.unwrap().contains("shortened to 600s"));
    }
}
