//! Workers of the nodes in these tests: the same binary, started with one test alone.

use renkei_e2e::{Consortium, Site};

use crate::{BY_SEX, calm};

#[test]
#[ignore = "a node starts it: it is a worker"]
fn process() {
    let _ = renkei_node::cli::main_from(["renkei-node", "worker"].map(Into::into));
}

/// Processes of this program that are children of this one, in the state folder's worker folders.
fn workers(consortium: &Consortium, site: &str) -> usize {
    let spill = consortium.state_dir(site).join("spill");
    std::fs::read_dir(spill).map_or(0, |folders| folders.count())
}

#[test]
fn a_node_keeps_warm_workers_and_takes_them_with_it() {
    let mut consortium = Consortium::start([Site::with("warm", calm(30))]);
    for _ in 0..3 {
        assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 30 | 1 | 0"]);
    }
    let warm = workers(&consortium, "warm");
    assert!((1..=2).contains(&warm), "one of the project, one that nobody has had: {warm}");
    drop(consortium.take("warm"));
    let gone = || (workers(&consortium, "warm") == 0).then_some(());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while gone().is_none() {
        assert!(std::time::Instant::now() < until, "workers outlive their node");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
