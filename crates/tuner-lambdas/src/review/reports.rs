use serde::Serialize;
use tuner_core::review::MemoryReview;
use tuner_engine::review::{Keys, ReviewContext};
use tuner_report::{Format, Options, render_review};

use crate::failure::{Failed, named, of_store};

/// Where the files of a review are, as people find them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ReviewPlaces {
    pub(super) document: String,
    pub(super) html: String,
    pub(super) svg: String,
    pub(super) markdown: String,
    pub(super) csv: String,
}

/// Writes the views of `review` beside its document.
pub(super) async fn save(ctx: &ReviewContext, review: &MemoryReview) -> Failed<ReviewPlaces> {
    let keys = Keys(review.review_id);
    let write = async |format, name: &str| {
        let mut bytes = Vec::new();
        render_review(format, review, &Options::default(), &mut bytes).map_err(|e| named("Tuner.Report", e))?;
        ctx.store.put(&keys.of(name), &bytes).await.map_err(|e| of_store(&e))
    };
    Ok(ReviewPlaces {
        document: write(Format::Json, "review.json").await?,
        html: write(Format::Html, "report.html").await?,
        svg: write(Format::Svg, "report.svg").await?,
        markdown: write(Format::Markdown, "report.md").await?,
        csv: write(Format::Csv, "report.csv").await?,
    })
}
