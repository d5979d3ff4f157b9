//! Aliases of a function, and how they share invocations between two versions.

use serde::Deserialize;

use super::configuration::{AliasConfiguration, RoutingConfig};
use super::error::{ApiError, ErrorKind};
use super::function::{Function, new_revision};
use super::name::{Place, is_word};
use super::rules::at_most;

#[derive(Debug)]
pub(super) struct Alias {
    /// None is `$LATEST`.
    pub(super) version: Option<u64>,
    /// A second version and its share of the invocations.
    second: Option<(u64, f64)>,
    description: String,
    revision_id: String,
    routed: u64,
}

/// CreateAlias and UpdateAlias; the name of the latter is in the path.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasRequest {
    pub(super) name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
    revision_id: Option<String>,
}

impl Alias {
    /// Which version the next invocation goes to. Lambda throws dice; here every run of invocations has the shares it
    /// was told, as near as whole invocations allow, so that what is measured repeats.
    pub(super) fn route(&mut self) -> Option<u64> {
        let turn = self.routed as f64;
        self.routed += 1;
        match self.second {
            Some((second, share)) if ((turn + 1.0) * share).floor() > (turn * share).floor() => Some(second),
            _ => self.version,
        }
    }

    pub(super) fn refers_to(&self, version: u64) -> bool {
        self.version == Some(version) || self.second.is_some_and(|(second, _)| second == version)
    }
}

impl Function {
    pub(super) fn alias(&self, place: &Place, name: &str) -> Result<&Alias, ApiError> {
        self.aliases
            .get(name)
            .ok_or_else(|| alias_not_found(place, &self.name, name))
    }

    pub(super) fn describe_alias(&self, place: &Place, name: &str) -> Result<AliasConfiguration, ApiError> {
        let alias = self.alias(place, name)?;
        Ok(AliasConfiguration {
            alias_arn: place.qualified_arn(&self.name, name),
            name: name.to_owned(),
            function_version: version_text(alias.version),
            description: alias.description.clone(),
            routing_config: routing_of(alias.second),
            revision_id: alias.revision_id.clone(),
        })
    }

    pub(super) fn create_alias(&mut self, place: &Place, request: AliasRequest) -> Result<String, ApiError> {
        let name = request.name.unwrap_or_default();
        if !is_word(&name) || name.len() > 128 || name.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ApiError::constraint(
                "name",
                name,
                "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            ));
        }
        let Some(version) = request.function_version else {
            return Err(ApiError::constraint("functionVersion", "null", "not be null"));
        };
        if self.aliases.contains_key(&name) {
            let arn = place.qualified_arn(&self.name, &name);
            return Err(ApiError::conflict(format!("Alias already exists: {arn}")));
        }
        let version = self.existing_version(place, &version)?;
        let second = self.second_version(place, version, request.routing_config)?;
        let description = request.description.unwrap_or_default();
        at_most("description", &description, 256)?;
        let alias = Alias {
            version,
            second,
            description,
            revision_id: new_revision(),
            routed: 0,
        };
        self.aliases.insert(name.clone(), alias);
        Ok(name)
    }

    pub(super) fn update_alias(&mut self, place: &Place, name: &str, request: AliasRequest) -> Result<(), ApiError> {
        let alias = self.alias(place, name)?;
        if request
            .revision_id
            .as_ref()
            .is_some_and(|given| *given != alias.revision_id)
        {
            return Err(ApiError::stale_revision());
        }
        let version = match &request.function_version {
            Some(version) => self.existing_version(place, version)?,
            None => alias.version,
        };
        // What is left out stays, and must go with what is new.
        let routing = request.routing_config.or_else(|| routing_of(alias.second));
        let second = self.second_version(place, version, routing)?;
        if let Some(description) = &request.description {
            at_most("description", description, 256)?;
        }
        if let Some(alias) = self.aliases.get_mut(name) {
            alias.version = version;
            alias.second = second;
            alias.revision_id = new_revision();
            if let Some(description) = request.description {
                alias.description = description;
            }
        }
        Ok(())
    }

    fn existing_version(&self, place: &Place, text: &str) -> Result<Option<u64>, ApiError> {
        if text == "$LATEST" {
            return Ok(None);
        }
        let number = text.parse().map_err(|_| {
            ApiError::constraint(
                "functionVersion",
                text,
                "satisfy regular expression pattern: (\\$LATEST|[0-9]+)",
            )
        })?;
        self.version(place, number)?;
        Ok(Some(number))
    }

    fn second_version(
        &self,
        place: &Place,
        first: Option<u64>,
        routing: Option<RoutingConfig>,
    ) -> Result<Option<(u64, f64)>, ApiError> {
        let weights = routing.unwrap_or_default().additional_version_weights;
        let Some((version, &share)) = weights.first_key_value() else {
            return Ok(None);
        };
        if weights.len() > 1 {
            return Err(ApiError::invalid(
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ));
        }
        if !(0.0..=1.0).contains(&share) {
            return Err(ApiError::constraint(
                "routingConfig.additionalVersionWeights",
                share,
                "have value between 0.0 and 1.0",
            ));
        }
        match (first, self.existing_version(place, version)?) {
            (None, _) | (_, None) => Err(ApiError::invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            )),
            (Some(first), Some(second)) if first == second => Err(ApiError::invalid(format!(
                "Invalid function version {second}. Function version {second} is already included in routing configuration."
            ))),
            (Some(first), Some(second)) => {
                self.share_alias(place, first, second)?;
                Ok(Some((second, share)))
            }
        }
    }

    /// Source: "Configuring alias routing" in the Lambda developer guide: both versions have the same execution role, and the same
    /// dead-letter queue or none.
    fn share_alias(&self, place: &Place, first: u64, second: u64) -> Result<(), ApiError> {
        let settings = |number| Ok::<_, ApiError>(&self.version(place, number)?.snapshot.settings);
        let (first, second) = (settings(first)?, settings(second)?);
        let differ = if first.role != second.role {
            "execution role"
        } else if first.kept.get("DeadLetterConfig") != second.kept.get("DeadLetterConfig") {
            "dead-letter queue configuration"
        } else {
            return Ok(());
        };
        Err(ApiError::invalid(format!(
            "Both function versions of an alias must have the same {differ}"
        )))
    }
}

fn routing_of(second: Option<(u64, f64)>) -> Option<RoutingConfig> {
    second.map(|(version, share)| RoutingConfig {
        additional_version_weights: [(version.to_string(), share)].into(),
    })
}

fn version_text(version: Option<u64>) -> String {
    version.map_or_else(|| "$LATEST".to_owned(), |number| number.to_string())
}

fn alias_not_found(place: &Place, function: &str, alias: &str) -> ApiError {
    let arn = place.qualified_arn(function, alias);
    ApiError::new(ErrorKind::ResourceNotFound, format!("Cannot find alias arn: {arn}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_exactly() {
        let mut alias = Alias {
            version: Some(1),
            second: Some((2, 0.25)),
            description: String::new(),
            revision_id: String::new(),
            routed: 0,
        };
        let seconds = (0..100).filter(|_| alias.route() == Some(2)).count();
        assert_eq!(seconds, 25);
        alias.second = Some((2, 1.0));
        assert!((0..10).all(|_| alias.route() == Some(2)));
        alias.second = Some((2, 0.0));
        assert!((0..10).all(|_| alias.route() == Some(1)));
    }
}
