//! D: the case group under which a stay is paid, an observation of the stay. Its acts are those of EF.

use std::collections::HashSet;
use std::io::{self, BufRead};

use super::layout::d::{ADMISSION, DATE, FACILITY, PATIENT, PERIOD_START};
use super::line::Line;
use super::origin::Origin;
use super::sink::Sink;
use super::stay::{self, link};
use super::{Input, remarks};
use crate::codes::canonical;
use crate::record::{Observation, Provenance, Record, Value};
use crate::when::When;
use crate::{Rule, System};

pub(super) fn read<R: BufRead>(input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    let origin = input.origin;
    let mut group = Group::default();
    input.each(sink, origin.layout.d, &mut |line, sink| group.take(line, &origin, sink))
}

/// What was said of the stay at hand.
#[derive(Default)]
struct Group {
    stay: String,
    told: HashSet<String>,
}

impl Group {
    fn take(&mut self, line: &Line, origin: &Origin, sink: &mut Sink<'_>) {
        let code = line.code(origin.layout.case_group);
        if code.is_empty() {
            return sink.out.remark(&remarks::NO_GROUP);
        }
        let day = line.day(PERIOD_START).or_else(|| line.day(DATE));
        let (Some(day), Some(_), false) = (day, line.day(ADMISSION), line.code(PATIENT).is_empty()) else {
            return sink.reject(line, Rule::Essential, None);
        };
        let stay = stay::key(line.code(FACILITY), line.code(PATIENT), line.code(ADMISSION));
        if stay != self.stay {
            self.stay = stay;
            self.told.clear();
        }
        let key = format!("dpc/d/{}/{}/{code}", self.stay, super::ef::written(day));
        if self.told.contains(&key) {
            return;
        }
        let Some(code) = canonical(System::Dpc, code, &mut sink.out.remarks) else { return };
        let code = sink.out.code(code, None);
        let record = Record::Observation(Observation {
            codes: vec![code],
            at: When::day(day),
            value: Value::default(),
            provenance: Provenance::Claim,
            link: link(&self.stay),
        });
        sink.state(line.code(PATIENT), key.clone(), origin.version, vec![record]);
        self.told.insert(key);
    }
}
