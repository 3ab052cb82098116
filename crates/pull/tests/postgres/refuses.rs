//! What cannot be read is said, with the remedy, and leaves nothing behind.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use renkei_pull::Kind;
use renkei_pull::postgres::{Config, Tls, pull};

use super::cluster::PASSWORD;
use super::{Cluster, names, quietly};

const PERSON: &str = "CREATE SCHEMA cdm; CREATE TABLE cdm.person (person_id integer PRIMARY KEY, \
    gender_concept_id integer, year_of_birth integer, race_concept_id integer, ethnicity_concept_id integer); \
    GRANT USAGE ON SCHEMA cdm TO reader; GRANT SELECT ON cdm.person TO reader;";

/// Pulls, and checks kind, words and silence of the error.
fn refused(cluster: &Cluster, config: &Config, kind: Kind, expected: &[&str]) {
    let out = cluster.path("refused");
    let error = quietly(config, &out).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for words in expected {
        assert!(text.contains(words), "{text}\nlacks {words}");
    }
    let mut chain: Option<&dyn std::error::Error> = Some(&error);
    while let Some(link) = chain {
        assert!(!format!("{link} {link:?}").contains(PASSWORD) && !link.to_string().contains("battery"), "{link:?}");
        chain = link.source();
    }
    assert!(!out.exists() || names(&out).is_empty(), "{text}");
}

fn with(cluster: &Cluster, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = cluster.config();
    change(&mut config);
    config
}

#[test]
fn connections() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql("omop", PERSON);
    let wrong = cluster.path("wrong");
    fs::write(&wrong, "battery-staple").unwrap();
    fs::set_permissions(&wrong, fs::metadata(cluster.path("password")).unwrap().permissions()).unwrap();
    let other = cluster.path("other.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    fs::write(&other, rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap().pem())
        .unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = free.local_addr().unwrap().port();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cases: Vec<(Config, Kind, &[&str])> = vec![
        (with(&cluster, |c| c.port = closed), Kind::Unreachable, &["nothing listens at localhost:"]),
        (
            with(&cluster, |c| (c.port, c.connect_timeout_seconds) = (silent, 1)),
            Kind::Unreachable,
            &["localhost:", "answer"],
        ),
        (with(&cluster, |c| c.host = "no-such-host.invalid".into()), Kind::Unreachable, &["no-such-host.invalid"]),
        (
            with(&cluster, |c| c.password_file = Some(wrong.clone())),
            Kind::Refused,
            &["refuses the password of reader", "password_file"],
        ),
        (with(&cluster, |c| c.password_file = None), Kind::Refused, &["wants a password", "password_file"]),
        (with(&cluster, |c| c.host = "127.0.0.1".into()), Kind::Refused, &["127.0.0.1", "another name"]),
        (with(&cluster, |c| c.ca_file = Some(other.clone())), Kind::Refused, &["authority", "ca_file"]),
        (with(&cluster, |c| c.database = "omob".into()), Kind::Refused, &["no database omob"]),
        (
            with(&cluster, |c| c.host = cluster.path("none").display().to_string()),
            Kind::Unreachable,
            &["no socket for port"],
        ),
        (with(&cluster, |c| c.ca_file = Some(PathBuf::from("missing.pem"))), Kind::Configuration, &["missing.pem"]),
        (
            with(&cluster, |c| c.schema = "cmd".into()),
            Kind::Source,
            &["schema cmd", "set schema to one that has it: cdm"],
        ),
    ];
    for (config, kind, expected) in cases {
        refused(&cluster, &config, kind, expected);
    }
    cluster.sql("postgres", "ALTER DATABASE omop CONNECTION LIMIT 0");
    refused(&cluster, &cluster.config(), Kind::Unreachable, &["no connection at the moment"]);
    cluster.sql("postgres", "ALTER DATABASE omop CONNECTION LIMIT -1; REVOKE CONNECT ON DATABASE omop FROM PUBLIC");
    refused(&cluster, &cluster.config(), Kind::Refused, &["GRANT CONNECT ON DATABASE omop TO reader"]);
}

#[test]
fn a_server_without_tls() {
    let Some(cluster) = Cluster::start(false) else { return };
    cluster.sql("omop", PERSON);
    refused(&cluster, &cluster.config(), Kind::Refused, &["does not offer TLS", "ssl = on"]);
    let clear = with(&cluster, |c| (c.host, c.tls) = ("127.0.0.1".into(), Tls::Off));
    quietly(&clear, &cluster.path("clear")).unwrap();
}

#[test]
fn schemas() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql("omop", PERSON);
    let config = cluster.config();
    for (before, kind, expected) in [
        (
            "CREATE TABLE cdm.death (person_id int, death_date date); CREATE TABLE cdm.\"Note\" (note_id int)",
            Kind::Refused,
            &["GRANT SELECT ON cdm.death, cdm.\"Note\" TO reader"][..],
        ),
        (
            "DROP TABLE cdm.\"Note\"; GRANT SELECT (person_id) ON cdm.death TO reader",
            Kind::Refused,
            &["GRANT SELECT ON cdm.death TO reader"],
        ),
        (
            "DROP TABLE cdm.death; REVOKE USAGE ON SCHEMA cdm FROM reader",
            Kind::Refused,
            &["GRANT USAGE ON SCHEMA cdm TO reader"],
        ),
        (
            "GRANT USAGE ON SCHEMA cdm TO reader; CREATE TABLE cdm.death (person_id int, death_date bytea); \
             GRANT SELECT ON cdm.death TO reader",
            Kind::Source,
            &["death_date of cdm.death", "bytea", "view"],
        ),
        (
            "DROP TABLE cdm.death; CREATE TABLE cdm.\"Person\" (person_id int); \
             GRANT SELECT ON cdm.\"Person\" TO reader",
            Kind::Source,
            &["cdm.\"Person\"", "both the table person"],
        ),
    ] {
        cluster.sql("omop", before);
        refused(&cluster, &config, kind, expected);
    }
    // A view that fails on a value: the server's words would hold it.
    cluster.sql(
        "omop",
        "DROP TABLE cdm.\"Person\"; INSERT INTO cdm.person VALUES (1, 0, 0, 0, 0);
         CREATE VIEW cdm.death AS SELECT person_id, ('battery' || person_id)::date AS death_date FROM cdm.person;
         GRANT SELECT ON cdm.death TO reader",
    );
    refused(&cluster, &config, Kind::Source, &["cdm.death", "SQLSTATE 22007"]);
    cluster.sql(
        "omop",
        "DROP VIEW cdm.death; CREATE VIEW cdm.death AS SELECT person_id, DATE '2024-01-01' AS death_date,
         pg_sleep(5)::text AS cause_source_value FROM cdm.person; GRANT SELECT ON cdm.death TO reader",
    );
    let impatient = with(&cluster, |c| c.statement_timeout_seconds = 1);
    refused(&cluster, &impatient, Kind::Unreachable, &["cdm.death", "longer than 1 s", "statement_timeout_seconds"]);
    let full = cluster.path("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine.txt"), "x").unwrap();
    let error = quietly(&config, &full).unwrap_err();
    assert!(error.kind() == Kind::Local && error.to_string().contains("not empty"), "{error}");
}

#[test]
fn a_server_that_goes_away() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql("omop", PERSON);
    cluster.sql("omop", "INSERT INTO cdm.person SELECT i, 0, 0, 0, 0 FROM generate_series(1, 50000) i");
    let out = cluster.path("out");
    let config = with(&cluster, |c| c.rows_per_page = 100);
    let mut pages = 0;
    let error = pull(&config, &out, &mut |_| {
        pages += 1;
        if pages == 3 {
            assert_eq!(names(&out), ["person.parquet.part"]);
            cluster.stop();
        }
    })
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert!(error.to_string().contains("cdm.person"), "{error}");
    assert_eq!(names(&out), [""; 0]);
}
