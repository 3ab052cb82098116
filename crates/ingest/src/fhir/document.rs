//! A JSON text that stands for itself: one resource, or a bundle of them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::convert::{Converter, Piece, own_key};
use super::fault::{Fault, parse};
use super::json::Loose;
use super::model::Head;
use super::reference::Index;
use crate::Rule;

/// How deep bundles may stand in bundles: a search within the response to a batch.
const DEPTH: usize = 2;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bundle<'a> {
    #[serde(borrow, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow)]
    entry: Vec<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    full_url: Loose<'a>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
}

/// What came of an entry of a history.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    last_modified: Loose<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    method: Loose<'a>,
    #[serde(borrow)]
    url: Loose<'a>,
}

/// Converts a resource, or every resource of a bundle. After each one `full` may take what there is so far, and end it
/// with `false`.
pub(super) fn take(
    json: &str,
    line: u64,
    converter: &mut Converter<'_>,
    full: &mut dyn FnMut(&mut Converter<'_>) -> bool,
) -> bool {
    nested(Piece { json, line, url: None }, &Index::default(), DEPTH, converter, full)
}

fn nested<'a>(
    piece: Piece<'a>,
    index: &Index<'a>,
    depth: usize,
    converter: &mut Converter<'_>,
    full: &mut dyn FnMut(&mut Converter<'_>) -> bool,
) -> bool {
    let head: Head<'a> = match parse(piece.json) {
        Ok(head) => head,
        Err(fault) => {
            converter.reject(piece, fault);
            return full(converter);
        }
    };
    if head.resource_type.text() != Some("Bundle") {
        converter.take(piece, &head, index);
        return full(converter);
    }
    if depth == 0 {
        converter.reject(piece, Fault::whole(Rule::Format));
        return full(converter);
    }
    match parse::<Bundle<'a>>(piece.json) {
        Ok(bundle) => entries(piece, &bundle, depth, converter, full),
        Err(fault) => {
            converter.reject(piece, fault.below("Bundle"));
            full(converter)
        }
    }
}

fn entries<'a>(
    piece: Piece<'a>,
    bundle: &Bundle<'a>,
    depth: usize,
    converter: &mut Converter<'_>,
    full: &mut dyn FnMut(&mut Converter<'_>) -> bool,
) -> bool {
    let parts: Vec<(&str, Result<Entry<'a>, Fault>)> =
        bundle.entry.iter().map(|entry| (entry.get(), parse(entry.get()))).collect();
    let index = index(bundle, parts.iter().filter_map(|(_, entry)| entry.as_ref().ok()));
    let mut lines = Lines { json: piece.json, at: 0, line: piece.line };
    for (json, entry) in parts {
        let part = match entry {
            // Some servers repeat what they deleted.
            Ok(Entry { request: Some(request), full_url, response, .. }) if request.method.text() == Some("DELETE") => {
                let until = response.as_ref().and_then(|response| response.last_modified.text());
                converter.delete(request.url.text().or_else(|| full_url.text()), until);
                full(converter)
            }
            Ok(Entry { resource: Some(resource), full_url, .. }) => {
                let part = Piece { json: resource.get(), line: lines.of(resource.get()), url: full_url.text() };
                nested(part, &index, depth - 1, converter, full)
            }
            Ok(_) => true,
            Err(fault) => {
                converter.reject(Piece { json, line: lines.of(json), url: None }, fault.below("Bundle.entry"));
                full(converter)
            }
        };
        if !part {
            return false;
        }
    }
    true
}

/// The resources of a bundle by their names. A document is about one patient, whom not every resource names.
fn index<'a, 'x>(bundle: &Bundle<'a>, entries: impl Iterator<Item = &'x Entry<'a>>) -> Index<'a>
where
    'a: 'x,
{
    let mut index = Index::default();
    let mut patients = Vec::new();
    for entry in entries {
        let url = entry.full_url.text();
        if let Some(resource) = entry.resource
            && let Ok(head) = serde_json::from_str::<Head<'_>>(resource.get())
            && let Some(key) = own_key(&head, url)
        {
            if head.resource_type.text() == Some("Patient") {
                patients.push(key.clone());
            }
            if let Some(url) = url {
                index.add(url, key, resource.get());
            }
        }
    }
    if let ([_], Some("document")) = (patients.as_slice(), bundle.kind.text()) {
        index.patient = patients.pop();
    }
    index
}

/// The line on which a part of a text begins, for parts in their order.
struct Lines<'a> {
    json: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, part: &str) -> u64 {
        let at = (part.as_ptr() as usize).saturating_sub(self.json.as_ptr() as usize).min(self.json.len());
        let between = self.json.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = self.at.max(at);
        self.line
    }
}
