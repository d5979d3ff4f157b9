//! Duration against memory size, as far as few and noisy measurements tell it.
//!
//! [`Point`]s are what was measured at each size, with an error that all sizes have a say in; the [`Fit`] is a
//! [`DurationModel`] through them; [`Curve`] has both. The model says where it may pay to measure another size, and what
//! the function does. Sizes are compared by their points alone. (Pulling points towards the model was tried on recorded
//! curves, and chose no better.)

mod fit;
mod model;
mod point;

pub use fit::{Fit, Knee};
pub use model::{DurationModel, Parts};
pub use point::{Point, Robust, Sample, Series, Shape};

/// Points in ascending order of memory size, and the model through them.
#[derive(Debug, Clone)]
pub struct Curve {
    points: Vec<Point>,
    fit: Option<Fit>,
    simplest: Option<Fit>,
}

impl Curve {
    /// Of `series`, ascending by memory size; those without samples are left out.
    pub fn of(series: &[Series<'_>]) -> Self {
        let points = point::points(series);
        let fit = Fit::of(&points);
        let simplest = Fit::simplest(&points);
        Self { points, fit, simplest }
    }

    /// What was measured, ascending by memory size.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The model, if there are enough sizes for one.
    pub const fn fit(&self) -> Option<&Fit> {
        self.fit.as_ref()
    }

    /// The model with no more terms than the measurements demand: what can be held to be equal is told by it.
    pub const fn simplest(&self) -> Option<&Fit> {
        self.simplest.as_ref()
    }

    /// Where the curve levels off; `None` when that cannot be told from these sizes.
    pub fn knee(&self) -> Option<Knee> {
        fit::knee(&self.points)
    }
}
