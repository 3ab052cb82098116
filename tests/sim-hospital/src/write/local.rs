//! A hospital's own tables: comma-separated, CP932, CRLF, Japanese headers, dates by eras.
//!
//! | file | a row is | columns |
//! |---|---|---|
//! | `患者.csv` | a patient | 患者番号 (7 digits), 氏名, フリガナ, 性別 (男, 女), 生年月日 (昭和30年1月5日), 郵便番号, 住所, 電話番号, 保険者番号, 死亡日 (R6.1.5) |
//! | `受診.csv` | a visit | 受診番号, 患者番号, 区分 (外来, 入院, 救急), 診療科 (2 digits), 開始日時, 終了日時 (2024/1/5 9:30), 転帰 (死亡, or empty) |
//! | `病名.csv` | a diagnosis | 病名番号, 受診番号, 患者番号, ICD10 (with the dot), 病名, 開始日, 転帰日 (R6.1.5), 主病名 (1, 0) |
//! | `処方.csv` | a prescription | 処方番号, 受診番号, 患者番号, 薬剤コード (HOT9; YJ at a regional hospital), 薬剤名, 投与開始日 (20240105), 日数, 総量, 単位 |
//! | `検査.csv` | a result | 検査番号, 受診番号, 患者番号, 検査コード (JLAC10), 検査名, 採取日時 (2024/1/5 9:30), 結果値 (empty where there is none), 単位 (UCUM), 下限値, 上限値 |
//! | `処置.csv` | a procedure | 処置番号, 受診番号, 患者番号, 区分 (KCODE, or LOCAL for the hospital's own), 処置コード, 処置名, 実施日 (2024/01/05) |
//! | `問診.csv` | an answer about smoking | 問診番号, 受診番号, 患者番号, 項目コード (SMOKING), 回答コード (SMOKING-0 never, -1 stopped, -2 smokes), 回答, 記入日 (2024/01/05) |
//!
//! One number in twenty of 日数, 総量 and 結果値 has full-width digits, as people type them.

mod era;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};

use self::era::{long, short};
use super::form::form;
use super::japanese::Encoder;
use super::{WriteError, Written, department_code};
use crate::draw::Draw;
use crate::identity::identity;
use crate::terms::japanese;
use crate::{Hospital, Patient, Sex, Visit, VisitKind, carry};

/// Streams of typing habits, one per patient.
const TYPING: u64 = 1 << 43;
const WIDE: f64 = 0.05;

const HEADERS: [(&str, &[&str]); 7] = [
    (
        "患者",
        &["患者番号", "氏名", "フリガナ", "性別", "生年月日", "郵便番号", "住所", "電話番号", "保険者番号", "死亡日"],
    ),
    ("受診", &["受診番号", "患者番号", "区分", "診療科", "開始日時", "終了日時", "転帰"]),
    ("病名", &["病名番号", "受診番号", "患者番号", "ICD10", "病名", "開始日", "転帰日", "主病名"]),
    ("処方", &["処方番号", "受診番号", "患者番号", "薬剤コード", "薬剤名", "投与開始日", "日数", "総量", "単位"]),
    (
        "検査",
        &["検査番号", "受診番号", "患者番号", "検査コード", "検査名", "採取日時", "結果値", "単位", "下限値", "上限値"],
    ),
    ("処置", &["処置番号", "受診番号", "患者番号", "区分", "処置コード", "処置名", "実施日"]),
    ("問診", &["問診番号", "受診番号", "患者番号", "項目コード", "回答コード", "回答", "記入日"]),
];

/// Writes the tables.
pub(super) fn write(hospital: &Hospital, folder: &Path) -> Result<Written, WriteError> {
    let failed = |error| WriteError::File(folder.into(), error);
    let mut tables = Tables::create(folder).map_err(failed)?;
    for patient in &hospital.patients {
        let mut draw = Draw::of(&hospital.spec, TYPING + patient.id.unsigned_abs());
        rows(hospital, patient, &mut draw, &mut tables).map_err(failed)?;
    }
    Ok(Written { tables: tables.finish().map_err(failed)?, ..Written::default() })
}

struct Tables {
    files: Vec<(&'static str, PathBuf, BufWriter<File>, usize)>,
    encoder: Encoder,
}

impl Tables {
    fn create(folder: &Path) -> io::Result<Self> {
        let mut tables = Self { files: Vec::new(), encoder: Encoder::cp932() };
        for (at, (name, header)) in HEADERS.into_iter().enumerate() {
            let path = folder.join(format!("{name}.csv"));
            let out = BufWriter::new(File::create(&path)?);
            tables.files.push((name, path, out, 0));
            let header: Vec<String> = header.iter().map(|text| (*text).to_owned()).collect();
            tables.line(at, &header)?;
        }
        Ok(tables)
    }

    fn put(&mut self, table: usize, row: &[String]) -> io::Result<()> {
        if let Some((_, _, _, rows)) = self.files.get_mut(table) {
            *rows += 1;
        }
        self.line(table, row)
    }

    fn line(&mut self, table: usize, row: &[String]) -> io::Result<()> {
        let Some((_, _, out, _)) = self.files.get_mut(table) else { return Ok(()) };
        out.write_all(&self.encoder.encode(&row.join(","))?)?;
        out.write_all(b"\r\n")
    }

    fn finish(self) -> io::Result<Vec<(&'static str, PathBuf, usize)>> {
        let end = |(name, path, mut out, rows): (&'static str, PathBuf, BufWriter<File>, usize)| {
            out.flush()?;
            Ok((name, path, rows))
        };
        self.files.into_iter().map(end).collect()
    }
}

fn moment(at: NaiveDateTime) -> String {
    at.format("%Y/%-m/%-d %-H:%M").to_string()
}

fn slashed(date: NaiveDate) -> String {
    date.format("%Y/%m/%d").to_string()
}

/// A number, in full-width characters now and then.
fn typed(text: &str, draw: &mut Draw) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c);
    if draw.chance(WIDE) { text.chars().map(wide).collect() } else { text.to_owned() }
}

fn rows(hospital: &Hospital, patient: &Patient, draw: &mut Draw, tables: &mut Tables) -> io::Result<()> {
    let number = format!("{:07}", patient.id);
    let who = identity(&hospital.spec, patient);
    let sex = if patient.sex == Sex::Male { "男" } else { "女" };
    let name = [&who.name.family, &who.name.given].map(String::as_str).join("　");
    let kana = [&who.name.family_kana, &who.name.given_kana].map(String::as_str).join("　");
    let died = patient.death.as_ref().map(|death| short(death.date)).unwrap_or_default();
    let row = [
        number.clone(),
        name,
        kana,
        sex.into(),
        long(patient.born),
        who.zip,
        who.address,
        who.phone,
        who.insurer,
        died,
    ];
    tables.put(0, &row)?;
    for visit in &patient.visits {
        let key = Key { visit: visit.id.to_string(), patient: number.clone() };
        contact(visit, &key, tables)?;
        diagnoses(visit, &key, tables)?;
        drugs(hospital.spec.profile.drug_system(), visit, &key, draw, tables)?;
        results(visit, &key, draw, tables)?;
        treatments(visit, &key, tables)?;
    }
    Ok(())
}

struct Key {
    visit: String,
    patient: String,
}

fn contact(visit: &Visit, key: &Key, tables: &mut Tables) -> io::Result<()> {
    let kind = match visit.kind {
        VisitKind::Outpatient => "外来",
        VisitKind::Inpatient => "入院",
        VisitKind::Emergency => "救急",
    };
    let outcome = if visit.died { "死亡" } else { "" };
    let department = department_code(visit.care_site);
    let (start, end) = (moment(visit.start), moment(visit.end));
    let row = [key.visit.clone(), key.patient.clone(), kind.into(), department.into(), start, end, outcome.into()];
    tables.put(1, &row)
}

/// A code without its system.
fn bare(source: &str) -> String {
    source.split_once(':').map_or(source, |(_, code)| code).to_owned()
}

fn diagnoses(visit: &Visit, key: &Key, tables: &mut Tables) -> io::Result<()> {
    for item in &visit.diagnoses {
        let (code, name) = (bare(&item.code.source("")), japanese(item.code.term).to_owned());
        let (start, end) = (short(item.start), item.end.map(short).unwrap_or_default());
        let main = u8::from(item.main).to_string();
        tables.put(2, &[item.id.to_string(), key.visit.clone(), key.patient.clone(), code, name, start, end, main])?;
    }
    Ok(())
}

fn drugs(system: &str, visit: &Visit, key: &Key, draw: &mut Draw, tables: &mut Tables) -> io::Result<()> {
    for item in &visit.prescriptions {
        let shape = form(item.code.term);
        let row = [
            item.id.to_string(),
            key.visit.clone(),
            key.patient.clone(),
            bare(&item.code.source(system)),
            shape.product(japanese(item.code.term)),
            item.start.format("%Y%m%d").to_string(),
            typed(&item.days.to_string(), draw),
            typed(&item.quantity.to_string(), draw),
            shape.unit_name.into(),
        ];
        tables.put(3, &row)?;
    }
    Ok(())
}

fn results(visit: &Visit, key: &Key, draw: &mut Draw, tables: &mut Tables) -> io::Result<()> {
    for lab in &visit.labs {
        let limit = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let row = [
            lab.id.to_string(),
            key.visit.clone(),
            key.patient.clone(),
            bare(&lab.code.source("")),
            japanese(&lab.assay.term).into(),
            moment(lab.at),
            typed(&lab.assay.shown(lab.value).unwrap_or_default(), draw),
            lab.assay.unit.name.into(),
            limit(lab.assay.range.0),
            limit(lab.assay.range.1),
        ];
        tables.put(4, &row)?;
    }
    Ok(())
}

fn treatments(visit: &Visit, key: &Key, tables: &mut Tables) -> io::Result<()> {
    for item in &visit.procedures {
        let source = item.code.source("");
        let (system, code) = source.split_once(':').unwrap_or(("LOCAL", &source));
        let row = [
            item.id.to_string(),
            key.visit.clone(),
            key.patient.clone(),
            system.into(),
            code.into(),
            japanese(item.code.term).into(),
            slashed(item.date),
        ];
        tables.put(5, &row)?;
    }
    for item in &visit.observations {
        let row = [
            item.id.to_string(),
            key.visit.clone(),
            key.patient.clone(),
            "SMOKING".into(),
            carry::answer(item.value).into(),
            japanese(item.value).into(),
            slashed(item.date),
        ];
        tables.put(6, &row)?;
    }
    Ok(())
}
