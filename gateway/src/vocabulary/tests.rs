use std::fs;
use std::path::Path;

use super::edition::Edition;
use super::*;

const CONCEPT: &str = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\t\
    concept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n\
    2\t5\" catheter\tDevice\tSNOMED\tDevice\tS\t22\t19700101\t20991231\t\n\
    1\tDiabetes\tCondition\tSNOMED\tDisorder\tS\t11\t19700101\t20991231\t\n";
const ANCESTOR: &str = "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation\n\
    1\t1\t0\t0\n";
const RELATIONSHIP: &str =
    "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";

fn download(folder: &Path, version: &str) {
    let vocabulary = format!(
        "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id\n\
         SNOMED\tSystematic\tx\t2024\t5\nNone\tOMOP\tx\t{version}\t44819096\n"
    );
    fs::write(folder.join("CONCEPT.csv"), CONCEPT).unwrap();
    fs::write(folder.join("concept_ancestor.csv"), ANCESTOR).unwrap();
    fs::write(folder.join("CONCEPT_RELATIONSHIP.csv"), RELATIONSHIP).unwrap();
    fs::write(folder.join("VOCABULARY.csv"), vocabulary).unwrap();
}

async fn bring(from: &Path, to: &Path) -> anyhow::Result<Vec<String>> {
    let mut said = Vec::new();
    import(from, to, &mut |line| said.push(line.to_owned())).await?;
    Ok(said)
}

#[tokio::test]
async fn a_download_becomes_an_edition() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("athena"), dir.path().join("vocabulary"));
    fs::create_dir(&from).unwrap();
    assert!(Vocabulary::open(&to).unwrap_err().to_string().contains("vocabulary import"));
    download(&from, "v5.0 30-AUG-24");
    let said = bring(&from, &to).await.unwrap();
    assert!(said.contains(&"concept: 2 rows".to_owned()), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("concept_relationship: 0 rows; ")), "{said:?}");
    let opened = Vocabulary::open(&to).unwrap();
    assert_eq!(opened.version(), "v5.0 30-AUG-24");
    let tables: Vec<String> = opened.tables().into_iter().collect();
    assert_eq!(tables, ["concept", "concept_ancestor", "vocabulary"], "a table without rows resolves nothing");
    assert!(opened.source("concept").is_some() && opened.source("concept_relationship").is_none());
}

#[tokio::test]
async fn an_edition_is_whole_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("athena"), dir.path().join("vocabulary"));
    fs::create_dir(&from).unwrap();
    download(&from, "v1");
    bring(&from, &to).await.unwrap();
    // A download that cannot be read leaves the edition before it.
    let broken = CONCEPT.replace("\n1\tDiabetes", "\none\tDiabetes");
    fs::write(from.join("CONCEPT.csv"), broken).unwrap();
    let error = format!("{:#}", bring(&from, &to).await.unwrap_err());
    assert!(error.contains("CONCEPT.csv`, line 3: `concept_id` is `one`, which is no integer"), "{error}");
    fs::remove_file(from.join("VOCABULARY.csv")).unwrap();
    let error = bring(&from, &to).await.unwrap_err().to_string();
    assert!(error.contains("no VOCABULARY.csv"), "{error}");
    fs::write(from.join("VOCABULARY.csv"), "vocabulary_id,vocabulary_name\n").unwrap();
    fs::write(from.join("CONCEPT.csv"), CONCEPT.replace('\t', ",")).unwrap();
    let error = bring(&from, &to).await.unwrap_err().to_string();
    assert!(error.contains("separated by commas"), "{error}");
    assert_eq!(Vocabulary::open(&to).unwrap().version(), "v1");
    // Two editions stay: the current one and the one before it, which a running gateway reads.
    for version in ["v2", "v3"] {
        download(&from, version);
        bring(&from, &to).await.unwrap();
    }
    let folders = fs::read_dir(&to).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!((folders, Vocabulary::open(&to).unwrap().version()), (2, "v3"));
    // A file that was cut is noticed before anything is looked up in it.
    let edition = Edition::current(&to).unwrap().unwrap();
    fs::write(edition.file("concept"), b"PAR1").unwrap();
    assert!(Vocabulary::open(&to).unwrap_err().to_string().contains("import the vocabulary again"));
}
