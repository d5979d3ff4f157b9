//! A drawing backend for plotters that writes our SVG: classes instead of colours, tenths of a pixel instead of pixels.

use std::convert::Infallible;

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::pen::{Pen, Px};
use super::style::Role;

/// Plotters counts in whole units; this many of ours make a pixel.
pub(super) const SCALE: i32 = 10;

/// Larger than any picture: plotters cuts what lies outside.
const EXTENT: u32 = 40_000;

/// Writes to a [`Pen`].
pub(super) struct SvgBackend {
    pen: Pen,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl SvgBackend {
    pub(super) const fn new(pen: Pen) -> Self {
        Self { pen }
    }

    fn path(&self, points: impl IntoIterator<Item = BackendCoord>, closed: bool, paint: &str) {
        self.pen.write(format_args!("<path d=\""));
        for (index, point) in points.into_iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            self.pen.write(format_args!("{letter}{} {}", px(point.0), px(point.1)));
        }
        let end = if closed { "Z" } else { "" };
        self.pen.write(format_args!("{end}\" {paint}/>"));
    }
}

fn px(units: i32) -> Px {
    Px(f64::from(units) / f64::from(SCALE))
}

/// Class, and width for a line.
fn paint<S: BackendStyle>(style: &S, fill: bool) -> String {
    let class = Role::of_rgb(style.color().rgb).class();
    if fill {
        return format!("class=\"f-{class}\"");
    }
    let width = f64::from(style.stroke_width()) / f64::from(SCALE);
    format!("class=\"s s-{class}\" stroke-width=\"{}\"", Px(width))
}

impl DrawingBackend for SvgBackend {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (EXTENT, EXTENT)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let class = Role::of_rgb(color.rgb).class();
        self.pen.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"1\" height=\"1\" class=\"f-{class}\"/>",
            px(point.0),
            px(point.1)
        ));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.path([from, to], false, &paint(style, false));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        self.pen.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>",
            px(a.0.min(b.0)),
            px(a.1.min(b.1)),
            px((b.0 - a.0).abs()),
            px((b.1 - a.1).abs()),
            paint(style, fill)
        ));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.path(path, false, &paint(style, false));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        self.pen.write(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>",
            px(center.0),
            px(center.1),
            Px(f64::from(radius) / f64::from(SCALE)),
            paint(style, fill)
        ));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        self.path(vert, true, &paint(style, true));
        Ok(())
    }

    /// Never asked for: the [`Pen`] writes all text, since plotters would measure it in bytes.
    fn draw_text<T: BackendTextStyle>(&mut self, _: &str, _: &T, _: BackendCoord) -> Drawn {
        Ok(())
    }
}
