//! The picture of a memory review: what could be saved and what may break, on one map.

mod counts;
mod layout;
mod map;
mod savings;

use std::io::Write;

use tuner_core::review::MemoryReview;

use super::{Shape, pen, style};
use crate::review::view::View;
use crate::review::words;
use crate::{Options, ReportError, escape, masking};

/// Writes `review` as one SVG file: no script, no font, no address outside it, light and dark.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_svg(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    Ok(out.write_all(review_element(&View::new(&shown), Shape::Picture)?.as_bytes())?)
}

/// The `<svg>` element, as it can also stand inside a page; there its marks lead to the rows of the table.
pub(crate) fn review_element(view: &View<'_>, shape: Shape) -> Result<String, ReportError> {
    let pen = pen::Pen::default();
    let height = layout::draw(&pen, view, shape)?.ceil();
    let width = shape.width();
    let suffix = match shape {
        Shape::Picture => "",
        Shape::Page => "-page",
        Shape::Phone => "-phone",
    };
    let id = format!("r{}{suffix}", view.review.review_id.simple());
    let words = words::of_view(view);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tuner-chart\" id=\"{id}\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">Memory review of {}</title>\n<desc id=\"{id}-desc\">{}</desc>\n\
         <style>{}</style>\n<rect width=\"{width}\" height=\"{height}\" class=\"f-paper\"/>\n{}</svg>\n",
        escape::xml(&words::functions(view.review.totals.functions)),
        escape::xml(&format!("{}. {}", words.line(), words.unknown.unwrap_or_default())),
        style::style_sheet(&id),
        pen.into_svg(),
    ))
}
