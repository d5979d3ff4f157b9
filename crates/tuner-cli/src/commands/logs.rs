//! `tuner logs`.

use std::io::Write;

use comfy_table::presets;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;
use tuner_core::pricing::{FreeTier, Money, MonthlyUsage, PriceQuote};
use tuner_logs::{DurableExecutions, Input, Options, Percentiles, Summary, SummaryRow};
use tuner_report::escape;

use super::price_table;
use super::unread::{self, Unread};
use crate::cli::{LogsArgs, LogsFormat, LogsGate};
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{RESET, YELLOW};
use crate::units::{count, duration, plural};

/// Reads logs and says what they say.
pub(super) fn logs(args: LogsArgs) -> Result<Exit, CliError> {
    unread::must_exist(args.files.iter().filter(|file| file.as_os_str() != "-"))?;
    let inputs: Vec<Input> = if args.files.is_empty() {
        vec![Input::stdin()]
    } else {
        args.files
            .iter()
            .map(|f| {
                if f.as_os_str() == "-" {
                    Input::stdin()
                } else {
                    Input::from(f)
                }
            })
            .collect()
    };
    let options = Options {
        threads: args.threads,
        unnamed: args.function.map(|name| name.name().to_owned()),
        ..Options::default()
    };
    let must_be_read = args.fail_on.contains(&LogsGate::Unreadable);
    if args.format == LogsFormat::Records {
        return records(inputs, &options, must_be_read);
    }
    let quote = price_table(args.prices.as_deref())?.quote(&args.region, args.arch);
    let (summary, coverage) = tuner_logs::summarize(inputs, &options);
    let unread = Unread::of(&coverage);
    let mut out = guarded::stdout();
    let priced = Priced::new(summary, &unread, quote.as_ref().ok());
    match args.format {
        LogsFormat::Json => {
            let text = serde_json::to_string_pretty(&priced)?;
            writeln!(out, "{}", escape::json(&text))?;
        }
        LogsFormat::Csv => csv(&mut out, &priced)?,
        _ => human(&mut out, &priced)?,
    }
    drop(out);
    let mut err = guarded::stderr();
    match &quote {
        Err(unknown) => writeln!(err, "{YELLOW}warning{RESET}: no cost: {unknown}")?,
        Ok(quote) if args.format == LogsFormat::Human && !priced.rows.is_empty() => writeln!(
            err,
            "cost: {} in {}, {}, first volume tier{}, prices of {}",
            quote.architecture,
            quote.region,
            quote.currency,
            if quote.estimated { " (estimated)" } else { "" },
            quote.collected,
        )?,
        Ok(_) => {}
    }
    drop(err);
    let reports = priced.rows.iter().map(|priced| priced.row.invocations).sum();
    ended(&unread, reports, must_be_read)
}

/// What could be read was told; what could not is no reason to say that the command line was wrong.
fn ended(unread: &Unread, reports: u64, must_be_read: bool) -> Result<Exit, CliError> {
    if reports == 0 {
        return Err(unread.nothing_found());
    }
    if must_be_read {
        unread.gate()?;
    }
    unread.tell();
    Ok(Exit::Done)
}

fn records(inputs: Vec<Input>, options: &Options, must_be_read: bool) -> Result<Exit, CliError> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut reports = 0;
    let written = tuner_logs::for_each_record(inputs, options, |record| {
        reports += 1;
        serde_json::to_writer(&mut out, record)?;
        out.write_all(b"\n")
    });
    let flushed = written.and_then(|coverage| out.flush().map(|()| coverage));
    match flushed {
        Ok(coverage) => ended(&Unread::of(&coverage), reports, must_be_read),
        // `| head` has seen enough.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(e) => Err(e.into()),
    }
}

/// A summary with what it cost.
#[derive(Serialize)]
struct Priced {
    rows: Vec<PricedRow>,
    failed_inits: u64,
    unattributed_timeouts: u64,
    unattributed_crashes: u64,
    unattributed_errors: u64,
    /// What could not be read; absent if all was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceQuote>,
}

#[derive(Serialize)]
struct PricedRow {
    #[serde(flatten)]
    row: SummaryRow,
    /// Duration and requests; absent when a price is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Money>,
}

impl Priced {
    fn new(summary: Summary, unread: &Unread, quote: Option<&PriceQuote>) -> Self {
        let cost = |row: &SummaryRow| {
            let usage = MonthlyUsage {
                invocations: row.invocations as f64,
                gb_seconds: row.gb_seconds,
                ..Default::default()
            };
            // Invocations without a billed duration or a memory size would be priced as free.
            (row.unbilled_invocations == 0 && row.memory_size_mb.is_some()).then_some(())?;
            Some(quote?.monthly(&usage, FreeTier::Exclude).ok()?.total)
        };
        Self {
            failed_inits: summary.failed_inits,
            unattributed_timeouts: summary.unattributed_timeouts,
            unattributed_crashes: summary.unattributed_crashes,
            unattributed_errors: summary.unattributed_errors,
            unread: unread.lines(),
            price: quote.cloned(),
            rows: summary
                .rows
                .into_iter()
                .map(|row| PricedRow { cost: cost(&row), row })
                .collect(),
        }
    }
}

fn human(out: &mut impl Write, priced: &Priced) -> std::io::Result<()> {
    let mut grid = Table::new();
    grid.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    grid.set_header(["MB", "count", "cold", "p50", "p95", "p99", "used MB", "GB-s", "cost"]);
    for PricedRow { row, cost } in &priced.rows {
        let percentile =
            |of: fn(&Percentiles) -> f64| row.duration.as_ref().map_or("-".to_owned(), |p| duration(of(p)));
        grid.add_row([
            row.memory_size_mb.map_or("-".to_owned(), |mb| mb.to_string()),
            count(row.invocations),
            format!("{:.1} %", row.cold_start_share * 100.0),
            percentile(|p| p.p50_ms),
            percentile(|p| p.p95_ms),
            percentile(|p| p.p99_ms),
            row.max_memory_used_mb.map_or("-".to_owned(), |mb| mb.to_string()),
            if is_unbilled(row) {
                "-".to_owned()
            } else {
                gb_seconds(row.gb_seconds)
            },
            cost.map_or("unknown".to_owned(), |money| money.display().to_string()),
        ]);
    }
    for column in grid.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines: Vec<String> = grid.lines().collect();
    let Some((head, rows)) = lines.split_first() else {
        return Ok(());
    };
    let mut function = None;
    for (line, PricedRow { row, .. }) in rows.iter().zip(&priced.rows) {
        if function != Some(&row.function) {
            if function.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{}\n{}", printable(&row.function), head.trim_end())?;
            function = Some(&row.function);
        }
        writeln!(out, "{}", line.trim_end())?;
        for detail in details(row) {
            writeln!(out, "        {detail}")?;
        }
    }
    for (n, what) in [
        (priced.failed_inits, "failed initialisations"),
        (
            priced.unattributed_timeouts,
            "time-outs whose REPORT is not in the input",
        ),
        (priced.unattributed_crashes, "crashes whose REPORT is not in the input"),
        (
            priced.unattributed_errors,
            "errors that stand within no invocation of the input, or within several at a time",
        ),
    ] {
        if n > 0 {
            writeln!(out, "{} {what}", count(n))?;
        }
    }
    Ok(())
}

fn details(row: &SummaryRow) -> Vec<String> {
    let percentiles = |name: &str, p: &Option<Percentiles>| {
        let p = p.as_ref()?;
        Some(format!(
            "{name} p50 {}, p95 {}, p99 {}",
            duration(p.p50_ms),
            duration(p.p95_ms),
            duration(p.p99_ms)
        ))
    };
    let failures: Vec<String> = [
        (row.timeouts, "timed out"),
        (row.out_of_memory, "out of memory"),
        (row.errors, "failed"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", count(n)))
    .collect();
    [
        percentiles("init", &row.init_duration),
        percentiles("restore", &row.restore_duration),
        (!failures.is_empty()).then(|| failures.join(", ")),
        (row.unbilled_invocations > 0).then(|| {
            format!(
                "{} without a billed duration, not in GB-s",
                count(row.unbilled_invocations)
            )
        }),
        (row.managed_instances_invocations > 0).then(|| {
            format!(
                "{} on Managed Instances, whose reports say neither memory nor cost: the instances are paid for",
                count(row.managed_instances_invocations)
            )
        }),
        (row.provisioned_invocations > 0).then(|| {
            format!(
                "{} in provisioned environments, which cost what they are kept for besides",
                count(row.provisioned_invocations)
            )
        }),
        row.tenants.map(|of| {
            let tenants = number_of(of.tenants, "tenant");
            format!("{} for {tenants}", plural(of.invocations, "invocation"))
        }),
        row.durable_executions
            .map(|of| durable(of, row.unbilled_invocations == 0)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An execution is as long and as dear as all of its invocations are, and they may not all be here.
fn durable(of: DurableExecutions, is_billed: bool) -> String {
    let executions = number_of(of.executions, "durable execution");
    let invocations = plural(of.invocations, "invocation");
    let each = of.executions.filter(|number| is_billed && *number > 0).map(|number| {
        let ms = of.billed_duration_ms as f64 / number as f64;
        format!(", {} billed for each as far as it is in the logs", duration(ms))
    });
    format!("{invocations} of {executions}{}", each.unwrap_or_default())
}

fn number_of(number: Option<u64>, of: &str) -> String {
    number.map_or_else(|| format!("a great many {of}s"), |number| plural(number, of))
}

/// None of them says what it is billed: the sum is nothing because nothing is known.
fn is_unbilled(row: &SummaryRow) -> bool {
    row.unbilled_invocations == row.invocations || row.memory_size_mb.is_none()
}

fn gb_seconds(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.3}")
    } else {
        count(value.round() as u64)
    }
}

fn csv(out: &mut impl Write, priced: &Priced) -> std::io::Result<()> {
    writeln!(
        out,
        "function,memory_size_mb,invocations,cold_starts,restored_starts,duration_p50_ms,duration_p95_ms,duration_p99_ms,\
         init_p50_ms,init_p95_ms,init_p99_ms,max_memory_used_mb,timeouts,out_of_memory,errors,gb_seconds,cost,currency"
    )?;
    for PricedRow { row, cost } in &priced.rows {
        let three = |p: &Option<Percentiles>| match p {
            Some(p) => format!("{:.3},{:.3},{:.3}", p.p50_ms, p.p95_ms, p.p99_ms),
            None => ",,".to_owned(),
        };
        let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            quoted(&row.function),
            number(row.memory_size_mb),
            row.invocations,
            row.cold_starts,
            row.restored_starts,
            three(&row.duration),
            three(&row.init_duration),
            number(row.max_memory_used_mb),
            row.timeouts,
            row.out_of_memory,
            row.errors,
            if is_unbilled(row) {
                String::new()
            } else {
                format!("{:.6}", row.gb_seconds)
            },
            cost.map(|m| format!("{:.10}", m.amount)).unwrap_or_default(),
            cost.map(|m| m.currency.to_string()).unwrap_or_default(),
        )?;
    }
    Ok(())
}

/// A name from a log may hold anything, escape sequences of terminals too.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A name from a log may hold anything: quoted as RFC 4180 wants it, and kept from being a formula.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        text.to_owned()
    } else {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    }
}
