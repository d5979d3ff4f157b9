use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric as SdkMetric, MetricDataQuery, MetricStat};
use tuner_core::review::Window;
use tuner_engine::ports::PortError;
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

fn query(place: usize, series: &Series) -> MetricDataQuery {
    let (name, statistic) = match series.metric {
        Metric::Invocations => ("Invocations", "Sum"),
        Metric::Errors => ("Errors", "Sum"),
        Metric::Throttles => ("Throttles", "Sum"),
        Metric::DurationSum => ("Duration", "Sum"),
        Metric::DurationMax => ("Duration", "Maximum"),
        Metric::ProvisionedInvocations => ("ProvisionedConcurrencyInvocations", "Sum"),
        Metric::ProvisionedUtilizationMax => ("ProvisionedConcurrencyUtilization", "Maximum"),
    };
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let mut metric = SdkMetric::builder()
        .namespace("AWS/Lambda")
        .metric_name(name)
        .dimensions(dimension("FunctionName", &series.function));
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
