//! Call headers: what a caller says beside the statement.

use std::time::Duration;

use renkei_types::{Code, ProjectId, Refusal};
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

/// The headers of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Headers {
    pub(crate) project: Option<ProjectId>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) min_sites: Option<usize>,
    pub(crate) explain_json: bool,
}

impl Headers {
    /// Reads them; a header that cannot be read is refused, since ignoring it would answer another question.
    pub(crate) fn read(map: &MetadataMap) -> Result<Self, Refusal> {
        let project = value(map, PROJECT)?.map(|text| {
            text.parse().map_err(|error| Refusal::new(Code::Project, format!("header `{PROJECT}`: {error}")))
        });
        let deadline = value(map, DEADLINE)?.map(|text| {
            duration::parse(text)
                .filter(|deadline| !deadline.is_zero())
                .ok_or_else(|| wrong(DEADLINE, text, "write a duration such as 500ms, 30s, 2m or 1h"))
        });
        let min_sites = value(map, MIN_SITES)?.map(|text| {
            text.parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| wrong(MIN_SITES, text, "write a number of sites, 1 or more"))
        });
        let explain_json = match value(map, EXPLAIN)? {
            None | Some("text") => false,
            Some("json") => true,
            Some(text) => return Err(wrong(EXPLAIN, text, "write text or json")),
        };
        Ok(Self {
            project: project.transpose()?,
            deadline: deadline.transpose()?,
            min_sites: min_sites.transpose()?,
            explain_json,
        })
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
    text.transpose().map_err(|_| wrong(name, "…", "use ASCII"))
}

fn wrong(name: &str, text: &str, hint: &str) -> Refusal {
    let text: String = text.chars().take(80).collect();
    Refusal::new(Code::Parameter, format!("header `{name}` is `{text}`")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<Headers, Refusal> {
        let mut map = MetadataMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        Headers::read(&map)
    }

    #[test]
    fn headers_are_read_or_refused() {
        assert_eq!(read(&[]).unwrap(), Headers::default());
        let all = read(&[(PROJECT, "p"), (DEADLINE, "2m"), (MIN_SITES, "2"), (EXPLAIN, "json")]).unwrap();
        assert_eq!((all.deadline, all.min_sites, all.explain_json), (Some(Duration::from_secs(120)), Some(2), true));
        assert_eq!(all.project.unwrap().as_str(), "p");
        for (pairs, code) in [
            ([(PROJECT, "Not An Id")].as_slice(), Code::Project),
            (&[(DEADLINE, "soon")], Code::Parameter),
            (&[(DEADLINE, "0s")], Code::Parameter),
            (&[(MIN_SITES, "0")], Code::Parameter),
            (&[(MIN_SITES, "-1")], Code::Parameter),
            (&[(MIN_SITES, "1"), (MIN_SITES, "2")], Code::Parameter),
            (&[(EXPLAIN, "xml")], Code::Parameter),
        ] {
            assert_eq!(read(pairs).unwrap_err().code, code, "{pairs:?}");
        }
    }

    #[test]
    fn a_deadline_is_shortened_with_a_warning() {
        let (default, longest) = (Duration::from_secs(60), Duration::from_secs(600));
        let of = |text: &str| read(&[(DEADLINE, text)]).unwrap().deadline(default, longest);
        assert_eq!(Headers::default().deadline(default, longest), (default, None));
        assert_eq!(of("10m"), (longest, None));
        let (deadline, warning) = of("1h");
        assert_eq!(deadline, longest);
        assert!(warning.unwrap().contains("shortened to 600s"));
    }
}
