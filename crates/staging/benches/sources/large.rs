//! A hospital of any size, once: how long it takes, and what of it grows.

use crate::figures::print;
use crate::step;

/// Writes, reads and makes tables of so many patients. The steps have memory of their own; what this shows is that
/// reading and making tables need no more for more patients.
pub fn measure(patients: u32) {
    let place = tempfile::tempdir().unwrap();
    let (root, state) = (place.path().join("root"), place.path().join("state"));
    std::fs::create_dir(&state).unwrap();
    let written = step(&["write", "fhir-gzip", &patients.to_string()], &root, &state);
    let text = step(&["text", "fhir-gzip"], &root, &state);
    let scan = step(&["scan", "fhir-gzip"], &root, &state);
    let again = step(&["scan", "fhir-gzip"], &root, &state);
    let built = step(&["build", "fhir-gzip"], &root, &state);

    let show = |what: &str, value: f64, unit: &str| print(&format!("fhir {patients} patients: {what}"), value, unit);
    let bytes = text.get("text");
    show("resources", text.get("resources"), "resources");
    show("as text", bytes / 1e6, "MB");
    show("compressed", scan.get("bytes") / 1e6, "MB");
    show("writing them (not of the product)", written.get("seconds"), "s");
    show("scan", scan.get("seconds"), "s");
    show("scan", bytes / scan.get("seconds") / 1e6, "MB of text/s");
    show("scan", text.get("resources") / scan.get("seconds"), "resources/s");
    show("scan, peak of memory", scan.get("peak"), "MiB");
    show("scan, size of the staging file", scan.get("stage"), "MB");
    show("nothing changed", again.get("seconds"), "s");
    show("tables", built.get("seconds"), "s");
    show("tables", built.get("rows"), "rows");
    show("tables, peak of memory", built.get("peak"), "MiB");
    show("tables, as a snapshot compresses them", built.get("packed"), "MB");
    show("tables, of the text", 100.0 * built.get("packed") * 1e6 / bytes, "%");
}
