//! `tuner prices`.

use std::io::Write;
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use tuner_core::pricing::{PriceRow, PriceTable, PriceUnknown};
use tuner_report::{Reader, remedy};

use super::{price_table, read_text, write_file};
use crate::cli::{ListFormat, PricesArgs, PricesSubcommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;

/// Lists prices, or makes a price file.
pub(super) fn prices(args: PricesArgs) -> Result<Exit, CliError> {
    if let Some(PricesSubcommand::Refresh { lists, out }) = &args.command {
        return refresh(lists, out, args.prices.as_deref());
    }
    let table = price_table(args.prices.as_deref())?;
    let rows: Vec<PriceRow> = table
        .rows()
        .filter(|row| args.region.as_ref().is_none_or(|region| *region == row.region))
        .collect();
    if let Some(region) = &args.region
        && rows.is_empty()
    {
        let unknown = table.quote(region, tuner_core::Architecture::X86_64).err();
        let way = unknown.as_ref().and_then(PriceUnknown::remedy);
        let error = match &unknown {
            Some(unknown) => CliError::usage(unknown),
            None => CliError::usage(format!("no prices of {region} are known")),
        };
        return Err(error.maybe_hint(way.map(|way| remedy(&way, Reader::CommandLine))));
    }
    let mut out = guarded::stdout();
    match args.format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &rows)?;
            writeln!(out)?;
        }
        ListFormat::Csv => csv(&mut out, &rows)?,
        ListFormat::Human => human(&mut out, &table, &rows)?,
    }
    Ok(Exit::Done)
}

fn human(out: &mut impl Write, table: &PriceTable, rows: &[PriceRow]) -> Result<(), CliError> {
    let mut grid = Table::new();
    grid.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    grid.set_header(["region", "arch", "GB-second", "million requests", "confidence", ""]);
    for row in rows {
        grid.add_row([
            row.region.clone(),
            row.architecture.to_string(),
            format!("{}{}", row.currency.symbol(), decimal(row.gb_second)),
            row.request.map_or_else(
                || "unknown".to_owned(),
                |price| {
                    tuner_core::pricing::Money::new(price * 1e6, row.currency)
                        .display()
                        .to_string()
                },
            ),
            format!("{:?}", row.confidence).to_lowercase(),
            if row.estimated {
                "estimated".to_owned()
            } else {
                String::new()
            },
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = grid.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{}", grid.trim_fmt())?;
    writeln!(
        out,
        "\nfirst volume tier, before tax and discounts; collected {}; every figure: --format json or csv",
        table.collected()
    )?;
    Ok(())
}

/// Prices have at most 11 digits after the point; trailing zeros say nothing.
fn decimal(price: f64) -> String {
    format!("{price:.11}").trim_end_matches('0').to_owned()
}

fn csv(out: &mut impl Write, rows: &[PriceRow]) -> std::io::Result<()> {
    writeln!(
        out,
        "region,architecture,currency,gb_second,request,confidence,estimated,ephemeral_storage_gb_second,\
         provisioned_concurrency_gb_second,provisioned_duration_gb_second,snapstart_cache_gb_second,snapstart_restore_gb,\
         state_transition,log_ingest_gb,tier_2_from_gb_seconds,tier_2_gb_second,tier_3_from_gb_seconds,tier_3_gb_second,\
         collected"
    )?;
    // Empty is not known.
    let known = |price: Option<f64>| price.map(decimal).unwrap_or_default();
    for row in rows {
        let tier = |n: usize| row.tiers.get(n);
        let cells = [
            row.region.clone(),
            row.architecture.to_string(),
            row.currency.to_string(),
            decimal(row.gb_second),
            known(row.request),
            format!("{:?}", row.confidence).to_lowercase(),
            row.estimated.to_string(),
            known(row.ephemeral_storage_gb_second),
            known(row.provisioned_concurrency_gb_second),
            known(row.provisioned_duration_gb_second),
            known(row.snapstart_cache_gb_second),
            known(row.snapstart_restore_gb),
            known(row.state_transition),
            known(row.log_ingest_gb),
            tier(1).map(|tier| tier.from_gb_seconds.to_string()).unwrap_or_default(),
            known(tier(1).map(|tier| tier.price)),
            tier(2).map(|tier| tier.from_gb_seconds.to_string()).unwrap_or_default(),
            known(tier(2).map(|tier| tier.price)),
            row.collected.clone(),
        ];
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

fn refresh(lists: &[PathBuf], out: &Path, base: Option<&Path>) -> Result<Exit, CliError> {
    let mut table = price_table(base)?;
    for list in lists {
        let text = read_text(list, "price list")?;
        let newer = PriceTable::from_bulk_price_list(&text).map_err(|e| {
            CliError::usage(format!("`{}` is no price list of AWS Lambda", list.display())).cause(e).hint(
                "download https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/REGION/index.json",
            )
        })?;
        table.merge(newer);
    }
    let json = table
        .to_json()
        .map_err(|e| CliError::new(Exit::Unexpected, "cannot make a price file").cause(e))?;
    write_file(out, json.as_bytes())?;
    writeln!(guarded::stderr(), "wrote {}; use it with --prices {0}", out.display())?;
    Ok(Exit::Done)
}
