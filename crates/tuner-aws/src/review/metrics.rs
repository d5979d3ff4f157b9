use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric as SdkMetric, MetricDataQuery, MetricStat, StatusCode};
use tuner_core::review::Window;
use tuner_engine::ports::{PortError, PortErrorKind};
use tuner_engine::review::ports::{Metric, MetricSource, Page, Series};

use crate::errors::port_error;

/// Daily figures: 500 series over 90 days are 45,000 of the 100,800 data points that an answer may have.
const PERIOD_S: i32 = 86_400;

/// CloudWatch's metrics.
#[derive(Debug)]
pub(crate) struct AwsMetrics {
    client: Client,
}

impl AwsMetrics {
    pub(crate) const fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl MetricSource for AwsMetrics {
    async fn sums(
        &self,
        series: &[Series],
        window: Window,
        token: Option<&str>,
    ) -> Result<Page<(usize, f64)>, PortError> {
        let queries = series.iter().enumerate().map(|(place, series)| query(place, series));
        let page = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(DateTime::from_secs(window.from.as_second()))
            .end_time(DateTime::from_secs(window.until.as_second()))
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|e| port_error("GetMetricData", e))?;
        let is_last = page.next_token().is_none();
        for result in page.metric_data_results() {
            whole(result.status_code(), is_last)?;
        }
        let figures = page.metric_data_results().iter().filter_map(|result| {
            let place: usize = result.id()?.strip_prefix('m')?.parse().ok()?;
            let metric = series.get(place)?.metric;
            let values = result.values().iter().copied();
            // Nothing counted is no figure.
            Some((place, values.reduce(|a, b| metric.with(a, b))?))
        });
        Ok(Page {
            items: figures.collect(),
            next: page.next_token().map(str::to_owned),
        })
    }
}

/// What is incomplete is not taken for what there is. Source: API reference, `MetricDataResult`: partial data go on with the next
/// page.
fn whole(status: Option<&StatusCode>, is_last: bool) -> Result<(), PortError> {
    let error = |kind, said: &str| Err(PortError::new(kind, "GetMetricData", said));
    match status {
        Some(StatusCode::Forbidden) => error(PortErrorKind::Denied, "Forbidden: its figures may not be read"),
        Some(StatusCode::InternalError) => error(PortErrorKind::Service, "InternalError: a figure is missing"),
        Some(StatusCode::PartialData) if is_last => error(PortErrorKind::Service, "PartialData: a figure is not whole"),
        _ => Ok(()),
    }
}

fn query(place: usize, series: &Series) -> MetricDataQuery {
    let (name, statistic) = match series.metric {
        Metric::Invocations => ("Invocations", "Sum"),
        Metric::Errors => ("Errors", "Sum"),
        Metric::Throttles => ("Throttles", "Sum"),
        Metric::DurationSum => ("Duration", "Sum"),
        Metric::DurationMax => ("Duration", "Maximum"),
        Metric::ProvisionedInvocations => ("ProvisionedConcurrencyInvocations", "Sum"),
        Metric::ProvisionedUtilizationMax => ("ProvisionedConcurrencyUtilization", "Maximum"),
        Metric::CpuTimeSum => ("cpu_total_time", "Sum"),
        Metric::CpuTimeCount => ("cpu_total_time", "SampleCount"),
        Metric::IncomingBytes => ("IncomingBytes", "Sum"),
    };
    // Source: "Metrics collected by Lambda Insights", "CloudWatch Logs usage metrics".
    let (namespace, named) = match series.metric {
        Metric::CpuTimeSum | Metric::CpuTimeCount => ("LambdaInsights", "function_name"),
        Metric::IncomingBytes => ("AWS/Logs", "LogGroupName"),
        _ => ("AWS/Lambda", "FunctionName"),
    };
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let mut metric = SdkMetric::builder()
        .namespace(namespace)
        .metric_name(name)
        .dimensions(dimension(named, &series.function));
    if let Some(qualifier) = &series.qualifier {
        metric = metric.dimensions(dimension("Resource", &format!("{}:{qualifier}", series.function)));
    }
    let statistic = MetricStat::builder()
        .metric(metric.build())
        .period(PERIOD_S)
        .stat(statistic)
        .build();
    // IDs begin with a small letter.
    MetricDataQuery::builder()
        .id(format!("m{place}"))
        .metric_stat(statistic)
        .build()
}
