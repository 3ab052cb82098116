//! Attacks of several questions, in each mode of the ledger.

use renkei_attack::fixture::{HELPERS_BORN, Hospital};
use renkei_attack::search::Search;
use renkei_attack::tracker::{
    Cells, Conditional, Filters, Four, Helpers, Moved, Other, Parts, Remainder, Rows, Sums, Within,
};
use renkei_attack::{Attack, Report, Target, Victim, aim};
use renkei_audit::entry::{Body, Entry};
use renkei_e2e::{Consortium, Site};
use renkei_node::config::{Budget, Level, Mode};

/// Crowds of the ordinary run, and of the long one.
const FEW: usize = 24;
const MANY: usize = 300;

/// How a site guards: a level and a mode of the ledger; nothing is a minimum of one person.
type Guard = Option<(Level, Mode)>;

/// What exploration has, and an approved project whose hospital chose the same.
const EXPLORATION: Guard = Some((Level::Feasibility, Mode::Substitute));
const SUBSTITUTE: Guard = Some((Level::Aggregate, Mode::Substitute));
const FLAG: Guard = Some((Level::Aggregate, Mode::Flag));
const HOLD: Guard = Some((Level::Aggregate, Mode::Hold));

/// One site with crowds in it. Its budget is without end, as each victim is attacked with few questions.
fn consortium(crowds: usize, guard: Guard) -> (Consortium, Vec<Victim>) {
    let records = Hospital::crowds(5, crowds);
    let victims = records.victims();
    assert_eq!(victims.len(), crowds);
    let consortium = match guard {
        Some((level, mode)) => Consortium::start([Site::with("tokyo", records).grant(|project| {
            (project.ledger, project.level) = (Some(mode), level);
            project.budget = Some(Budget { project_30_days: Some(1_000_000), person_day: Some(1_000_000) });
        })]),
        None => Consortium::open([Site::open("tokyo", records)]),
    };
    (consortium, victims)
}

/// How often each statement's end in the node's log tells of a near answer.
pub fn alarms(consortium: &Consortium) -> usize {
    let reader = renkei_node::audit::reader(&consortium.state_dir("tokyo"));
    let entries = (0..reader.size().unwrap()).map(|i| Entry::decode(&reader.entry(i).unwrap()).unwrap());
    entries.filter(|e| matches!(&e.body, Body::Outcome(outcome) if !outcome.private.is_empty())).count()
}

fn play(attack: &mut dyn Attack, crowds: usize, guard: Guard) -> Report {
    let (consortium, victims) = consortium(crowds, guard);
    let report = aim(attack, &Target::of(&consortium), &victims);
    println!("{guard:?}: {report}");
    report
}

/// At chance: better than always saying the more frequent answer is what counts, so accuracies are balanced.
fn at_chance(report: &Report) {
    assert!(report.balanced <= 0.60 && report.auc <= 0.60, "{report}");
}

#[test]
fn trackers_are_at_chance_in_exploration() {
    for attack in [&mut Four as &mut dyn Attack, &mut Moved, &mut Remainder] {
        let free = play(attack, FEW, None);
        assert!(free.accuracy > 0.9, "RT-03 proves nothing: {free}");
        at_chance(&play(attack, FEW, EXPLORATION));
    }
    let free = play(&mut Sums, FEW, None);
    assert!(free.accuracy > 0.99, "RT-04 proves nothing: {free}");
    at_chance(&play(&mut Sums, FEW, SUBSTITUTE));
}

#[test]
fn trackers_raise_the_alarm_before_their_last_answer() {
    let (consortium, victims) = consortium(12, FLAG);
    let target = Target::of(&consortium);
    for victim in &victims {
        let before = alarms(&consortium);
        let _ = Four.belief(&target, victim);
        assert!(alarms(&consortium) > before, "RT-03: no alarm for {victim:?}");
    }
}

#[test]
fn a_condition_beside_its_cell_tells_nothing() {
    let free = play(&mut Conditional, FEW, None);
    assert!(free.accuracy > 0.99, "RT-30 proves nothing: {free}");
    for guard in [FLAG, HOLD, SUBSTITUTE, EXPLORATION] {
        at_chance(&play(&mut Conditional, FEW, guard));
    }
}

/// Two numbers of which the second lacks one person: that it is held must not tell that it differs.
#[test]
fn what_is_held_does_not_tell() {
    let attacks = || -> [Box<dyn Attack>; 5] {
        [Box::new(Moved), Box::new(Rows), Box::new(Other), Box::new(Within), Box::new(Filters)]
    };
    for mut attack in attacks() {
        let free = play(&mut *attack, FEW, None);
        assert!(free.accuracy > 0.9, "RT-08 proves nothing: {free}");
    }
    for guard in [HOLD, SUBSTITUTE] {
        attacks().into_iter().for_each(|mut attack| at_chance(&play(&mut *attack, FEW, guard)));
    }
    at_chance(&play(&mut Rows, FEW, EXPLORATION));
}

fn helpers() -> Helpers {
    let (first, last) = (HELPERS_BORN.start(), HELPERS_BORN.end());
    Helpers { helpers: format!("p.year_of_birth BETWEEN {first} AND {last}") }
}

/// One time in ten the secret threshold is ten, so that one in twenty is found beyond chance; more would be too many.
#[test]
fn helpers_do_not_find_the_threshold() {
    let free = play(&mut helpers(), FEW, None);
    assert!(free.accuracy > 0.99, "RT-09 proves nothing: {free}");
    let held = play(&mut helpers(), FEW, SUBSTITUTE);
    assert!(held.balanced <= 0.75, "RT-09: {held}");
}

#[test]
fn two_cohorts_of_one_statement_are_not_asked_in_exploration() {
    let free = play(&mut Within, FEW, None);
    assert!(free.accuracy > 0.99, "RT-05 proves nothing: {free}");
    at_chance(&play(&mut Within, FEW, EXPLORATION));
}

/// Searches on half of the victims, and uses on the other half what was found.
fn searched(crowds: usize, proposals: usize, guard: Guard) -> (Search, Report) {
    let (consortium, victims) = consortium(crowds, guard);
    let target = Target::of(&consortium);
    let (known, others) = victims.split_at(crowds / 2);
    let mut search = Search::on(&target, known, proposals, 11);
    let report = aim(&mut search, &target, others);
    println!("{guard:?}: {proposals} proposals: {report}; {search:?}");
    (search, report)
}

#[test]
fn an_automated_search_finds_nothing_in_exploration() {
    let (_, free) = searched(FEW, 12, None);
    assert!(free.balanced > 0.9, "RT-47 proves nothing: {free}");
    let (_, held) = searched(FEW, 12, EXPLORATION);
    assert!(held.balanced <= 0.60, "RT-47: {held}");
}

#[test]
#[ignore = "ten thousand proposals"]
fn ten_thousand_proposals() {
    for guard in [EXPLORATION, SUBSTITUTE] {
        let _ = searched(MANY, 10_000, guard);
    }
}

/// The tracker of the specification, within the questions of a person and a day for each victim.
#[test]
#[ignore = "three hundred victims"]
fn three_hundred_victims() {
    at_chance(&play(&mut Four, MANY, EXPLORATION));
}

/// Every attack in every mode in which it is of interest: a measurement for docs/security/attacks.md, where what is open
/// is named.
#[test]
#[ignore = "a measurement of some minutes"]
fn success_by_mode() {
    for guard in [EXPLORATION, SUBSTITUTE, HOLD] {
        let attacks: [&mut dyn Attack; 12] = [
            &mut Moved,
            &mut Within,
            &mut Remainder,
            &mut Cells,
            &mut Parts { first: true },
            &mut Parts { first: false },
            &mut helpers(),
            &mut Sums,
            &mut Conditional,
            &mut Rows,
            &mut Other,
            &mut Filters,
        ];
        for attack in attacks {
            let _ = play(attack, FEW, guard);
        }
    }
}
