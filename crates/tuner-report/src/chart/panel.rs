//! A rectangle of the picture with two axes: plotters maps and draws, in our units.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, Circle, DrawingArea, IntoDrawingArea, IntoLogRange, LogCoord, PathElement, Polygon, Rectangle,
};

use super::backend::{SCALE, SvgBackend};
use super::pen::{Anchor, Font, Pen, Px};
use super::style::Role;
use super::text;
use crate::{ReportError, numbers};

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) const fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    pub(super) const fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) const fn middle_x(&self) -> f64 {
        (self.left + self.right) / 2.0
    }

    pub(super) const fn middle_y(&self) -> f64 {
        (self.top + self.bottom) / 2.0
    }

    pub(super) const fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub(super) const fn holds(&self, other: &Self) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }
}

/// Marks of a shape of their own, so that nothing rests on colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Triangle,
    Diamond,
}

/// A plot area. Both axes map through plotters; what is drawn is given either in values or in pixels.
pub(super) struct Panel<X: Ranged, Y: Ranged> {
    pub(super) pen: Pen,
    pub(super) rect: Rect,
    /// Values at the edges. All that is drawn is kept between them: plotters overflows on what lies far outside.
    x: Bounds,
    y: Bounds,
    values: DrawingArea<SvgBackend, Cartesian2d<X, Y>>,
    pixels: DrawingArea<SvgBackend, Shift>,
}

/// Log base 2 in both directions.
pub(super) type LogLog = Panel<LogCoord<f64>, LogCoord<f64>>;
/// Log across, linear upwards.
pub(super) type LogLinear = Panel<LogCoord<f64>, RangedCoordf64>;
/// Linear across, log upwards.
pub(super) type LinearLog = Panel<RangedCoordf64, LogCoord<f64>>;

/// Linear in both directions.
pub(super) type Linear = Panel<RangedCoordf64, RangedCoordf64>;

type Bounds = (f64, f64);
pub(super) type Drawn = Result<(), ReportError>;

pub(super) fn log_log(pen: &Pen, rect: Rect, x: Bounds, y: Bounds) -> LogLog {
    Panel::new(
        pen,
        rect,
        (x, y),
        (x.0..x.1).log_scale().base(2.0),
        (y.0..y.1).log_scale(),
    )
}

pub(super) fn log_linear(pen: &Pen, rect: Rect, x: Bounds, y: Bounds) -> LogLinear {
    Panel::new(pen, rect, (x, y), (x.0..x.1).log_scale().base(2.0), y.0..y.1)
}

pub(super) fn linear_log(pen: &Pen, rect: Rect, x: Bounds, y: Bounds) -> LinearLog {
    Panel::new(pen, rect, (x, y), x.0..x.1, (y.0..y.1).log_scale())
}

pub(super) fn linear(pen: &Pen, rect: Rect, x: Bounds, y: Bounds) -> Linear {
    Panel::new(pen, rect, (x, y), x.0..x.1, y.0..y.1)
}

impl<X: Ranged<ValueType = f64>, Y: Ranged<ValueType = f64>> Panel<X, Y> {
    fn new<IX, IY>(pen: &Pen, rect: Rect, bounds: (Bounds, Bounds), x: IX, y: IY) -> Self
    where
        IX: AsRangedCoord<CoordDescType = X, Value = f64> + Into<X>,
        IY: AsRangedCoord<CoordDescType = Y, Value = f64> + Into<Y>,
    {
        let pixels = SvgBackend::new(pen.clone()).into_drawing_area();
        let to = (units(rect.left)..units(rect.right), units(rect.bottom)..units(rect.top));
        let values = pixels.apply_coord_spec(Cartesian2d::<X, Y>::new(x, y, to));
        Self {
            pen: pen.clone(),
            rect,
            x: bounds.0,
            y: bounds.1,
            values,
            pixels,
        }
    }

    /// Where a value is, in pixels.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = self.values.map_coordinate(&self.inside((x, y)));
        (f64::from(x) / f64::from(SCALE), f64::from(y) / f64::from(SCALE))
    }

    fn inside(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (within(x, self.x), within(y, self.y))
    }

    fn all_inside(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|&point| self.inside(point)).collect()
    }

    /// A line through values.
    pub(super) fn line(&self, points: &[(f64, f64)], role: Role, width: f64) -> Drawn {
        self.values
            .draw(&PathElement::new(self.all_inside(points), role.stroke(width)))
            .map_err(broken)
    }

    /// An area between values.
    pub(super) fn area(&self, outline: &[(f64, f64)], role: Role) -> Drawn {
        self.values
            .draw(&Polygon::new(self.all_inside(outline), role.fill()))
            .map_err(broken)
    }

    /// A filled marker of about `radius` pixels at a value; a hollow one has an outline only.
    pub(super) fn marker(&self, at: (f64, f64), marker: Marker, radius: f64, role: Role, hollow: bool) -> Drawn {
        let (x, y) = self.at(at.0, at.1);
        let outline: &[(f64, f64)] = match marker {
            Marker::Circle => {
                let circle = |role: Role, fill: bool| {
                    let style = if fill { role.fill() } else { role.stroke(2.0) };
                    self.values
                        .draw(&Circle::new(self.inside(at), units(radius), style))
                        .map_err(broken)
                };
                circle(if hollow { Role::Paper } else { role }, true)?;
                return if hollow { circle(role, false) } else { Ok(()) };
            }
            Marker::Triangle => &[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)],
            Marker::Diamond => &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)],
        };
        let mut points: Vec<(f64, f64)> = outline
            .iter()
            .map(|(dx, dy)| (x + dx * radius, y + dy * radius))
            .collect();
        let style = if hollow { Role::Paper.fill() } else { role.fill() };
        self.pixels
            .draw(&Polygon::new(to_units(&points), style))
            .map_err(broken)?;
        if hollow {
            points.push(points[0]);
            self.pixel_line(&points, role, 2.0)?;
        }
        Ok(())
    }

    /// A line through pixels.
    pub(super) fn pixel_line(&self, points: &[(f64, f64)], role: Role, width: f64) -> Drawn {
        self.pixels
            .draw(&PathElement::new(to_units(points), role.stroke(width)))
            .map_err(broken)
    }

    /// A filled rectangle in pixels.
    pub(super) fn pixel_rect(&self, rect: Rect, role: Role) -> Drawn {
        let corners = [
            (units(rect.left), units(rect.top)),
            (units(rect.right), units(rect.bottom)),
        ];
        self.pixels.draw(&Rectangle::new(corners, role.fill())).map_err(broken)
    }

    /// An interval at a value: a bar with caps.
    pub(super) fn interval(&self, x: f64, (low, high): Bounds, role: Role, width: f64) {
        let ((px, bottom), (_, top)) = (self.at(x, low), self.at(x, high));
        const CAP: f64 = 4.0;
        // One path: there are many, and three each would be a fifth of the picture.
        let (left, across) = (Px(px - CAP), Px(CAP * 2.0));
        let (x, bottom, top) = (Px(px), Px(bottom), Px(top));
        self.pen.write(format_args!(
            "<path d=\"M{x} {bottom}V{top}M{left} {bottom}h{across}M{left} {top}h{across}\" class=\"s s-{}\" \
             stroke-width=\"{}\"/>",
            role.class(),
            Px(width)
        ));
    }

    /// Horizontal grid lines with their labels, left of the panel.
    pub(super) fn y_grid(&self, ticks: &[f64], x_of_any: f64) -> Drawn {
        self.pen.group("grid", "", || {
            for &tick in ticks {
                let (_, y) = self.at(x_of_any, tick);
                self.pixel_line(&[(self.rect.left, y), (self.rect.right, y)], Role::Grid, 1.0)?;
                self.pen.text(
                    (self.rect.left - 8.0, y + 4.0),
                    Anchor::End,
                    "f-muted",
                    &numbers::plain(tick),
                );
            }
            Ok(())
        })
    }

    /// The line along the bottom.
    pub(super) fn baseline(&self) -> Drawn {
        let Rect {
            left, right, bottom, ..
        } = self.rect;
        self.pixel_line(&[(left, bottom), (right, bottom)], Role::Muted, 1.0)
    }
}

/// A title and, if there is room beside it, how to read what is below.
pub(super) fn title(pen: &Pen, room: Rect, title: &str, how: &str) -> f64 {
    let baseline = room.top + 12.0;
    let taken = text::width(title, 13.0, true) + 12.0;
    pen.text((room.left, baseline), Anchor::Start, "t13 b f-ink", title);
    if taken + text::width(how, 11.0, false) <= room.width() {
        pen.text((room.left + taken, baseline), Anchor::Start, "t11 f-muted", how);
        return baseline + 6.0;
    }
    pen.paragraph(
        (room.left, baseline + 15.0),
        room.width(),
        Font::regular(11.0),
        "t11 f-muted",
        how,
    ) - 9.0
}

fn within(value: f64, (low, high): Bounds) -> f64 {
    if value.is_nan() { low } else { value.max(low).min(high) }
}

fn units(px: f64) -> i32 {
    (px * f64::from(SCALE)).round() as i32
}

fn to_units(points: &[(f64, f64)]) -> Vec<(i32, i32)> {
    points.iter().map(|&(x, y)| (units(x), units(y))).collect()
}

fn broken<E: std::error::Error + Send + Sync>(error: plotters::drawing::DrawingAreaErrorKind<E>) -> ReportError {
    ReportError::Chart(error.to_string())
}
