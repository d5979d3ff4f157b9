//! Writes an artificial export of logs to S3 for benchmarks: `generate_export FOLDER [REPORTS] [FUNCTIONS] [usual|reports]`.
//!
//! Functions log at two memory sizes each, a stream a file: START, END and REPORT of every invocation (`usual`), or
//! nothing but REPORTs (`reports`), over 30 days. The same arguments always give the same files.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

const DAYS: i64 = 30;
const SIZES_MB: [u32; 2] = [512, 1024];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("give a folder"))?);
    let mut number = |default: u64| {
        let given = arguments.next().and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (reports, functions) = (number(10_000_000), number(2_000));
    let only_reports = arguments.next().is_some_and(|kind| kind == "reports");
    (0..functions).into_par_iter().try_for_each(|function| {
        // The first ones take the rest, so that the sum is what was asked for.
        let of_function = reports / functions + u64::from(function < reports % functions);
        let mut random = Pcg64Mcg::seed_from_u64(function);
        let group = folder.join(format!(
            "aws/lambda/function-{function:05}/0198c8a0-61a7-4b68-b42e-de11b5f419e3"
        ));
        for (half, size_mb) in SIZES_MB.into_iter().enumerate() {
            let stream = group.join(format!("2026-10-01-[$LATEST]{:032x}", random.random::<u128>()));
            fs::create_dir_all(&stream)?;
            let lines = of_function / 2 + of_function % 2 * half as u64;
            let begin: Timestamp = "2026-10-01T00:00:00Z".parse().map_err(io::Error::other)?;
            let begin = begin + SignedDuration::from_hours(24 * DAYS / 2 * half as i64);
            let mut file = GzEncoder::new(fs::File::create(stream.join("000000.gz"))?, Compression::default());
            let mut text = String::new();
            for line in 0..lines {
                let seconds = (DAYS * 86_400 / 2) as u64 * line / lines;
                let time = begin + SignedDuration::from_millis((seconds * 1000 + random.random_range(0..1000)) as i64);
                event(&mut text, &mut random, &format!("{time:.3}"), size_mb, only_reports)
                    .map_err(io::Error::other)?;
                if text.len() > 1 << 16 {
                    file.write_all(text.as_bytes())?;
                    text.clear();
                }
            }
            file.write_all(text.as_bytes())?;
            file.finish()?;
        }
        Ok(())
    })
}

fn event(text: &mut String, random: &mut Pcg64Mcg, time: &str, size_mb: u32, only_report: bool) -> std::fmt::Result {
    let id = format!(
        "{:08x}-61a7-4b68-b42e-{:012x}",
        random.random::<u32>(),
        random.random::<u64>() >> 16
    );
    if !only_report {
        write!(
            text,
            "{time} START RequestId: {id} Version: $LATEST\n\n{time} END RequestId: {id}\n\n"
        )?;
    }
    let (hundredths, used) = (random.random_range(100..40_000u32), random.random_range(80..200u32));
    let (whole, cents) = (hundredths / 100, hundredths % 100);
    let cold = random.random_range(0..50) == 0;
    let billed = hundredths.div_ceil(100) + if cold { 101 } else { 0 };
    let init = if cold { "Init Duration: 100.99 ms\t" } else { "" };
    write!(
        text,
        "{time} REPORT RequestId: {id}\tDuration: {whole}.{cents:02} ms\tBilled Duration: {billed} ms\tMemory Size: {size_mb} MB\tMax Memory Used: {used} MB\t{init}\n\n"
    )
}
