//! The picture: one self-contained SVG without script. What it shows and why is in the module of each part.

mod backend;
mod cold;
mod cost;
mod describe;
mod duration;
mod facts;
mod failed;
mod headroom;
mod labels;
mod layout;
mod limits;
mod memory_axis;
mod model;
mod panel;
mod pareto;
mod pen;
mod review;
mod style;
mod text;
mod ticks;
mod trend;

use std::io::Write;

use tuner_core::Tuning;

pub(crate) use layout::Shape;
pub(crate) use review::review_element;
pub use review::review_svg;
pub(crate) use trend::trend_element;
pub use trend::trend_svg;

use crate::view::View;
use crate::{Options, ReportError, masking};

/// Writes `tuning` as one SVG file: no script, no font, no address outside it, light and dark.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn svg(tuning: &Tuning, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(tuning, options)?;
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    Ok(out.write_all(element(&View::new(&shown), Shape::Picture)?.as_bytes())?)
}

/// The `<svg>` element, as it can also stand inside a page.
pub(crate) fn element(view: &View<'_>, shape: Shape) -> Result<String, ReportError> {
    let pen = pen::Pen::default();
    let height = layout::draw(&pen, view, shape)?.ceil();
    let width = shape.width();
    let id = describe::id(view, shape);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tuner-chart\" id=\"{id}\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         {}<style>{}</style>\n\
         <defs><pattern id=\"{id}-hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><path d=\"M0 0V8\" class=\"s s-bad\" stroke-width=\"1.6\" \
         stroke-opacity=\".6\"/></pattern></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" class=\"f-paper\"/>\n{}</svg>\n",
        describe::head(view, &id),
        style::style_sheet(&id),
        pen.into_svg(),
    ))
}
