//! What CloudWatch counted, for many functions at a time.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use tuner_core::review::{ListedFunction, Metrics, Window};

use super::ReviewContext;
use super::ports::{Metric, MetricSource, SERIES_PER_CALL, Series};
use crate::ports::PortError;

/// Calls that are made at a time, of the 50 a second that are allowed.
const CALLS_AT_ONCE: usize = 4;

/// Figures by plain name of the function and metric; those of qualifiers are together.
type Figures = BTreeMap<(String, Metric), f64>;

/// What CloudWatch counted of a function.
pub(super) struct Counted {
    pub(super) metrics: Metrics,
    /// Whether invocations were counted, and no figure of their errors and durations is there, as every invocation has one.
    pub(super) in_part: bool,
}

/// What CloudWatch counted of these functions of one region, in their order. Each series costs a little: what functions that
/// were not invoked took is not asked.
pub(super) async fn of_functions(
    ctx: &ReviewContext,
    source: &dyn MetricSource,
    functions: &[&ListedFunction],
    window: Window,
) -> Result<Vec<Counted>, PortError> {
    let series = |wanted: &[Metric], functions: &[&ListedFunction]| -> Vec<Series> {
        let of = |function: &ListedFunction, metric| Series {
            function: function.name.name().to_owned(),
            qualifier: None,
            metric,
        };
        functions
            .iter()
            .flat_map(|function| wanted.iter().map(|&metric| of(function, metric)))
            .collect()
    };
    let mut figures = Figures::new();
    let counts = series(&[Metric::Invocations, Metric::Throttles], functions);
    ask(ctx, source, &counts, window, &mut figures).await?;
    let invoked: Vec<&ListedFunction> = functions
        .iter()
        .filter(|function| figure(&figures, function, Metric::Invocations).is_some_and(|n| n > 0.0))
        .copied()
        .collect();
    let costs = series(&[Metric::Errors, Metric::DurationSum, Metric::DurationMax], &invoked);
    ask(ctx, source, &costs, window, &mut figures).await?;
    // Lambda Insights has figures of those only that have its extension.
    let with_insights: Vec<&ListedFunction> = invoked.into_iter().filter(|f| f.lambda_insights).collect();
    let processor = series(&[Metric::CpuTimeSum, Metric::CpuTimeCount], &with_insights);
    ask(ctx, source, &processor, window, &mut figures).await?;
    let metrics = |function: &&ListedFunction| {
        let of = |metric| figure(&figures, function, metric);
        let count = |metric| of(metric).map_or(0, whole);
        let is_told = of(Metric::Errors).and(of(Metric::DurationSum)).is_some();
        let metrics = Metrics {
            window,
            invocations: count(Metric::Invocations),
            errors: count(Metric::Errors),
            throttles: count(Metric::Throttles),
            duration_sum_ms: of(Metric::DurationSum).unwrap_or(0.0),
            duration_max_ms: of(Metric::DurationMax),
            provisioned_invocations: None,
            provisioned_utilization_max: None,
            cpu_time_mean_ms: (of(Metric::CpuTimeSum).zip(of(Metric::CpuTimeCount)))
                .filter(|&(_, count)| count > 0.0)
                .map(|(sum, count)| sum / count),
        };
        Counted {
            metrics,
            in_part: metrics.invocations > 0 && !is_told,
        }
    };
    Ok(functions.iter().map(metrics).collect())
}

/// Adds what CloudWatch counted of their provisioned concurrency, of those that have any.
pub(super) async fn of_provisioned(
    ctx: &ReviewContext,
    source: &dyn MetricSource,
    functions: Vec<(&ListedFunction, &mut Metrics)>,
    window: Window,
) -> Result<(), PortError> {
    let mut series = Vec::new();
    for provisioned in functions.iter().flat_map(|(function, _)| {
        let name = function.name.name();
        function.provisioned.iter().map(move |p| (name, &p.qualifier))
    }) {
        for metric in [Metric::ProvisionedInvocations, Metric::ProvisionedUtilizationMax] {
            series.push(Series {
                function: provisioned.0.to_owned(),
                qualifier: Some(provisioned.1.clone()),
                metric,
            });
        }
    }
    let mut figures = Figures::new();
    ask(ctx, source, &series, window, &mut figures).await?;
    for (function, metrics) in functions {
        // CloudWatch has no figures for what was never used.
        let of = |metric| figure(&figures, function, metric).unwrap_or(0.0);
        metrics.provisioned_invocations = Some(whole(of(Metric::ProvisionedInvocations)));
        metrics.provisioned_utilization_max = Some(of(Metric::ProvisionedUtilizationMax));
    }
    Ok(())
}

/// What was written to these log groups in the window, in bytes; none where nothing was counted.
pub(super) async fn of_groups(
    ctx: &ReviewContext,
    source: &dyn MetricSource,
    groups: &[String],
    window: Window,
) -> Result<Vec<Option<u64>>, PortError> {
    let series = groups.iter().map(|group| Series {
        function: group.clone(),
        qualifier: None,
        metric: Metric::IncomingBytes,
    });
    let mut figures = Figures::new();
    ask(ctx, source, &series.collect::<Vec<_>>(), window, &mut figures).await?;
    let bytes = |group: &String| figures.get(&(group.clone(), Metric::IncomingBytes)).copied();
    Ok(groups.iter().map(|group| bytes(group).map(whole)).collect())
}

fn figure(figures: &Figures, function: &ListedFunction, metric: Metric) -> Option<f64> {
    figures.get(&(function.name.name().to_owned(), metric)).copied()
}

/// The figures of all series, in as few calls as there can be.
async fn ask(
    ctx: &ReviewContext,
    source: &dyn MetricSource,
    series: &[Series],
    window: Window,
    figures: &mut Figures,
) -> Result<(), PortError> {
    let mut answers = stream::iter(series.chunks(SERIES_PER_CALL))
        .map(|series| async move {
            let pages = ctx.pages(|token| async move { source.sums(series, window, token.as_deref()).await });
            (series, pages.await)
        })
        .buffered(CALLS_AT_ONCE);
    while let Some((series, (items, result))) = answers.next().await {
        result?;
        for (place, value) in items.into_iter().filter(|(_, value)| value.is_finite()) {
            let Some(series) = series.get(place) else { continue };
            figures
                .entry((series.function.clone(), series.metric))
                .and_modify(|figure| *figure = series.metric.with(*figure, value))
                .or_insert(value);
        }
    }
    Ok(())
}

/// A count, which CloudWatch has as a decimal.
fn whole(figure: f64) -> u64 {
    figure.round().max(0.0) as u64
}
