//! A gateway's log and a node's.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use renkei_audit::entry::{
    Act, Admin, Body, Cells, Count, Draft, Intent, Line, List, Name, Outcome, Private, Question, Refusal, Shown, State,
    Who,
};
use renkei_audit::note::{Kind, Origin, SigningKey};
use renkei_audit::store::{Config, Kept, Log, Pending, Reader};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, ProjectId, QueryId, SiteId, SnapshotId, Timestamp};

/// 2026-09-21 23:13:20 in Japan.
pub const START: i64 = 1_790_000_000_000_000;

#[derive(Debug, Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000_000, Ordering::SeqCst))
    }
}

pub const GATEWAY: &str = "renkei://c/gateway/lead";
pub const TOKYO: &str = "renkei://c/site/tokyo";

pub fn line<const MAX: usize>(text: &str) -> Line<MAX> {
    Line::new(text).unwrap()
}

pub fn origin(name: &str) -> Origin {
    Origin::new(name).unwrap()
}

/// A log that is written to, one second an entry.
pub struct Writer {
    log: Log,
    rng: ChaCha20Rng,
    open: Vec<Pending<Kept>>,
}

impl Writer {
    pub fn open(root: &Path, name: &str, from: i64) -> Self {
        let key = Arc::new(SigningKey::from_seed(origin(name), Kind::Log, &[7; 32]).unwrap());
        let clock = Arc::new(Hand(Arc::new(AtomicI64::new(from))));
        Self {
            log: Log::open(Config::new(root.to_owned(), key, clock)).unwrap().0,
            rng: ChaCha20Rng::seed_from_u64(1),
            open: Vec::new(),
        }
    }

    pub fn write(&self, draft: impl Into<Draft>) {
        self.log.append(draft.into()).wait().unwrap();
    }

    pub fn question(&mut self, ask: &Ask<'_>) -> Question {
        let mut openings = Vec::new();
        Question {
            ethics: Some(line("2026-0123")),
            level: line("aggregate"),
            parameters: None,
            project: ProjectId::new(ask.project).unwrap(),
            purpose: line("心不全の疫学"),
            sequence: None,
            sites: List::new(ask.sites.iter().map(|site| SiteId::new(*site).unwrap()).collect()).unwrap(),
            sql: Shown::new("sql", ask.sql, &mut self.rng, &mut openings),
            statement: Hash::of(ask.sql.as_bytes()),
        }
    }

    pub fn intent(&mut self, ask: &Ask<'_>) {
        let body = self.intent_of(ask);
        self.write(body);
    }

    /// The same without waiting for the disk.
    pub fn later(&mut self, body: Body) {
        self.open.push(self.log.append(body));
        if self.open.len() >= 4_096 {
            self.settle();
        }
    }

    pub fn settle(&mut self) {
        self.open.drain(..).for_each(|pending| _ = pending.wait().unwrap());
    }

    pub fn intent_of(&mut self, ask: &Ask<'_>) -> Body {
        let question = self.question(ask);
        Body::Intent(Box::new(Intent {
            budget: None,
            columns: List::new(vec![Name::new(format!("{}.person_id", ask.table)).unwrap()]).unwrap(),
            opt_out: Some(line("7")),
            part: 0,
            policy: line("3"),
            private: Private::default(),
            query: QueryId::new(ask.query).unwrap(),
            question,
            snapshots: List::new(vec![SnapshotId::new("s-1").unwrap()]).unwrap(),
            software: line("0.1.0"),
            tables: List::new(vec![Name::new(ask.table).unwrap()]).unwrap(),
            who: who(ask.who),
        }))
    }

    pub fn outcome(&self, query: &str, state: State, site: Option<&str>) {
        self.write(outcome_of(query, state, site));
    }

    pub fn refusal(&mut self, ask: &Ask<'_>) {
        let question = self.question(ask);
        self.write(Body::Refusal(Box::new(Refusal {
            code: line("E-GRANT-TABLE"),
            part: Some(0),
            private: Private::default(),
            query: Some(QueryId::new(ask.query).unwrap()),
            question: Some(question),
            reason: line("the project was not granted the table `note`"),
            received: Hash::of(b"bytes"),
            who: Some(who(ask.who)),
        })));
    }

    pub fn act(&self, act: Act, detail: &str) {
        let (detail, subject) = (Line::lossy(detail), line(TOKYO));
        self.write(Body::Admin(Admin { act, detail, digest: None, private: Private::default(), subject, who: None }));
    }

    pub fn close(self) {
        self.log.checkpoint().wait().unwrap();
        self.log.close();
    }
}

pub fn outcome_of(query: &str, state: State, site: Option<&str>) -> Body {
    Body::Outcome(Box::new(Outcome {
        cells: Cells { asked: Count::saturating(4), released: Count::saturating(2) },
        code: (state == State::Offline).then(|| line("E-OFFLINE")),
        micros: Count::saturating(12_345),
        part: 0,
        private: Private::default(),
        query: QueryId::new(query).unwrap(),
        result: None,
        site: site.map(|site| SiteId::new(site).unwrap()),
        state,
    }))
}

pub fn who(id: &str) -> Who {
    Who {
        institution: line(if id == "yamada" { "大阪大学" } else { "東京大学" }),
        key: line("-"),
        on_behalf: None,
        subject: Line::lossy(&format!("renkei://c/person/{id}")),
    }
}

/// What is asked.
pub struct Ask<'a> {
    pub query: &'a str,
    pub who: &'a str,
    pub project: &'a str,
    pub table: &'a str,
    pub sites: &'a [&'a str],
    pub sql: &'a str,
}

pub const ASKS: [Ask<'static>; 4] = [
    Ask {
        query: "q-1",
        who: "suzuki",
        project: "p-1",
        table: "person",
        sites: &["osaka", "tokyo"],
        sql: "SELECT gender_concept_id, count(*) FROM person GROUP BY 1 -- 糖尿病の性別",
    },
    Ask {
        query: "q-2",
        who: "yamada",
        project: "p-2",
        table: "measurement",
        sites: &["osaka", "tokyo"],
        sql: "SELECT avg(value_as_number) FROM measurement -- 心不全",
    },
    Ask { query: "q-3", who: "yamada", project: "p-2", table: "note", sites: &["tokyo"], sql: "SELECT 1 FROM note" },
    Ask {
        query: "q-4",
        who: "suzuki",
        project: "p-1",
        table: "person",
        sites: &["tokyo"],
        sql: "=HYPERLINK(\"x\")\nSELECT count(*) FROM person",
    },
];

/// The gateway asks all; the second question finds osaka offline, the third is refused, the fourth has no end.
pub fn gateway(root: &Path) {
    let mut log = Writer::open(root, GATEWAY, START);
    log.act(Act::Start, "renkei-gateway 0.1.0");
    log.intent(&ASKS[0]);
    for site in ["osaka", "tokyo"] {
        log.outcome("q-1", State::Answered, Some(site));
    }
    log.outcome("q-1", State::Answered, None);
    log.intent(&ASKS[1]);
    log.outcome("q-2", State::Offline, Some("osaka"));
    log.outcome("q-2", State::Answered, Some("tokyo"));
    log.outcome("q-2", State::Answered, None);
    log.refusal(&ASKS[2]);
    log.intent(&ASKS[3]);
    log.close();
}

/// The node of tokyo.
pub fn tokyo(root: &Path) {
    let mut log = Writer::open(root, TOKYO, START + 500_000);
    for ask in [&ASKS[0], &ASKS[1]] {
        log.intent(ask);
        log.outcome(ask.query, State::Answered, None);
    }
    log.act(Act::OptOut, "名簿を更新しました");
    log.close();
}

pub fn reader(root: &Path) -> Reader {
    Reader::new(root)
}
