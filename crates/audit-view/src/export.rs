//! Things for other programs: CSV for spreadsheets, JSON lines, FHIR AuditEvent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use renkei_audit::entry::State;
use serde_json::{Value, json};

use crate::event::{Event, Kind, act_word, state_word};
use crate::index::Hit;
use crate::{text, when};

/// Tells a spreadsheet that the text is UTF-8.
pub const BOM: &str = "\u{feff}";

/// The columns of CSV. Their names never change their meaning.
pub const COLUMNS: [&str; 30] = [
    "at_utc",
    "at_japan",
    "log",
    "entries",
    "kind",
    "act",
    "outcome",
    "code",
    "query_id",
    "subject",
    "institution",
    "on_behalf",
    "key",
    "project",
    "ethics",
    "purpose",
    "level",
    "sites",
    "sites_answered",
    "sites_other",
    "tables",
    "columns",
    "snapshots",
    "policy",
    "opt_out",
    "cells_released",
    "milliseconds",
    "sql",
    "parameters",
    "detail",
];

/// The heading of CSV, with its line's end.
#[must_use]
pub fn csv_heading() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

/// One line of CSV, with its end: RFC 4180, no field begins a formula.
#[must_use]
pub fn csv_line(hit: &Hit) -> String {
    let event = &hit.event;
    let who = event.who.clone().unwrap_or_default();
    let list = |items: Vec<&str>| items.join(" ");
    let (answered, others) = event.by_site();
    let cells: u64 = if event.answers.is_empty() { event.released } else { answered.iter().map(|a| a.released).sum() };
    let others: Vec<String> = others.iter().map(|a| format!("{}={}", a.site, state_word(a.state))).collect();
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        when::utc(event.at),
        when::japan(event.at),
        hit.log.to_string(),
        event.entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        event.kind.as_str().to_owned(),
        event.act.map(act_word).unwrap_or_default().to_owned(),
        event.outcome_word().to_owned(),
        optional(&event.code),
        event.query.as_ref().map(ToString::to_string).unwrap_or_default(),
        who.subject,
        who.institution.unwrap_or_default(),
        who.on_behalf.unwrap_or_default(),
        who.key.unwrap_or_default(),
        event.project.as_ref().map(ToString::to_string).unwrap_or_default(),
        optional(&event.ethics),
        optional(&event.purpose),
        optional(&event.level),
        list(event.sites.iter().map(|site| site.as_str()).collect()),
        list(answered.iter().map(|answer| answer.site.as_str()).collect()),
        others.join(" "),
        event.tables.join(" "),
        event.columns.join(" "),
        list(event.snapshots.iter().map(|snapshot| snapshot.as_str()).collect()),
        optional(&event.policy),
        optional(&event.opt_out),
        if event.kind == Kind::Question { cells.to_string() } else { String::new() },
        if event.kind == Kind::Question { (event.micros / 1_000).to_string() } else { String::new() },
        optional(&event.sql),
        optional(&event.parameters),
        optional(&event.detail),
    ];
    format!("{}\r\n", fields.iter().map(|field| text::csv(field)).collect::<Vec<_>>().join(","))
}

/// One JSON object: the event with its log.
///
/// # Errors
/// None that a reader could cause; those of the encoder.
pub fn json(hit: &Hit) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(&hit.event)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("log".into(), json!(hit.log));
        fields.insert("at_utc".into(), json!(when::utc(hit.event.at)));
        fields.insert("outcome".into(), json!(hit.event.outcome_word()));
    }
    Ok(value)
}

/// A FHIR R4 AuditEvent. A question that was answered follows IHE's Basic Audit Log Patterns 1.1.4, pattern Query, and
/// says so in its profile; refusals and failures have the same shape with their outcome; acts are application activity.
#[must_use]
pub fn fhir(hit: &Hit) -> Value {
    let event = &hit.event;
    let question = event.kind != Kind::Act;
    let (code, word) = outcome(event);
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": id(hit),
        "type": if question {
            coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "RESTful Operation")
        } else {
            coding("http://dicom.nema.org/resources/ontology/DCM", "110100", "Application Activity")
        },
        "action": "E",
        "recorded": when::utc(event.at),
        "outcome": code,
        "outcomeDesc": word,
        "agent": agents(hit),
        "source": {
            "observer": reference(hit.log.as_str()),
            "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")],
        },
        "entity": entities(hit),
    });
    if let Value::Object(fields) = &mut resource {
        if question {
            let search = coding("http://hl7.org/fhir/restful-interaction", "search-system", "search-system");
            fields.insert("subtype".into(), json!([search]));
        } else if let Some(act) = event.act {
            let code = coding("urn:renkei:audit:act", act_word(act), act_word(act));
            fields.insert("subtype".into(), json!([code]));
        }
        if question && code == "0" && event.sql.is_some() {
            let profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Query";
            fields.insert("meta".into(), json!({ "profile": [profile] }));
        }
    }
    resource
}

/// 64 characters of letters, digits, `-` and `.` at most.
fn id(hit: &Hit) -> String {
    let log = renkei_audit::tree::Hash::of(hit.log.as_str().as_bytes());
    let short: String = log.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{short}-{}", hit.event.first())
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

fn reference(name: &str) -> Value {
    json!({ "identifier": { "system": "urn:ietf:rfc:3986", "value": text::line(name) } })
}

/// 0 success, 4 the asking side could mend it, 8 it failed.
fn outcome(event: &Event) -> (&'static str, String) {
    let code = match (event.kind, event.state) {
        (Kind::Act, _) | (_, Some(State::Answered)) => "0",
        (_, Some(State::Refused | State::Cancelled)) => "4",
        _ => "8",
    };
    let detail = [event.code.as_deref(), event.detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let word = if detail.is_empty() { event.outcome_word().to_owned() } else { detail };
    (code, text::line(&word))
}

fn agents(hit: &Hit) -> Value {
    let event = &hit.event;
    let role = |code: &str, display: &str| json!({ "coding": [coding("http://dicom.nema.org/resources/ontology/DCM", code, display)] });
    // Networks are known by the names in certificates; addresses are not recorded.
    let network = |name: &str| json!({ "address": text::line(name), "type": "5" });
    let subject = event.who.as_ref().map_or("urn:renkei:unknown", |who| who.subject.as_str());
    let mut agents = vec![
        json!({
            "type": role("110153", "Source Role ID"),
            "who": reference(subject),
            "requestor": false,
            "network": network(subject),
        }),
        json!({
            "type": role("110152", "Destination Role ID"),
            "who": reference(hit.log.as_str()),
            "requestor": false,
            "network": network(hit.log.as_str()),
        }),
    ];
    if let Some(who) = &event.who {
        let kind =
            coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient");
        let mut user = json!({
            "type": { "coding": [kind] },
            "who": reference(&who.subject),
            "altId": text::line(who.id()),
            "requestor": true,
        });
        if let Value::Object(fields) = &mut user {
            if let Some(institution) = &who.institution {
                fields.insert("name".into(), json!(text::line(institution)));
            }
            if event.kind == Kind::Question {
                let use_ =
                    coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HRESCH", "healthcare research");
                fields.insert("purposeOfUse".into(), json!([{ "coding": [use_] }]));
            }
        }
        agents.push(user);
    }
    Value::Array(agents)
}

fn entities(hit: &Hit) -> Value {
    let event = &hit.event;
    let mut entities = Vec::new();
    if let Some(query) = &event.query {
        entities.push(json!({
            "what": { "identifier": { "value": query } },
            "type": coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId", "X-Request-Id"),
        }));
    }
    if event.kind != Kind::Act {
        let sql = event.sql.clone().unwrap_or_default();
        let mut query = json!({
            "type": coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2", "System Object"),
            "role": coding("http://terminology.hl7.org/CodeSystem/object-role", "24", "Query"),
            "query": STANDARD.encode(&sql),
        });
        if let (Value::Object(fields), Some(parameters)) = (&mut query, &event.parameters) {
            fields.insert("description".into(), json!(text::line(&format!("parameters: {parameters}"))));
        }
        entities.push(query);
    }
    let other = coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "4", "Other");
    let mut detail = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            detail.push(json!({ "type": name, "valueString": text::line(&value) }));
        }
    };
    add("project", event.project.as_ref().map(ToString::to_string).unwrap_or_default());
    add("ethics", event.ethics.clone().unwrap_or_default());
    add("purpose", event.purpose.clone().unwrap_or_default());
    add("sites", event.sites.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    add("tables", event.tables.join(" "));
    add("snapshots", event.snapshots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    add("policy", event.policy.clone().unwrap_or_default());
    add("opt_out", event.opt_out.clone().unwrap_or_default());
    add("entries", event.entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    if let Some(object) = &event.object {
        add("object", object.clone());
    }
    entities.push(json!({ "what": reference(hit.log.as_str()), "type": other, "detail": detail }));
    Value::Array(entities)
}
