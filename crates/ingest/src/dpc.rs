//! DPC survey files: 様式1, EF, D, H.
