//! The rounds of one question.
//!
//! A statement that compares rows of persons with a released result is asked in rounds: the result first, then
//! everything that is compared with it. All rounds speak of the same sites on the same snapshots. A site that drops out
//! after the first round takes its cells with it: what was made from them is made again without it, and asked again, so
//! that no answer compares the rows of some sites with a value of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use renkei_audit::receipt::Given;
use renkei_plan::SiteCells;
use renkei_proto::v1::Feed;
use renkei_types::{Refusal, SiteId, SiteOutcome, SiteState, SnapshotId};
use tokio::time::Instant;

use super::dispatch::{self, Reply, Round};
use super::{Cells, Question, Terms, judge, merge};
use crate::audit::{End, OpenPart, Record};
use crate::config::Project;
use crate::state::State;

/// What all rounds came to.
#[derive(Debug)]
pub(crate) struct Asked {
    /// How each site of the project ended, by site.
    pub(super) outcomes: Vec<SiteOutcome>,
    pub(super) cells: Result<Cells, Refusal>,
    pub(super) warnings: Vec<String>,
    /// Codes of each code set that a site holds data for, by site, then by feed.
    pub(super) codes_held: CodesHeld,
    /// What the sites' logs promise of the cells.
    pub(super) receipts: Vec<Given>,
    /// The last part that was asked, not yet ended.
    pub(super) part: Option<OpenPart>,
}

/// By site, then by feed.
pub(super) type CodesHeld = BTreeMap<SiteId, BTreeMap<usize, u64>>;

impl Asked {
    /// What one round came to that has not ended everywhere.
    pub(super) fn of_one_round(points: usize, replies: Vec<Reply>) -> Self {
        let mut cells: Cells = vec![Vec::new(); points];
        let (mut outcomes, mut codes_held, mut receipts) = (Vec::new(), CodesHeld::new(), Vec::new());
        for reply in replies {
            if reply.outcome.state.contributes() {
                codes_held.insert(reply.outcome.site.clone(), reply.codes_held);
            }
            outcomes.push(reply.outcome);
            receipts.extend(reply.receipt);
            for (point, of_site) in reply.cells {
                if let Some(sites) = cells.get_mut(point) {
                    sites.push(of_site);
                }
            }
        }
        Self { outcomes, cells: Ok(cells), warnings: Vec::new(), codes_held, receipts, part: None }
    }

    /// Ends the last part, where its answers are recorded as parts of their own.
    pub(super) async fn collected(&mut self) {
        let Some(part) = self.part.take() else { return };
        let end = self.cells.as_ref().map_or_else(|refusal| End::without_answer(refusal.code), |_| End::collected());
        if let Err(refusal) = part.close(end).await {
            self.cells = Err(refusal);
        }
    }

    /// What the cells take in memory.
    pub(super) fn bytes(&self) -> usize {
        let batches = self.cells.iter().flatten().flatten().flat_map(|site| &site.cells);
        batches.map(datafusion::arrow::array::RecordBatch::get_array_memory_size).sum()
    }
}

/// Asks all rounds.
pub(super) async fn all(
    state: &Arc<State>,
    question: &Question,
    terms: &Terms,
    project: &Project,
    record: &Record,
) -> Asked {
    let mut rounds = Rounds {
        until: Instant::now() + terms.deadline,
        asked: project.sites.iter().cloned().collect(),
        outcomes: BTreeMap::new(),
        cells: question.split.release_points.iter().map(|_| BTreeMap::new()).collect(),
        feeds: question.resolved.iter().map(|made| (made.index, made.feed.clone())).collect(),
        warnings: question.warnings.iter().cloned().collect(),
        codes_held: BTreeMap::new(),
        receipts: BTreeMap::new(),
        part: None,
    };
    let cells = rounds.run(state, question, terms, project, record).await;
    let Rounds { outcomes, cells: by_point, warnings, codes_held, receipts, part, .. } = rounds;
    Asked {
        outcomes: outcomes.into_values().collect(),
        cells: cells.map(|()| by_point.into_iter().map(|sites| sites.into_values().collect()).collect()),
        warnings: warnings.into_iter().collect(),
        codes_held,
        receipts: receipts.into_values().flatten().collect(),
        part,
    }
}

struct Rounds {
    until: Instant,
    /// Sites that are still in.
    asked: BTreeSet<SiteId>,
    outcomes: BTreeMap<SiteId, SiteOutcome>,
    /// By release point, then by site.
    cells: Vec<BTreeMap<SiteId, SiteCells>>,
    feeds: BTreeMap<usize, Feed>,
    warnings: BTreeSet<String>,
    codes_held: CodesHeld,
    /// What the sites' logs promise of the cells.
    receipts: BTreeMap<SiteId, Vec<Given>>,
    /// The last part that was asked.
    part: Option<OpenPart>,
}

impl Rounds {
    async fn run(
        &mut self,
        state: &Arc<State>,
        question: &Question,
        terms: &Terms,
        project: &Project,
        record: &Record,
    ) -> Result<(), Refusal> {
        let mut round = 0;
        while round < question.split.rounds() && !self.asked.is_empty() {
            self.make_feeds(state, question, terms, round).await?;
            if let Some(part) = self.part.take() {
                part.close(End::collected()).await?;
            }
            let asked = question.split.points_of(round).map(|point| point.states.len() as u64).sum();
            let part = record.begin(self.asked.iter().cloned(), asked).await?;
            let asked = self.round(round, &terms.snapshots);
            let replies = dispatch::all(state, question, terms, project, &asked, &part).await;
            self.part = Some(part);
            let before = self.asked.len();
            replies.into_iter().for_each(|reply| self.take(reply));
            judge::enough(&self.outcomes.values().cloned().collect::<Vec<_>>(), terms.min_sites)?;
            let lost = self.asked.len() < before;
            round = if lost && round > 0 { self.again(question) } else { round + 1 };
        }
        Ok(())
    }

    /// The first round is asked of the snapshots that were wished for, later ones of those that it was answered from.
    fn round(&self, number: usize, wished: &BTreeMap<SiteId, SnapshotId>) -> Round {
        let answered = |site: &SiteId| self.outcomes.get(site).and_then(|outcome| outcome.snapshot.clone());
        let snapshot = |site: &SiteId| answered(site).or_else(|| wished.get(site).cloned());
        Round {
            number,
            until: self.until,
            feeds: self.feeds.values().cloned().collect(),
            sites: self.asked.iter().map(|site| (site.clone(), snapshot(site))).collect(),
        }
    }

    async fn make_feeds(
        &mut self,
        state: &Arc<State>,
        question: &Question,
        terms: &Terms,
        round: usize,
    ) -> Result<(), Refusal> {
        let missing: Vec<usize> = question
            .split
            .feeds_until(round)
            .map(|feed| feed.index)
            .filter(|index| !self.feeds.contains_key(index))
            .collect();
        for index in missing {
            let cells = self.cells.iter().map(|sites| sites.values().cloned().collect()).collect();
            let made = merge::feed(state, question, terms, cells, index).await?;
            self.warnings.extend(made.warning);
            self.feeds.insert(index, made.feed);
        }
        Ok(())
    }

    fn take(&mut self, reply: Reply) {
        let site = reply.outcome.site.clone();
        if reply.outcome.state.contributes() {
            self.receipts.entry(site.clone()).or_default().extend(reply.receipt);
            self.codes_held.entry(site.clone()).or_default().extend(reply.codes_held);
            for (point, cells) in reply.cells {
                if let Some(sites) = self.cells.get_mut(point) {
                    sites.insert(site.clone(), cells);
                }
            }
        } else {
            self.asked.remove(&site);
            self.codes_held.remove(&site);
            self.receipts.remove(&site);
            self.cells.iter_mut().for_each(|sites| drop(sites.remove(&site)));
        }
        let outcome = match self.outcomes.remove(&site) {
            Some(before) => both(before, reply.outcome),
            None => reply.outcome,
        };
        self.outcomes.insert(site, outcome);
    }

    /// Forgets everything that was made with a site that has dropped out; returns the round to go on from.
    fn again(&mut self, question: &Question) -> usize {
        for feed in question.split.feeds.iter().filter(|feed| feed.round > 0) {
            self.feeds.remove(&feed.index);
        }
        for point in question.split.release_points.iter().filter(|point| point.round > 0) {
            if let Some(sites) = self.cells.get_mut(point.index) {
                sites.clear();
            }
        }
        1
    }
}

/// A site's end over two rounds: the later, unless both contributed and the earlier held something.
fn both(before: SiteOutcome, after: SiteOutcome) -> SiteOutcome {
    let elapsed_ms = before.elapsed_ms.saturating_add(after.elapsed_ms);
    let held = before.state == SiteState::AnsweredHeld && after.state == SiteState::Answered;
    let latest = if held { before } else { after };
    SiteOutcome { elapsed_ms, ..latest }
}
