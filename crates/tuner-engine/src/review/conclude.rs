use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tuner_core::FunctionName;
use tuner_core::review::{MemoryReview, Tuned};
use tuner_report::{Format, GROUP_FORMATS, Options, group_pages, masked_review, render_review, review_groups_csv};
use uuid::Uuid;

use super::documents::Keys;
use super::history::PastReview;
use super::{ReviewContext, ReviewError};

/// A review that is over, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Concluded {
    /// The document.
    pub review: MemoryReview,
    /// Where it is, as people find it.
    pub document: String,
    /// Where its reports are.
    pub reports: ReviewReports,
}

/// Where the reports of a review are, as people find them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewReports {
    /// The page.
    pub html: String,
    /// The picture.
    pub svg: String,
    /// The text for a repository or a ticket.
    pub markdown: String,
    /// The rows for a spreadsheet.
    pub csv: String,
}

/// Puts what came of the tunings into the review, writes the document, its reports and its entry in the index. To conclude
/// again with the same tunings changes nothing.
///
/// # Errors
/// When the review is not there, or something can't be written; what was written before is there.
pub async fn conclude(
    ctx: &ReviewContext,
    review_id: Uuid,
    tuned: BTreeMap<FunctionName, Tuned>,
) -> Result<Concluded, ReviewError> {
    let keys = Keys(review_id);
    let review: MemoryReview = ctx.expected(keys, &keys.ranked()).await?;
    let review = if tuned.is_empty() {
        review
    } else {
        review.with_tuned(tuned)
    };
    let concluded = write(ctx, keys, review).await?;
    let past = PastReview::of(&concluded.review, Some(concluded.reports.html.clone()));
    ctx.keep(&keys.history(), &past).await?;
    Ok(concluded)
}

/// Writes the document and the reports of a review that was stopped before everything was looked at. They say so; and there
/// is no entry in the index, so that the next review is compared with a whole one.
///
/// # Errors
/// As [`conclude`].
pub async fn conclude_stopped(ctx: &ReviewContext, review_id: Uuid) -> Result<Concluded, ReviewError> {
    let keys = Keys(review_id);
    let mut review: MemoryReview = ctx.expected(keys, &keys.ranked()).await?;
    review.warnings.insert(0, STOPPED.to_owned());
    write(ctx, keys, review).await
}

const STOPPED: &str =
    "this review was stopped before everything was looked at: what it does not find may be there all the same";

async fn write(ctx: &ReviewContext, keys: Keys, review: MemoryReview) -> Result<Concluded, ReviewError> {
    let document = ctx.keep(&keys.review(), &review).await?;
    let options = Options {
        group_pages: review.groups.as_ref().map(|_| GROUPS.to_owned()),
        ..Options::default()
    };
    let write = async |format, name: &str| {
        let mut bytes = Vec::new();
        render_review(format, &review, &options, &mut bytes).map_err(|e| ReviewError::Report(e.to_string()))?;
        Ok::<_, ReviewError>(ctx.store.put(&keys.of(name), &bytes).await?)
    };
    let reports = ReviewReports {
        html: write(Format::Html, "report.html").await?,
        svg: write(Format::Svg, "report.svg").await?,
        markdown: write(Format::Markdown, "report.md").await?,
        csv: write(Format::Csv, "report.csv").await?,
    };
    if review.groups.is_some() {
        write_groups(ctx, keys, review.clone()).await?;
    }
    Ok(Concluded {
        review,
        document,
        reports,
    })
}

/// Below the reports: the pages of the groups.
const GROUPS: &str = "groups";
/// Beside the reports: the sums of every group.
const GROUPS_TABLE: &str = "groups.csv";
/// Pages that are written at a time.
const PAGES_AT_ONCE: usize = 16;

/// Writes the sums of every group, and a page for each in every form of it.
async fn write_groups(ctx: &ReviewContext, keys: Keys, review: MemoryReview) -> Result<(), ReviewError> {
    let wrong = |e: tuner_report::ReportError| ReviewError::Report(e.to_string());
    let options = Options::default();
    // The names of groups may hold account IDs: pages are called by what is shown.
    let shown = masked_review(review, &options).map_err(wrong)?;
    let Some(groups) = &shown.groups else { return Ok(()) };
    let mut bytes = Vec::new();
    review_groups_csv(&shown, &options, &mut bytes).map_err(wrong)?;
    ctx.store.put(&keys.of(GROUPS_TABLE), &bytes).await?;
    let pages = group_pages(&shown);
    stream::iter(&pages)
        .map(|page| {
            let (shown, options) = (&shown, &options);
            async move {
                let of_group = shown.of_group(&groups.by, page.name.as_deref());
                for format in GROUP_FORMATS {
                    let mut bytes = Vec::new();
                    render_review(format, &of_group, options, &mut bytes).map_err(wrong)?;
                    let name = format!("{GROUPS}/{}.{}", page.stem, format.extension());
                    ctx.store.put(&keys.of(&name), &bytes).await?;
                }
                Ok::<_, ReviewError>(())
            }
        })
        .buffer_unordered(PAGES_AT_ONCE)
        .try_collect::<()>()
        .await
}
