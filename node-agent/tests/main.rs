//! The tests of the node agent that go through its public parts, in one binary: each one more would link the query engine
//! once more.

mod store {
    mod crash;
    mod damage;
    mod fixture;
    mod numbers;
    mod real;
    mod retention;
    mod round_trip;
    mod sorting;
}
