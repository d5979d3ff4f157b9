//! The picture of several reviews: cost and waste, risks and calls over time, what moved the cost, and what advice has saved.

mod bars;
mod layout;
mod lines;

use std::io::Write;

use tuner_core::review::ReviewTrend;

use super::{Shape, pen, style};
use crate::trend::words;
use crate::{Options, ReportError, escape, masking};

/// Writes `trend` as one SVG file: no script, no font, no address outside it, light and dark.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_svg(trend: &ReviewTrend, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    Ok(out.write_all(trend_element(&shown, Shape::Picture)?.as_bytes())?)
}

/// The `<svg>` element, as it can also stand inside a page.
pub(crate) fn trend_element(trend: &ReviewTrend, shape: Shape) -> Result<String, ReportError> {
    let pen = pen::Pen::default();
    let height = layout::draw(&pen, trend, shape)?.ceil();
    let width = shape.width();
    let suffix = match shape {
        Shape::Picture => "",
        Shape::Page => "-page",
        Shape::Phone => "-phone",
    };
    let id = format!("t{}{suffix}", trend.trend_of.simple());
    let (first, further) = words::headline(trend);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tuner-chart\" id=\"{id}\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{} memory reviews</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <style>{}</style>\n<rect width=\"{width}\" height=\"{height}\" class=\"f-paper\"/>\n{}</svg>\n",
        trend.reviews.len(),
        escape::xml(&format!("{first} {}", further.join(" "))),
        style::style_sheet(&id),
        pen.into_svg(),
    ))
}
