use std::collections::BTreeMap;

use tuner_core::review::Window;

use super::documents::{Batch, Known};
use super::list::{Found, group_to_read};
use super::scanning::Plan;

/// Functions in a batch, unless more of them share a log group. 10,000 functions are 200 batches, each of one query of at
/// most 50 log groups.
const FUNCTIONS: usize = 50;

/// Cuts the functions of all regions into batches.
pub(super) fn cut(found: Vec<Found>, plan: &Plan, window: Window, role_arn: Option<&str>) -> Vec<Batch> {
    let mut batches = Vec::new();
    for found in found {
        let region = found.region;
        for functions in packed(found.functions) {
            let mut batch = Batch {
                number: batches.len() as u32 + 1,
                region: region.clone(),
                window,
                functions,
                groups: BTreeMap::new(),
                most_bytes: 0,
                role_arn: role_arn.map(str::to_owned),
            };
            for known in &batch.functions {
                let Some(group) = group_to_read(known) else { continue };
                if let Some(planned) = plan.readings.get(&(region.clone(), group.clone()))
                    && batch.groups.insert(group, planned.reading).is_none()
                {
                    batch.most_bytes += planned.most_bytes;
                }
            }
            batches.push(batch);
        }
    }
    batches
}

/// In batches of functions that share no log group with another batch.
fn packed(functions: Vec<Known>) -> Vec<Vec<Known>> {
    let mut together: BTreeMap<String, Vec<Known>> = BTreeMap::new();
    for known in functions {
        // What is not read stands for itself.
        let key = group_to_read(&known).unwrap_or_else(|| known.function.name.to_string());
        together.entry(key).or_default().push(known);
    }
    let mut batches: Vec<Vec<Known>> = Vec::new();
    let mut open: Vec<Known> = Vec::new();
    for sharing in together.into_values() {
        if !open.is_empty() && open.len() + sharing.len() > FUNCTIONS {
            batches.push(std::mem::take(&mut open));
        }
        open.extend(sharing);
    }
    if !open.is_empty() {
        batches.push(open);
    }
    batches
}
