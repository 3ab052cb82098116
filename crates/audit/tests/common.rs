//! Keys, a clock, entries as a node writes them, and logs laid out by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::RngCore as _;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use renkei_audit::entry::{
    Act, Admin, Body, Cells, Count, Draft, Intent, Line, List, Name, Opening, Outcome, Private, Question, Refusal,
    Seal, Shown, State, Who,
};
use renkei_audit::note::{Kind, Origin, SigningKey};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, ProjectId, QueryId, SiteId, SnapshotId, Timestamp};

pub const START: i64 = 1_790_000_000_000_000;

/// A clock that tests turn.
#[derive(Debug, Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    pub fn turn(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub fn key(name: &str, kind: Kind, seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed(Origin::new(name).unwrap(), kind, &[seed; 32]).unwrap())
}

pub fn node_key() -> Arc<SigningKey> {
    key("renkei.example/audit/node/tokyo", Kind::Log, 1)
}

pub fn gateway_key() -> Arc<SigningKey> {
    key("renkei.example/audit/gateway/main", Kind::Log, 2)
}

pub fn witness_key() -> Arc<SigningKey> {
    key("renkei.example/witness/gateway", Kind::Witness, 3)
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn line<const MAX: usize>(text: &str) -> Line<MAX> {
    Line::new(text).unwrap()
}

pub fn query(number: u64) -> QueryId {
    QueryId::new(format!("q-{number:06}")).unwrap()
}

pub fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

pub fn who() -> Who {
    Who {
        institution: line("東京大学"),
        key: line("sha256:0123456789abcdef"),
        on_behalf: None,
        subject: line("renkei://kanjo/person/suzuki"),
    }
}

/// Questions of ten projects in turn, numbered without gap.
pub fn question(number: u64, sites: &[&str]) -> Question {
    let sql = format!("SELECT gender_concept_id, count(*) FROM person WHERE year_of_birth < {number} GROUP BY 1");
    Question {
        ethics: Some(line("2026-0123")),
        level: line("aggregate"),
        parameters: None,
        project: ProjectId::new(format!("project-{}", number % 10)).unwrap(),
        purpose: line("心不全の疫学"),
        sequence: Some(Count::saturating(number / 10 + 1)),
        sites: List::new(sites.iter().map(|name| site(name)).collect()).unwrap(),
        statement: Hash::of(sql.as_bytes()),
        sql: Shown::Text(renkei_audit::entry::Text::new(sql).unwrap()),
    }
}

pub fn intent(number: u64, sites: &[&str], rng: &mut ChaCha20Rng) -> Draft {
    let (mut openings, mut private) = (Vec::new(), Private::default());
    private.seal("minimum", "10", rng, &mut openings).unwrap();
    let intent = Intent {
        budget: None,
        columns: List::new(vec![Name::new("person.gender_concept_id").unwrap()]).unwrap(),
        opt_out: Some(line("7")),
        part: 0,
        policy: line("3"),
        private,
        query: query(number),
        question: question(number, sites),
        snapshots: List::new(vec![SnapshotId::new("s-1").unwrap()]).unwrap(),
        software: line("0.1.0"),
        tables: List::new(vec![Name::new("person").unwrap()]).unwrap(),
        who: who(),
    };
    Draft { body: Body::Intent(Box::new(intent)), openings }
}

pub fn outcome(number: u64, state: State, of: Option<&str>) -> Draft {
    let answer = (state == State::Answered).then(|| Seal::of(&Hash::of(b"salt"), &number.to_be_bytes()));
    let outcome = Outcome {
        cells: Cells { asked: Count::saturating(4), released: Count::saturating(2) },
        code: (state == State::Refused).then(|| line("E-GRANT-TABLE")),
        micros: Count::saturating(12_345),
        part: 0,
        private: Private::default(),
        query: query(number),
        result: answer,
        site: of.map(site),
        state,
    };
    Body::Outcome(Box::new(outcome)).into()
}

pub fn refusal(number: u64) -> Draft {
    let refusal = Refusal {
        code: line("E-GRANT-TABLE"),
        part: Some(0),
        private: Private::default(),
        query: Some(query(number)),
        question: Some(Question { sequence: None, ..question(number, &["tokyo"]) }),
        reason: line("the project was not granted the table `note`"),
        received: Hash::of(b"bytes"),
        who: Some(who()),
    };
    Body::Refusal(Box::new(refusal)).into()
}

pub fn admin(act: Act) -> Draft {
    let admin = Admin {
        act,
        detail: line("第 3 版"),
        digest: Some(Hash::of(b"policy")),
        private: Private::default(),
        subject: line("policy.toml"),
        who: Some(who()),
    };
    Body::Admin(admin).into()
}

/// A random value below `limit`.
pub fn below(rng: &mut ChaCha20Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u64() % limit.max(1) as u64).unwrap()
}

/// All files of a folder with their contents.
pub fn files(root: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                all.push((path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

/// The bytes of openings as the log keeps them beside a bundle.
pub fn openings_file(openings: &[Vec<Opening>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for list in openings {
        let one = if list.is_empty() { Vec::new() } else { serde_json::to_vec(list).unwrap() };
        bytes.extend(u32::try_from(one.len()).unwrap().to_be_bytes());
        bytes.extend(one);
    }
    bytes
}
