//! "Did you mean": the names nearest to a mistyped one.

/// Up to three of `names` that are nearest to `wanted`, nearest first; empty where nothing is near.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, name), name))
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_leaves_strangers() {
        let names = ["person", "measurement", "observation", "observation_period"];
        assert_eq!(nearest("mesurement", names), ["measurement"]);
        assert_eq!(nearest("observations", names), ["observation", "observation_period"]);
        assert!(nearest("xyzzy", names).is_empty());
    }
}
