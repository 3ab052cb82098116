//! `renkei-node preview`: what would leave, on the hospital's own data, without anything leaving.

mod register;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use datafusion::arrow::util::display::array_value_to_string;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use renkei_disclosure::{Reason, Released};
use renkei_ledger::{Asking, Flag, Ledger};
use renkei_pki::Credentials;
use renkei_plan::{Question, ReleasePoint};
use renkei_policy::{Registration, Text};
use renkei_types::{Clock, PersonId, ProjectId, QueryId, SiteId, SystemClock};

use super::{ConfigFile, load, print};
use crate::acts::{self, Done};
use crate::config::Config;
use crate::ingest::Language;
use crate::node;
use crate::query::{Asked, Executed, Pipeline, Settling, asked, execute, mapped, permit, reading};
use crate::registered;
use crate::snapshots::Snapshots;
use crate::store::Store;
use crate::worker::{Execution, Executor, Part, Statement};

/// Shows which cells of a statement would leave, which are held, and by which rule. Nothing leaves; it is recorded.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// The project under which it would be asked.
    project: ProjectId,
    /// The statement.
    sql: String,
    /// Who would ask; by default the first member that the grant names.
    #[arg(long)]
    person: Option<PersonId>,
    /// Registers the statement under this name, if all of it may leave: on this snapshot it then leaves beside the
    /// earlier answers that it is near, and is not charged.
    #[arg(long, value_name = "NAME", value_parser = register::name)]
    register: Option<String>,
}

pub(super) fn run(args: &Args, execution: &Execution, language: Language) -> anyhow::Result<ExitCode> {
    let config = load(&args.file.config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(preview(args, &config, execution, language))
}

async fn preview(args: &Args, config: &Config, execution: &Execution, language: Language) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let question = Question { sql: &args.sql, parameters: &[], bound_at: now };
    let split = match Pipeline::planner().split(&question) {
        Ok(split) => split,
        Err(refusal) => return refused(&refusal.to_string()),
    };
    if split.rounds() > 1 {
        bail!("the statement compares rows with released results, which only the gateway has; preview its inner part");
    }
    let snapshots = Snapshots::new(Store::open(&config.state_dir, Arc::clone(&clock))?, config.opt_out.clone());
    let tables = snapshots.tables(None)?;
    let policy = config.site_policy();
    let member = policy.grants.get(&args.project).and_then(|grant| grant.members.iter().flatten().next().cloned());
    let person = args.person.clone().or(member).map_or_else(|| PersonId::new("preview"), Ok)?;
    let snapshot = tables.snapshot();
    let (text, in_force) = (
        Text { statement: registered::statement(&args.sql), snapshot: snapshot.id() },
        registered::all(&config.state_dir),
    );
    let seal = snapshot.seal().into();
    let permit = match permit(&policy, &args.project, &person, &split, seal, Some(text), &in_force) {
        Ok(permit) => Arc::new(permit),
        Err(denial) => return refused(&denial.refusal.to_string()),
    };
    if let Err(answer) = mapped(&split, &tables) {
        return refused(answer.reason());
    }
    let left_out = snapshots.left_out(&tables, &args.project)?;
    let done = Done::Previewed { project: args.project.clone(), sql: args.sql.clone() };
    acts::leave(&config.state_dir, &*clock, done)?;

    let spill = tempfile::Builder::new().prefix("preview-").tempdir_in(&config.state_dir)?;
    let files = &config.tls;
    let own = Credentials::load(&files.ca, &files.certificate, &files.key, Arc::clone(&clock))?;
    let site = SiteId::new(own.name().id()).context("the certificate's site")?;
    let executor = Executor::new(site, node::limits(config, spill.path().to_owned()), execution)?;
    let mut lease = executor.lease(&args.project).await?;
    let (sql, parameters, vocabulary) = (args.sql.clone(), Vec::new(), Default::default());
    lease.plan(&Statement { sql, parameters, bound_at: now, vocabulary }).await?;
    let ledger = match Ledger::look(&config.state_dir) {
        // Before the agent first ran nothing has left, and there is no ledger for a registration to speak of.
        Err(renkei_ledger::Error::None { .. }) if args.register.is_some() => {
            bail!("nothing can be registered before the agent first ran")
        }
        Err(renkei_ledger::Error::None { .. }) => Ledger::open(spill.path(), StdRng::from_os_rng().random())?,
        ledger => ledger?,
    };
    let (ledger_id, known) = (ledger.identity(), ledger.anchors() as u64);
    let settling = Settling {
        ledger: Arc::new(ledger),
        asking: Asking {
            project: args.project.clone(),
            query: QueryId::at(now, StdRng::from_os_rng().random()),
            snapshot: tables.snapshot().id().clone(),
            mode: permit.mode(),
            minimum: permit.minimum_persons(),
            now,
            statement: asked(&args.sql, &[], now, &Default::default(), snapshot.id())?,
            exemption: permit.exemption().cloned(),
        },
        population: tables.snapshot().persons().saturating_sub(left_out.persons.len() as u64),
        rehearsal: true,
    };
    let unread = |answer: Box<crate::query::Answer>| anyhow::anyhow!("{}", answer.reason().to_owned());
    let points = &split.release_points;
    let read = reading(&tables, points, Default::default(), &left_out.persons).map_err(unread)?;
    let asking = Asked { permit: &permit, part: Part::Round(0), points, read };
    let done = execute(&executor, &mut lease, asking, settling).await;
    let Executed { cells, flags } = done.map_err(unread)?;
    for (point, released) in &cells {
        if let Some(point) = split.release_points.get(*point) {
            print(&table(point, released, language)?)?;
        }
    }
    let (near, k) = (flags.len(), permit.minimum_persons());
    print(&match language {
        Language::English => {
            format!("minimum {k} persons; {near} parts are near earlier answers ({})\n", permit.mode().as_str())
        }
        Language::Japanese => format!("最小人数 {k}、以前の回答に近い部分 {near} 件({})\n", permit.mode().as_str()),
    })?;
    print(&flags.iter().map(|flag| beside(flag, language)).collect::<String>())?;
    if let Some(exemption) = permit.exemption() {
        print(&match language {
            Language::English => format!("registered as `{}`; it is not charged\n", exemption.name()),
            Language::Japanese => format!("「{}」として登録済みです。予算には数えません\n", exemption.name()),
        })?;
    }
    let Some(name) = &args.register else { return Ok(ExitCode::SUCCESS) };
    if let Some(hindrance) = register::hindrance(&question, &permit, &cells) {
        return refused(&format!("not registered: {hindrance}"));
    }
    let registration = Registration {
        name: name.clone(),
        project: args.project.clone(),
        statement: registered::statement(&args.sql),
        snapshot: snapshot.id().clone(),
        ledger: ledger_id,
        known,
        at: now,
    };
    let done = Done::StatementRegistered {
        project: args.project.clone(),
        name: name.clone(),
        sql: args.sql.clone(),
        snapshot: snapshot.id().clone(),
    };
    acts::leave(&config.state_dir, &*clock, done)?;
    registered::keep(&config.state_dir, &registration)?;
    print(&match language {
        Language::English => format!("registered as `{name}` for project {} on {}\n", args.project, snapshot.id()),
        Language::Japanese => format!(
            "プロジェクト {}、スナップショット {} の問い合わせとして「{name}」の名で登録しました\n",
            args.project,
            snapshot.id()
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal is an answer too: it is what the researcher would get.
fn refused(text: &str) -> anyhow::Result<ExitCode> {
    print(&format!("{text}\n"))?;
    Ok(ExitCode::from(6))
}

/// What of the answer is near what left before.
fn beside(flag: &Flag, language: Language) -> String {
    let Flag { part, anchor_part, anchor_query, anchor_project, .. } = flag;
    match language {
        Language::English => format!("  {part} is near {anchor_part} of {anchor_query}, project {anchor_project}\n"),
        Language::Japanese => {
            format!("  {part} は {anchor_query}(プロジェクト {anchor_project})の {anchor_part} に近い\n")
        }
    }
}

/// One line for each cell: its keys, then what becomes of each aggregate.
fn table(point: &ReleasePoint, released: &Released, language: Language) -> anyhow::Result<String> {
    let findings = released.findings();
    let mut text = String::new();
    for (cell, unlisted) in findings.unlisted.iter().enumerate() {
        let keys = point
            .keys
            .iter()
            .zip(&findings.keys)
            .map(|(key, column)| Ok(format!("{} = {}", key.name, array_value_to_string(column, cell)?)));
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        let whole = if keys.is_empty() { word(language, "total", "合計").to_owned() } else { keys };
        let fate = match unlisted {
            Some(reason) => {
                format!("{}: {}", word(language, "not listed", "一覧に出ません"), because(*reason, language))
            }
            None => aggregates(point, findings, cell, language),
        };
        text.push_str(&format!("{whole}: {fate}\n"));
    }
    Ok(text)
}

fn aggregates(point: &ReleasePoint, findings: &renkei_disclosure::Findings, cell: usize, language: Language) -> String {
    let earlier = findings.substituted.get(cell) == Some(&true);
    let leaves = word(language, "leaves", "出ます");
    let leaves = if earlier { word(language, "an earlier answer leaves", "以前の値が出ます") } else { leaves };
    let one =
        |name: &str, state: usize| match findings.held.get(state).and_then(|held| held.get(cell)).copied().flatten() {
            Some(reason) => format!("{name} {}: {}", word(language, "is held", "は保留"), because(reason, language)),
            None => format!("{name} {leaves}"),
        };
    let all: Vec<String> = point.outputs.iter().map(|output| one(&output.name, output.state)).collect();
    if all.is_empty() { leaves.to_owned() } else { all.join("; ") }
}

fn word(language: Language, english: &'static str, japanese: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Japanese => japanese,
    }
}

fn because(reason: Reason, language: Language) -> &'static str {
    let (english, japanese) = match reason {
        Reason::Persons => ("fewer persons than the minimum", "最小人数未満"),
        Reason::Population => ("nearly everybody", "ほぼ全員"),
        Reason::Contributors => ("few persons contribute", "寄与する人が少数"),
        Reason::Rest => ("few persons of the cell do not contribute", "寄与しない人が少数"),
        Reason::Dominance => ("one or two persons make up nearly all of it", "1〜2人がほぼ全体を占める"),
        Reason::NotANumber => ("not a number", "数値でない"),
        Reason::Complement => ("a held cell could be recomputed from it", "保留したセルを逆算できる"),
        Reason::Overlap => {
            ("it differs by few persons from another part of the answer", "同じ回答の別の部分と少数しか違わない")
        }
        Reason::Clip => ("a clip has moved the values of few persons", "切り詰めで値が変わる人が少数"),
        Reason::Ledger => ("it differs by few persons from an earlier answer", "以前の回答と少数しか違わない"),
    };
    word(language, english, japanese)
}
