//! Duration against memory size, as far as few and noisy measurements tell it.
//!
//! [`Point`]s are what was measured at each size, with an error that all sizes have a say in; the [`Fit`] is a
//! [`DurationModel`] through them; [`Curve`] puts both together. Wherever they disagree the points win: the model never
//! moves a measured number by more than that number's own standard error.

mod fit;
mod model;
mod point;

pub use fit::{Fit, Knee};
pub use model::{DurationModel, Parts};
pub use point::{Point, Sample, Series, Shape};

/// Points in ascending order of memory size, and the model through them.
#[derive(Debug, Clone)]
pub struct Curve {
    points: Vec<Point>,
    fit: Option<Fit>,
}

/// What is known of the mean duration at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Believed {
    /// In ms.
    pub ms: f64,
    /// Standard error, as a share of it.
    pub error: f64,
}

impl Curve {
    /// Of `series`, ascending by memory size; those without samples are left out.
    pub fn of(series: &[Series<'_>]) -> Self {
        let points = point::points(series);
        let fit = Fit::of(&points);
        Self { points, fit }
    }

    /// What was measured, ascending by memory size.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The model, if there are enough sizes for one.
    pub const fn fit(&self) -> Option<&Fit> {
        self.fit.as_ref()
    }

    /// Where the curve levels off; `None` when that cannot be told from these sizes.
    pub fn knee(&self) -> Option<Knee> {
        fit::knee(&self.points)
    }

    /// The mean duration at a measured size: of the point, and of the model as far as either is to be trusted.
    pub fn believed(&self, point: &Point) -> Believed {
        let measured = Believed {
            ms: point.ms,
            error: point.error,
        };
        let Some(fit) = self.fit.as_ref().filter(|fit| fit.is_trusted()) else {
            return measured;
        };
        // Several modes have no single curve through them; a bill is a mean of them all.
        if point.shape.bimodal {
            return measured;
        }
        let (own, model) = (point.error.powi(2), fit.misfit.powi(2));
        let pull = (fit.model.at(f64::from(point.memory_size_mb)) / point.ms).ln() * own / (own + model);
        Believed {
            ms: point.ms * pull.clamp(-point.error, point.error).exp(),
            error: (own * model / (own + model)).sqrt(),
        }
    }
}
