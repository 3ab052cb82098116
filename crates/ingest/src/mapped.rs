//! Tables of the hospital's own, mapped to the CDM by a file.
