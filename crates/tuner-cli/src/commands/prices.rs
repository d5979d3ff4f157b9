//! `tuner prices`.

use std::io::Write;
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use tuner_core::pricing::{PriceRow, PriceTable, PriceUnknown};
use tuner_core::thousands;
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
        ListFormat::Human if args.region.is_some() => one_region(&mut out, &rows)?,
        ListFormat::Human => human(&mut out, &table, &rows)?,
    }
    Ok(Exit::Done)
}

/// What has one price a row: its column in CSV, and its words.
const FIGURES: [(&str, &str); 9] = [
    ("request", "invocation"),
    (
        "ephemeral_storage_gb_second",
        "GB-second of ephemeral storage above 512 MB",
    ),
    (
        "provisioned_concurrency_gb_second",
        "GB-second of provisioned concurrency, kept ready",
    ),
    (
        "provisioned_duration_gb_second",
        "GB-second of duration in provisioned environments",
    ),
    (
        "snapstart_cache_gb_second",
        "GB-second of SnapStart's cache (Python, .NET)",
    ),
    ("snapstart_restore_gb", "GB that SnapStart restores (Python, .NET)"),
    ("state_transition", "state transition of Step Functions"),
    ("log_ingest_gb", "GB of logs taken in by CloudWatch"),
    ("log_scan_gb", "GB of logs scanned by Logs Insights"),
];

/// The prices of [`FIGURES`].
const fn figures(row: &PriceRow) -> [Option<f64>; 9] {
    [
        row.request,
        row.ephemeral_storage_gb_second,
        row.provisioned_concurrency_gb_second,
        row.provisioned_duration_gb_second,
        row.snapstart_cache_gb_second,
        row.snapstart_restore_gb,
        row.state_transition,
        row.log_ingest_gb,
        row.log_scan_gb,
    ]
}

/// Every figure of a region, beside each other for its architectures.
fn one_region(out: &mut impl Write, rows: &[PriceRow]) -> Result<(), CliError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let price = |row: &PriceRow, price: Option<f64>| {
        price.map_or_else(
            || "unknown".to_owned(),
            |price| format!("{}{}", row.currency.symbol(), decimal(price)),
        )
    };
    let line = |words: String, of: &dyn Fn(&PriceRow) -> Option<f64>| {
        let prices = rows.iter().map(|row| price(row, of(row)));
        std::iter::once(words).chain(prices).collect::<Vec<_>>()
    };
    let mut grid = Table::new();
    grid.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let names = rows.iter().map(|row| row.architecture.to_string());
    grid.set_header(std::iter::once(first.region.clone()).chain(names));
    // Volumes at which a GB-second gets cheaper are not the same for both architectures.
    let most_tiers = rows.iter().map(|row| row.tiers.len()).max().unwrap_or(0);
    for tier in 0..most_tiers {
        grid.add_row(line(format!("GB-second of duration, tier {}", tier + 1), &|row| {
            row.tiers.get(tier).map(|tier| tier.price)
        }));
        if tier > 0 {
            let from = rows.iter().map(|row| {
                let from = row.tiers.get(tier).map(|tier| tier.from_gb_seconds.to_string());
                from.map_or_else(|| "unknown".to_owned(), |digits| thousands(&digits))
            });
            let words = "  from so many GB-seconds a month".to_owned();
            grid.add_row(std::iter::once(words).chain(from).collect::<Vec<_>>());
        }
    }
    for (index, (_, words)) in FIGURES.iter().enumerate() {
        grid.add_row(line((*words).to_owned(), &|row| figures(row)[index]));
    }
    for column in 1..=rows.len() {
        if let Some(column) = grid.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{}", grid.trim_fmt())?;
    let estimated = if rows.iter().any(|row| row.estimated) {
        "; the first tier or the request is derived, not read"
    } else {
        ""
    };
    writeln!(
        out,
        "\nbefore tax and discounts; confidence {}{estimated}; collected {}",
        format!("{:?}", first.confidence).to_lowercase(),
        first.collected
    )?;
    Ok(())
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
        "\nfirst volume tier, before tax and discounts; collected {}; every figure of a region: --region NAME; of all: --format json or csv",
        table.collected()
    )?;
    Ok(())
}

/// Prices have at most 11 digits after the point; trailing zeros say nothing.
fn decimal(price: f64) -> String {
    format!("{price:.11}").trim_end_matches('0').to_owned()
}

fn csv(out: &mut impl Write, rows: &[PriceRow]) -> std::io::Result<()> {
    let columns = FIGURES.map(|(column, _)| column);
    writeln!(
        out,
        "region,architecture,currency,gb_second,{},tier_2_from_gb_seconds,tier_2_gb_second,tier_3_from_gb_seconds,\
         tier_3_gb_second,confidence,estimated,collected",
        columns.join(",")
    )?;
    // Empty is not known.
    let known = |price: Option<f64>| price.map(decimal).unwrap_or_default();
    for row in rows {
        let mut cells = vec![
            row.region.clone(),
            row.architecture.to_string(),
            row.currency.to_string(),
            decimal(row.gb_second),
        ];
        cells.extend(figures(row).map(known));
        for tier in [1, 2] {
            let tier = row.tiers.get(tier);
            cells.push(tier.map(|tier| tier.from_gb_seconds.to_string()).unwrap_or_default());
            cells.push(known(tier.map(|tier| tier.price)));
        }
        cells.extend([
            format!("{:?}", row.confidence).to_lowercase(),
            row.estimated.to_string(),
            row.collected.clone(),
        ]);
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
