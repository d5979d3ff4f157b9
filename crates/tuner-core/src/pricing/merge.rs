use super::PriceTable;
use super::file::{ArchitecturePrices, Figure, RegionPrices};

impl PriceTable {
    /// Puts the prices of `newer` over those here, region by region.
    ///
    /// A region of `newer` replaces the whole of the region here, estimates included, except for SnapStart, which lists of
    /// before 2024 do not have: a figure that `newer` lacks is kept and marked with its age.
    pub fn merge(&mut self, newer: Self) {
        let (table, newer) = (&mut self.0, newer.0);
        for (region, mut prices) in newer.regions {
            prices.collected.get_or_insert_with(|| newer.collected.clone());
            if let Some(old) = table.regions.get(&region) {
                let age = old.collected.as_ref().unwrap_or(&table.collected);
                keep_snapstart(old, &mut prices, age);
            }
            table.regions.insert(region, prices);
        }
        table.free_tier = newer.free_tier.or(table.free_tier);
        table.regions_without_prices.extend(newer.regions_without_prices);
        table
            .regions_without_prices
            .retain(|region| !table.regions.contains_key(region));
        table.state_transition.extend(newer.state_transition);
        table.free_state_transitions_per_month = newer
            .free_state_transitions_per_month
            .or(table.free_state_transitions_per_month);
        table.log_ingest_gb.extend(newer.log_ingest_gb);
    }
}

fn keep_snapstart(old: &RegionPrices, new: &mut RegionPrices, age: &str) {
    if old.currency != new.currency {
        return;
    }
    let keep = |old: Option<&ArchitecturePrices>, new: Option<&mut ArchitecturePrices>| {
        if let (Some(old), Some(new)) = (old, new) {
            keep_figure(&old.snapstart_cache_gb_second, &mut new.snapstart_cache_gb_second, age);
            keep_figure(&old.snapstart_restore_gb, &mut new.snapstart_restore_gb, age);
        }
    };
    keep(old.x86_64.as_ref(), new.x86_64.as_mut());
    keep(old.arm64.as_ref(), new.arm64.as_mut());
}

fn keep_figure(old: &Option<Figure>, new: &mut Option<Figure>, age: &str) {
    if let (Some(old), None) = (old, &new) {
        let estimated = old.estimated.clone().or_else(|| Some(format!("as of {age}")));
        *new = Some(Figure {
            price: old.price,
            estimated,
        });
    }
}
