use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use futures::{StreamExt, TryStreamExt, stream};

use super::error::failed;
use super::{Execution, HistoryEvent, StateMachineError};
use crate::Connection;
use crate::connection::timeouts;

const CALL: Duration = Duration::from_secs(30);
/// ListTagsForResource takes a state machine at a time.
const AT_ONCE: usize = 8;
/// The most of ListExecutions and GetExecutionHistory.
const PAGE: usize = 1000;

/// Step Functions. The SDK repeats calls that fail in passing: all of them may be made twice.
#[derive(Debug, Clone)]
pub struct StateMachines {
    client: Client,
}

/// One of the state machines of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachine {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// What a state machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMachineDescription {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `STANDARD` or `EXPRESS`. The latter's executions can't be looked at.
    pub kind: String,
    /// The ASL.
    pub definition: String,
    /// The role that its executions have.
    pub role_arn: String,
}

/// Which events come first.
#[derive(PartialEq, Eq)]
enum Order {
    OldestFirst,
    NewestFirst,
}

impl StateMachines {
    pub(crate) fn new(connection: &Connection) -> Self {
        let config = aws_sdk_sfn::config::Builder::from(connection.config())
            .timeout_config(timeouts().operation_attempt_timeout(CALL).build())
            .build();
        Self::from_client(Client::from_conf(config))
    }

    pub(crate) const fn from_client(client: Client) -> Self {
        Self { client }
    }

    /// The state machines that have a tag, in the order of their names.
    ///
    /// # Errors
    /// When the service refuses. One whose tags may not be read counts only when no other is found.
    pub async fn find_by_tag(&self, key: &str, value: &str) -> Result<Vec<StateMachine>, StateMachineError> {
        let all = self.all().await?;
        let looked_at: Vec<_> = stream::iter(all)
            .map(|machine| async move {
                match self.tags(&machine.arn).await {
                    Ok(tags) => Ok(Ok((tags.get(key).map(String::as_str) == Some(value)).then_some(machine))),
                    // Deleted since it was listed.
                    Err(StateMachineError::NoSuchStateMachine { .. }) => Ok(Ok(None)),
                    Err(e @ StateMachineError::Denied { .. }) => Ok(Err(e)),
                    Err(e) => Err(e),
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let (mut found, mut denied) = (Vec::new(), None);
        for one in looked_at {
            match one {
                Ok(machine) => found.extend(machine),
                Err(e) => denied = denied.or(Some(e)),
            }
        }
        found.sort_by(|a: &StateMachine, b| a.name.cmp(&b.name));
        match denied {
            Some(e) if found.is_empty() => Err(e),
            _ => Ok(found),
        }
    }

    /// All state machines of the account in this region.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn all(&self) -> Result<Vec<StateMachine>, StateMachineError> {
        let mut pages = self.client.list_state_machines().into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| failed("ListStateMachines", "any state machine", e))?;
            all.push(StateMachine {
                arn: item.state_machine_arn,
                name: item.name,
            });
        }
        Ok(all)
    }

    /// The tags of a state machine.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn tags(&self, state_machine_arn: &str) -> Result<BTreeMap<String, String>, StateMachineError> {
        let answer = self
            .client
            .list_tags_for_resource()
            .resource_arn(state_machine_arn)
            .send()
            .await;
        let output = answer.map_err(|e| match e.code() {
            Some("ResourceNotFound") => StateMachineError::NoSuchStateMachine {
                arn: state_machine_arn.to_owned(),
            },
            _ => failed("ListTagsForResource", state_machine_arn, e),
        })?;
        let tags = output.tags.unwrap_or_default().into_iter();
        Ok(tags
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect())
    }

    /// What a state machine is.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn describe(&self, state_machine_arn: &str) -> Result<StateMachineDescription, StateMachineError> {
        let output = self
            .client
            .describe_state_machine()
            .state_machine_arn(state_machine_arn)
            .send()
            .await
            .map_err(|e| failed("DescribeStateMachine", state_machine_arn, e))?;
        Ok(StateMachineDescription {
            arn: output.state_machine_arn,
            name: output.name,
            kind: output.r#type.as_str().to_owned(),
            definition: output.definition,
            role_arn: output.role_arn,
        })
    }

    /// Starts an execution and returns its ARN. Starting one of the same name and input again, while it is running, gives
    /// the same ARN.
    ///
    /// # Errors
    /// [`StateMachineError::NameTaken`] when there was one of that name in the last 90 days, and whatever the service
    /// refuses.
    pub async fn start(
        &self,
        state_machine_arn: &str,
        execution_name: &str,
        input_json: &str,
    ) -> Result<String, StateMachineError> {
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(state_machine_arn)
            .name(execution_name)
            .input(input_json)
            .send()
            .await;
        let output = answer.map_err(|e| match e.code() {
            Some("ExecutionAlreadyExists") => StateMachineError::NameTaken {
                name: execution_name.to_owned(),
            },
            _ => failed("StartExecution", state_machine_arn, e),
        })?;
        Ok(output.execution_arn)
    }

    /// How an execution is getting on.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn execution(&self, execution_arn: &str) -> Result<Execution, StateMachineError> {
        self.client
            .describe_execution()
            .execution_arn(execution_arn)
            .send()
            .await
            .map(Execution::from)
            .map_err(|e| failed("DescribeExecution", execution_arn, e))
    }

    /// Stops an execution at once: none of its states runs any more. One that has ended stays as it is.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), StateMachineError> {
        self.client
            .stop_execution()
            .execution_arn(execution_arn)
            .error(error)
            .cause(cause)
            .send()
            .await
            .map(drop)
            .map_err(|e| failed("StopExecution", execution_arn, e))
    }

    /// All that happened in an execution so far, in the order it did.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn history(&self, execution_arn: &str) -> Result<Vec<HistoryEvent>, StateMachineError> {
        self.events(execution_arn, Order::OldestFirst, usize::MAX, true).await
    }

    /// As [`history`](Self::history), without what went in and out: that of a long execution is many megabytes.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn bare_history(&self, execution_arn: &str) -> Result<Vec<HistoryEvent>, StateMachineError> {
        self.events(execution_arn, Order::OldestFirst, usize::MAX, false).await
    }

    /// The first `most` events of an execution, in the order they happened.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn first(&self, execution_arn: &str, most: usize) -> Result<Vec<HistoryEvent>, StateMachineError> {
        self.events(execution_arn, Order::OldestFirst, most, true).await
    }

    /// The last `most` events of an execution, the newest first, without what went in and out.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn recent(&self, execution_arn: &str, most: usize) -> Result<Vec<HistoryEvent>, StateMachineError> {
        self.events(execution_arn, Order::NewestFirst, most, false).await
    }

    async fn events(
        &self,
        execution_arn: &str,
        order: Order,
        most: usize,
        with_data: bool,
    ) -> Result<Vec<HistoryEvent>, StateMachineError> {
        let mut items = self
            .client
            .get_execution_history()
            .execution_arn(execution_arn)
            .reverse_order(order == Order::NewestFirst)
            .include_execution_data(with_data)
            .max_results(page_size(most))
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while events.len() < most {
            match items.next().await {
                Some(item) => {
                    let item = item.map_err(|e| failed("GetExecutionHistory", execution_arn, e))?;
                    events.push(HistoryEvent::from(item));
                }
                None => break,
            }
        }
        Ok(events)
    }

    /// The last `most` executions of a state machine, the newest first, without input, output and error.
    ///
    /// # Errors
    /// When there is none of that ARN, or the service refuses.
    pub async fn executions(&self, state_machine_arn: &str, most: usize) -> Result<Vec<Execution>, StateMachineError> {
        let mut items = self
            .client
            .list_executions()
            .state_machine_arn(state_machine_arn)
            .max_results(page_size(most))
            .into_paginator()
            .items()
            .send();
        let mut executions = Vec::new();
        while executions.len() < most {
            match items.next().await {
                Some(item) => {
                    let item = item.map_err(|e| failed("ListExecutions", state_machine_arn, e))?;
                    executions.push(Execution::from(item));
                }
                None => break,
            }
        }
        Ok(executions)
    }
}

/// Zero would mean the service's default of 100.
fn page_size(most: usize) -> i32 {
    i32::try_from(most.clamp(1, PAGE)).unwrap_or(i32::MAX)
}
