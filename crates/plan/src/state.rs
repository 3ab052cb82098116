//! The mergeable state of one aggregate in one cell, and what the statement's aggregate makes of it.
//!
//! States are counts, sums, centred moments and counts in bins. The sum of squares is never among them: it cancels.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::Expr;

/// Digits of the widest decimal: an i128 sum.
const SUM_PRECISION: u8 = 38;

/// What a cell carries for one aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// `n`: rows or non-null values.
    Count,
    /// `n`: distinct persons, each of one site.
    Persons,
    /// `n`: distinct keys of one kind of event, each of one person.
    Keys,
    /// `n`, `sum` as i128.
    SumInteger,
    /// `n`, `sum`, compensated.
    SumFloat,
    /// `n`, `mean`, `m2`: the sum of squared deviations from the mean.
    Moments,
    /// Of pairs (y, x): `n`, `mean_y`, `mean_x`, `m2_y`, `m2_x`, and `c`, the sum of products of deviations.
    Comoments,
    /// `n`, and counts on the grid of percentiles ([`renkei_types::grid`]): ranges of bins with their rows.
    Bins,
}

impl StateKind {
    /// The Arrow fields of the state's struct, none of them nullable.
    #[must_use]
    pub fn fields(self) -> Fields {
        let n = Field::new("n", DataType::Int64, false);
        let float = |name: &str| Field::new(name, DataType::Float64, false);
        match self {
            Self::Count | Self::Persons | Self::Keys => vec![n].into(),
            Self::SumInteger => vec![n, Field::new("sum", DataType::Decimal128(SUM_PRECISION, 0), false)].into(),
            Self::SumFloat => vec![n, float("sum")].into(),
            Self::Moments => vec![n, float("mean"), float("m2")].into(),
            Self::Comoments => {
                let names = ["mean_y", "mean_x", "m2_y", "m2_x", "c"];
                std::iter::once(n).chain(names.map(float)).collect()
            }
            Self::Bins => {
                let whole = |name: &str| Field::new(name, DataType::Int64, false);
                let items = DataType::Struct(vec![whole("from"), whole("to"), whole("rows")].into());
                vec![n, Field::new("bins", DataType::List(Arc::new(Field::new("item", items, false))), false)].into()
            }
        }
    }

    /// The name under which it is explained and hashed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Persons => "persons",
            Self::Keys => "distinct events",
            Self::SumInteger => "sum of integers",
            Self::SumFloat => "sum",
            Self::Moments => "count, mean and squared deviations",
            Self::Comoments => "count, means, squared deviations and their products",
            Self::Bins => "counts in bins of the percentile grid",
        }
    }
}

/// One state of a cell: what is computed inside the hospital.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CellState {
    /// What is kept.
    pub kind: StateKind,
    /// The argument over the release point's input; `None` counts rows or persons.
    pub argument: Option<Expr>,
    /// The second argument of a function of pairs.
    pub second: Option<Expr>,
    /// FILTER (WHERE …).
    pub filter: Option<Expr>,
    /// Which rows contribute to it (Boolean over the input); `None` where every row of the cell does.
    pub contributors: Option<Expr>,
    /// Which of these rows lie strictly between the bounds of a clip (Boolean over the input): enough persons must, else
    /// the others' values are known and theirs are the rest; `None` where nothing is clipped.
    pub free: Option<Expr>,
    /// The rows whose value a clip changes (Boolean over the input), those that it makes 0 among them; `None` where
    /// nothing is clipped.
    pub moved: Option<Expr>,
    /// Whether contribution depends on a condition, so that the rest of the cell has to be protected too.
    pub conditional: bool,
}

/// What the statement makes of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputKind {
    /// The state's `n`.
    Count,
    /// The sum; NULL where `n` is 0.
    Sum,
    /// Sum over `n`; NULL where `n` is 0.
    Mean,
    /// m2 / (n − 1); NULL where `n` is below 2.
    VarianceSample,
    /// m2 / n.
    VariancePopulation,
    /// Square root of the sample variance.
    DeviationSample,
    /// Square root of the population variance.
    DeviationPopulation,
    /// A function of pairs.
    Pair(Pair),
    /// The value below which that share of the rows lies, interpolated between neighbours; NULL where `n` is 0 or
    /// where it lies beyond the last edge that is told.
    Percentile(Share),
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u64);

impl Share {
    /// The share, where it is one.
    pub(crate) fn new(share: f64) -> Option<Self> {
        // Of shares that are not negative the bits are in order too; -0 is none of them.
        (0.0..=1.0).contains(&share).then_some(Self(share.abs().to_bits()))
    }

    /// From 0 to 1.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What a statement makes of pairs (y, x), as SQL:2003 defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pair {
    /// c / (n − 1); NULL where `n` is below 2.
    CovarianceSample,
    /// c / n.
    CovariancePopulation,
    /// c / √(m2_y · m2_x); NULL where either is 0.
    Correlation,
    /// c / m2_x; NULL where it is 0.
    Slope,
    /// mean_y − slope · mean_x.
    Intercept,
    /// n.
    Count,
    /// Square of the correlation; 1 where y is constant, NULL where x is.
    Determination,
    /// mean_x.
    MeanX,
    /// mean_y.
    MeanY,
    /// m2_x.
    SumXX,
    /// m2_y.
    SumYY,
    /// c.
    SumXY,
}

impl Pair {
    /// The function of that name in SQL.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "covar_samp" => Self::CovarianceSample,
            "covar_pop" => Self::CovariancePopulation,
            "corr" => Self::Correlation,
            "regr_slope" => Self::Slope,
            "regr_intercept" => Self::Intercept,
            "regr_count" => Self::Count,
            "regr_r2" => Self::Determination,
            "regr_avgx" => Self::MeanX,
            "regr_avgy" => Self::MeanY,
            "regr_sxx" => Self::SumXX,
            "regr_syy" => Self::SumYY,
            "regr_sxy" => Self::SumXY,
            _ => return None,
        })
    }
}

/// One aggregate of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Output {
    /// Its name in the statement, such as `avg(measurement.value_as_number)`.
    pub name: String,
    /// Index of its state.
    pub state: usize,
    /// What it makes of the state.
    pub kind: OutputKind,
    /// Its type in the answer.
    pub data_type: DataType,
}

impl Output {
    /// Whether bounds come with it: it is a whole number of rows, persons or events.
    #[must_use]
    pub fn bounded(&self) -> bool {
        self.kind == OutputKind::Count && self.data_type == DataType::Int64
    }
}
