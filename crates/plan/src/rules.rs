//! The rules of the language, each with a statement that is taken and one that is refused.
//!
//! One table, from which the gateway answers `renkei.rules` and against which the documentation is tested; every
//! statement in it is split in a test. A rule that is added to the walk gets its line here.

use renkei_types::Code;

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What is allowed, and what is not.
    pub rule: &'static str,
    /// The same in Japanese.
    pub rule_ja: &'static str,
    /// A statement that is taken.
    pub accepted: &'static str,
    /// A statement that is refused.
    pub refused: &'static str,
    /// The code of the refusal.
    pub code: Code,
}

/// Every rule.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

const fn rule(
    rule: &'static str,
    rule_ja: &'static str,
    accepted: &'static str,
    refused: &'static str,
    code: Code,
) -> Rule {
    Rule { rule, rule_ja, accepted, refused, code }
}

const RULES: &[Rule] = &[
    rule(
        "Only aggregates leave a hospital, rows of persons never",
        "施設の外に出るのは集計値だけで、患者の行は出ません",
        "SELECT gender_concept_id, count(*) FROM person GROUP BY gender_concept_id",
        "SELECT person_id, year_of_birth FROM person",
        Code::Rows,
    ),
    rule(
        "A site's own tables are joined to persons and counted by them",
        "施設の表は患者の表と結合し、患者で数えます",
        "SELECT c.place_of_service_concept_id, count(*) FROM visit_occurrence v \
         JOIN care_site c ON c.care_site_id = v.care_site_id GROUP BY 1",
        "SELECT count(*) FROM care_site",
        Code::Rows,
    ),
    rule(
        "Tables of persons are joined by a common key",
        "患者の表どうしは共通のキーで結合します",
        "SELECT count(*) FROM person p JOIN measurement m ON m.person_id = p.person_id",
        "SELECT count(*) FROM person p JOIN measurement m ON m.measurement_concept_id = p.gender_concept_id",
        Code::JoinKey,
    ),
    rule(
        "Keys are joined, counted distinct and tested for NULL, but not compared with values",
        "キーは結合・DISTINCT での計数・NULL の判定に使えますが、値との比較はできません",
        "SELECT count(DISTINCT person_id) FROM measurement",
        "SELECT count(*) FROM person WHERE person_id = 7",
        Code::KeyUse,
    ),
    rule(
        "Persons meet the vocabulary by an equality of codes, and an outer join keeps the persons",
        "語彙の表とはコードの一致で結合し、外部結合では患者側を残します",
        "SELECT c.concept_name, count(*) FROM condition_occurrence o \
         LEFT JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY 1",
        "SELECT c.concept_name, count(o.person_id) FROM concept c \
         LEFT JOIN condition_occurrence o ON c.concept_id = o.condition_concept_id GROUP BY 1",
        Code::JoinReference,
    ),
    rule(
        "The vocabulary is read inside the hospitals, beside their persons",
        "語彙は各施設の中で、患者の行とともに読まれます",
        "SELECT c.concept_name, count(*) FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY 1",
        "SELECT concept_name FROM concept",
        Code::ReferenceOnly,
    ),
    rule(
        "A key that may be NULL is no group key of persons",
        "NULL になりうるキーで患者をまとめることはできません",
        "SELECT avg(n) FROM (SELECT visit_occurrence_id, count(*) AS n FROM measurement \
         WHERE visit_occurrence_id IS NOT NULL GROUP BY visit_occurrence_id) v",
        "SELECT avg(n) FROM (SELECT visit_occurrence_id, count(*) AS n FROM measurement \
         GROUP BY visit_occurrence_id) v",
        Code::NullableKey,
    ),
    rule(
        "NOT IN needs columns that are never NULL",
        "NOT IN には NULL にならない列が必要です",
        "SELECT count(*) FROM person WHERE person_id NOT IN (SELECT person_id FROM death)",
        "SELECT count(*) FROM visit_occurrence WHERE visit_occurrence_id NOT IN \
         (SELECT visit_occurrence_id FROM measurement)",
        Code::NullableKey,
    ),
    rule(
        "A window over persons' rows stays within one person, and LIMIT picks cells, not rows",
        "患者の行のウィンドウは一人の中に限り、LIMIT は行ではなく集計結果に使います",
        "SELECT avg(value_as_number) FROM (SELECT value_as_number, row_number() OVER (PARTITION BY person_id \
         ORDER BY measurement_date) AS n FROM measurement) m WHERE n = 1",
        "SELECT avg(value_as_number) FROM (SELECT value_as_number FROM measurement \
         ORDER BY measurement_date LIMIT 10) m",
        Code::Limit,
    ),
    rule(
        "UNION puts rows of persons together with rows of persons only",
        "UNION で患者の行と合わせられるのは患者の行だけです",
        "SELECT count(*) FROM (SELECT person_id FROM measurement UNION ALL SELECT person_id FROM drug_exposure) x",
        "SELECT count(*) FROM (SELECT gender_concept_id FROM person UNION ALL SELECT 8507) x",
        Code::SetOperation,
    ),
    rule(
        "EXISTS and correlated subqueries speak of the same person",
        "EXISTS と相関副問い合わせは同じ患者について述べます",
        "SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM death d WHERE d.person_id = p.person_id)",
        "SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM death)",
        Code::Subquery,
    ),
    rule(
        "What leaves is a count, sum, mean, variance, percentile or regression; an extreme is one person's value",
        "外に出せるのは件数・合計・平均・分散・百分位・回帰で、最大値・最小値は一人の値なので出せません",
        "SELECT avg(value_as_number), stddev_samp(value_as_number) FROM measurement",
        "SELECT max(value_as_number) FROM measurement",
        Code::Aggregate,
    ),
    rule(
        "Cells are keyed by codes, bands, coarse demographics and weeks or longer, not by days",
        "集計のキーはコード・区分・粗い属性・週以上の期間で、日単位は使えません",
        "SELECT date_trunc('month', visit_start_date) AS m, count(*) FROM visit_occurrence GROUP BY m",
        "SELECT visit_start_date, count(*) FROM visit_occurrence GROUP BY visit_start_date",
        Code::Argument,
    ),
    rule(
        "An amount is cut into bands before it is grouped",
        "数値は区分に分けてから集計キーにします",
        "SELECT CASE WHEN value_as_number < 6.5 THEN 'low' ELSE 'high' END AS band, count(*) \
         FROM measurement GROUP BY band",
        "SELECT value_as_number, count(*) FROM measurement GROUP BY value_as_number",
        Code::Argument,
    ),
    rule(
        "A sum adds amounts, or one amount under one condition; constants are added outside",
        "合計できるのは数値、または一つの条件付きの数値で、定数は集計の外で足します",
        "SELECT sum(CASE WHEN value_as_number > 8 THEN 1 ELSE 0 END), avg(value_as_number) + 1 FROM measurement",
        "SELECT sum(CASE WHEN value_as_number > 8 THEN 1000 ELSE 1 END) FROM measurement",
        Code::Argument,
    ),
    rule(
        "Steps are taken at the grain of the data; a clip has literal bounds",
        "丸めは元の値の単位で、clip の上下限は定数で指定します",
        "SELECT avg(round(value_as_number, 1)), avg(clip(value_as_number, 0, 100)) FROM measurement",
        "SELECT sum(ceil(value_as_number / 200)) FROM measurement",
        Code::Argument,
    ),
    rule(
        "A code is matched by a literal prefix",
        "コードの部分一致は定数の前方一致だけです",
        "SELECT count(*) FROM condition_occurrence WHERE condition_source_value LIKE 'ICD10:E11%'",
        "SELECT count(*) FROM condition_occurrence WHERE condition_source_value LIKE '%E11'",
        Code::NotSupported,
    ),
    rule(
        "A statement is one question",
        "文は一つの問い合わせです",
        "WITH p AS (SELECT gender_concept_id FROM person) SELECT gender_concept_id, count(*) FROM p GROUP BY 1",
        "DELETE FROM person",
        Code::StatementKind,
    ),
    rule(
        "Functions are those of the language",
        "使える関数は言語で定めたものだけです",
        "SELECT date_part('year', visit_start_date) AS y, count(*) FROM visit_occurrence GROUP BY y",
        "SELECT sha256(condition_source_value) AS h, count(*) FROM condition_occurrence GROUP BY h",
        Code::UnknownFunction,
    ),
    rule(
        "Names are those of the catalogue, without the columns that never leave",
        "名前はカタログにあるもので、外に出ない列は含まれません",
        "SELECT count(*) FROM measurement WHERE unit_concept_id = 8840",
        "SELECT count(*) FROM note WHERE note_text = 'x'",
        Code::UnknownColumn,
    ),
];
