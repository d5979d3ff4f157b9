use async_trait::async_trait;
use aws_sdk_computeoptimizer::Client;
use aws_sdk_computeoptimizer::error::ProvideErrorMetadata;
use aws_sdk_computeoptimizer::types::{
    LambdaFunctionMemoryMetricName as Name, LambdaFunctionMemoryMetricStatistic as Statistic,
    LambdaFunctionMemoryRecommendationOption as Proposal, LambdaFunctionRecommendation as Sdk,
};
use tuner_core::FunctionName;
use tuner_core::review::{OptimizerFinding, ProjectedDuration};
use tuner_engine::ports::PortError;
use tuner_engine::review::ports::{Optimizer, Page};

use crate::errors::port_error;

/// AWS Compute Optimizer.
#[derive(Debug)]
pub(crate) struct AwsOptimizer {
    client: Client,
}

impl AwsOptimizer {
    pub(crate) const fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Optimizer for AwsOptimizer {
    async fn findings(&self, token: Option<&str>) -> Result<Page<(FunctionName, OptimizerFinding)>, PortError> {
        let page = self
            .client
            .get_lambda_function_recommendations()
            .set_next_token(token.map(str::to_owned))
            .send()
            .await;
        let page = match page {
            // Most accounts have not opted in: nothing is amiss with them.
            Err(e) if e.code() == Some("OptInRequiredException") => {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            }
            page => page.map_err(|e| port_error("GetLambdaFunctionRecommendations", e))?,
        };
        Ok(Page {
            items: page
                .lambda_function_recommendations()
                .iter()
                .filter_map(finding)
                .collect(),
            next: page.next_token().map(str::to_owned),
        })
    }
}

/// `None` for a published version, and for what has no name.
fn finding(sdk: &Sdk) -> Option<(FunctionName, OptimizerFinding)> {
    let name: FunctionName = sdk.function_arn()?.parse().ok()?;
    let version = sdk.function_version().or_else(|| name.qualifier()).unwrap_or("$LATEST");
    if version != "$LATEST" {
        return None;
    }
    let proposals = sdk.memory_size_recommendation_options().iter();
    let first = proposals.min_by_key(|proposal| proposal.rank());
    let finding = OptimizerFinding {
        finding: sdk.finding()?.as_str().to_owned(),
        reasons: sdk
            .finding_reason_codes()
            .iter()
            .map(|code| code.as_str().to_owned())
            .collect(),
        memory_size_mb: first.and_then(|proposal| size(proposal.memory_size())),
        projected: first.and_then(projected),
        current_memory_size_mb: size(sdk.current_memory_size()),
    };
    Some((name.unqualified(), finding))
}

/// The SDK has 0 for what is not there.
fn size(mb: i32) -> Option<u32> {
    u32::try_from(mb).ok().filter(|&mb| mb > 0)
}

fn projected(proposal: &Proposal) -> Option<ProjectedDuration> {
    let of = |statistic: &Statistic| {
        let metrics = proposal.projected_utilization_metrics().iter();
        let mut fitting = metrics.filter(|m| m.name() == Some(&Name::Duration) && m.statistic() == Some(statistic));
        fitting.next().map(|metric| metric.value())
    };
    let projected = ProjectedDuration {
        lower_ms: of(&Statistic::LowerBound),
        expected_ms: of(&Statistic::Expected),
        upper_ms: of(&Statistic::UpperBound),
    };
    (projected.lower_ms.or(projected.expected_ms).or(projected.upper_ms)).map(|_| projected)
}
