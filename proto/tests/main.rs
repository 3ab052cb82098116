//! The committed Rust is what the .proto files say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

use std::path::{Path, PathBuf};

fn generate(into: &Path) {
    let root = Path::new(".");
    let files = protox::compile(["renkei/v1/node.proto"], [root]).expect("the .proto files compile");
    tonic_prost_build::configure()
        .bytes(".renkei.v1.Cells")
        .bytes(".renkei.v1.AskRequest.parameters")
        .bytes(".renkei.v1.Feed.arrow_ipc")
        .out_dir(into)
        .compile_fds(files)
        .expect("code is generated");
}

fn committed() -> PathBuf {
    PathBuf::from("src/generated")
}

#[test]
fn generated_code_is_current() {
    let dir = tempfile::tempdir().expect("a folder");
    generate(dir.path());
    let read = |dir: &Path| std::fs::read_to_string(dir.join("renkei.v1.rs")).expect("generated code");
    assert!(
        read(dir.path()) == read(&committed()),
        "src/generated is stale: cargo test -p renkei-proto --test main regenerate -- --ignored"
    );
}

#[test]
#[ignore = "writes src/generated; run it after changing a .proto file"]
fn regenerate() {
    generate(&committed());
}
