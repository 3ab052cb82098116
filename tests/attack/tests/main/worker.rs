//! Workers of the nodes in these tests: the same binary, started with one test alone.

#[test]
#[ignore = "a node starts it: it is a worker"]
fn process() {
    let _ = renkei_node::cli::main_from(["renkei-node", "worker"].map(Into::into));
}
