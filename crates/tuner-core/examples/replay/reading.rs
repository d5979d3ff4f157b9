//! Recorded measurements: `function,arch,memory_mb,duration_ms,billed_ms,max_memory_mb,init_ms,cost_usd,n_samples,
//! sample_index,p99_ms`. `n_samples` 1 is one invocation, more the mean of that many; `init_ms` makes it one that started
//! cold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::curves::{Cold, Durations, Recorded, Size, Warm};

/// The bundled curves.
pub fn bundled() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/replay/data");
    [
        "cebert.csv.gz",
        "demystifying.csv.gz",
        "faasdom.csv.gz",
        "memfigless.csv.gz",
    ]
    .map(|file| folder.join(file).to_string_lossy().into_owned())
    .to_vec()
}

/// One line: one invocation, or the mean of several.
#[derive(serde::Deserialize)]
struct Row {
    function: String,
    #[serde(default)]
    arch: String,
    memory_mb: f64,
    duration_ms: f64,
    #[serde(default)]
    max_memory_mb: Option<f64>,
    #[serde(default)]
    init_ms: Option<f64>,
    #[serde(default)]
    n_samples: Option<f64>,
    #[serde(default)]
    sample_index: Option<f64>,
}

impl Row {
    fn is_mean(&self) -> bool {
        self.n_samples.is_some_and(|n| n > 1.0)
    }

    fn used_mb(&self) -> Option<u32> {
        self.max_memory_mb.filter(|mb| *mb > 0.0).map(|mb| mb.ceil() as u32)
    }

    /// The invocation that started cold, if it is one. Of a mean it is not known how many of its invocations did.
    fn cold(&self) -> Option<Cold> {
        let init_ms = self.init_ms.filter(|_| !self.is_mean())?;
        Some(Cold {
            ms: self.duration_ms,
            init_ms,
        })
    }

    /// What is wrong with it.
    fn flaw(&self) -> Option<String> {
        let n = self.n_samples.unwrap_or(1.0);
        if !(self.duration_ms.is_finite() && self.duration_ms >= 0.0) {
            Some(format!("duration_ms is {}; it must be 0 or more", self.duration_ms))
        } else if !(64.0..=65_536.0).contains(&self.memory_mb) || self.memory_mb.fract() != 0.0 {
            Some(format!(
                "memory_mb is {}; it must be a memory size in MB",
                self.memory_mb
            ))
        } else if !(n.is_finite() && n >= 1.0) {
            Some(format!("n_samples is {n}; it must be 1 or more"))
        } else if let Some(ms) = self.init_ms.filter(|ms| !(ms.is_finite() && *ms >= 0.0)) {
            Some(format!("init_ms is {ms}; it must be 0 or more, or empty"))
        } else {
            let mb = self.max_memory_mb.filter(|mb| !(0.0..=65_536.0).contains(mb));
            mb.map(|mb| format!("max_memory_mb is {mb}; it must be a memory use in MB, or empty"))
        }
    }
}

/// Columns that every file must have; the others may be missing.
const COLUMNS: [&str; 3] = ["function", "memory_mb", "duration_ms"];

/// Reads a file.
///
/// # Errors
/// Names the file, the line, and what is wrong with it.
pub fn read(path: &str) -> Result<Vec<Recorded>, String> {
    let file = File::open(path).map_err(|e| format!("{path} can't be opened: {e}"))?;
    let file = BufReader::new(file);
    let reader: Box<dyn Read> = match path.ends_with(".gz") {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let name = Path::new(path)
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let source = name.split('.').next().unwrap_or_default();
    parse(path, source, reader)
}

fn parse(path: &str, source: &str, reader: impl Read) -> Result<Vec<Recorded>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let headers = reader.headers().map_err(|e| flawed(path, 1, &e))?.clone();
    if headers.is_empty() {
        return Err(format!("{path} is empty; its first line must name the columns"));
    }
    if let Some(missing) = COLUMNS.into_iter().find(|column| !headers.iter().any(|h| h == *column)) {
        return Err(format!("{path}, line 1: there is no column `{missing}`"));
    }
    let mut functions: BTreeMap<String, BTreeMap<u32, Vec<Row>>> = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|e| flawed(path, line, &e))? {
            break;
        }
        let line = record.position().map_or(line, csv::Position::line);
        let row: Row = record
            .deserialize(Some(&headers))
            .map_err(|e| misread(path, line, &headers, &record, &e))?;
        if let Some(flaw) = row.flaw() {
            return Err(format!("{path}, line {line}: {flaw}"));
        }
        let function = match row.arch.as_str() {
            "" => row.function.clone(),
            arch => format!("{} {arch}", row.function),
        };
        let sizes = functions.entry(function).or_default();
        sizes.entry(row.memory_mb as u32).or_default().push(row);
    }
    if functions.is_empty() {
        return Err(format!(
            "{path} holds no measurements: there is nothing below its first line"
        ));
    }
    let recorded = functions
        .into_iter()
        .map(|(function, sizes)| recorded(function, source, sizes))
        .collect();
    let several: Vec<Recorded> = in_bands(recorded).into_iter().filter(|r| r.sizes.len() > 1).collect();
    match several.is_empty() {
        true => Err(format!(
            "{path}: no function was measured at two memory sizes or more, so there is nothing to choose"
        )),
        false => Ok(several),
    }
}

/// The column and the text that is not what the column holds.
fn misread(
    path: &str,
    line: u64,
    headers: &csv::StringRecord,
    record: &csv::StringRecord,
    error: &csv::Error,
) -> String {
    let field = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.field().map(|at| at as usize),
        _ => None,
    };
    match field.and_then(|at| Some((headers.get(at)?, record.get(at)?))) {
        Some((column, text)) => format!("{path}, line {line}: {column} is `{text}`, which is not a number"),
        None => flawed(path, line, error),
    }
}

/// What the reader says of a line.
fn flawed(path: &str, line: u64, error: &csv::Error) -> String {
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where there are {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        csv::ErrorKind::Io(io) => match path.ends_with(".gz") {
            true => format!("it can't be read as gzip: {io}"),
            false => format!("it can't be read: {io}"),
        },
        _ => error.to_string(),
    };
    format!("{path}, line {line}: {what}")
}

fn recorded(function: String, source: &str, rows: BTreeMap<u32, Vec<Row>>) -> Recorded {
    // Of some functions only cold starts were recorded; there they are what is compared.
    let only_cold = function.contains("#cold");
    let mut recorded = Recorded {
        function,
        source: source.to_owned(),
        sizes: BTreeMap::new(),
        colds: BTreeMap::new(),
    };
    for (mb, mut rows) in rows {
        rows.sort_by(|a, b| a.sample_index.unwrap_or(0.0).total_cmp(&b.sample_index.unwrap_or(0.0)));
        let Some(warm) = durations(&rows, only_cold) else {
            continue;
        };
        let used_mb = rows.iter().filter_map(Row::used_mb).max();
        recorded.sizes.insert(mb, Size { warm, used_mb });
        let colds: Vec<Cold> = rows.iter().filter(|_| !only_cold).filter_map(Row::cold).collect();
        if !colds.is_empty() {
            recorded.colds.insert(mb, colds);
        }
    }
    recorded
}

/// Warm invocations in the order recorded, or the mean of means.
fn durations(rows: &[Row], only_cold: bool) -> Option<Durations> {
    if rows.iter().any(Row::is_mean) {
        let weight: f64 = rows.iter().map(|r| r.n_samples.unwrap_or(1.0)).sum();
        let sum: f64 = rows.iter().map(|r| r.duration_ms * r.n_samples.unwrap_or(1.0)).sum();
        return Some(Durations::Mean(sum / weight));
    }
    let each: Vec<Warm> = rows
        .iter()
        .filter(|row| only_cold || row.init_ms.is_none())
        .map(|row| Warm {
            ms: row.duration_ms,
            used_mb: row.used_mb(),
        })
        .collect();
    (!each.is_empty()).then_some(Durations::Each(each))
}

/// Functions that were recorded with many payloads and a few invocations of each are replayed in bands of ten neighbours: a
/// policy needs more than three samples of a size to draw from.
fn in_bands(recorded: Vec<Recorded>) -> Vec<Recorded> {
    const FEW: usize = 5;
    const BAND: usize = 10;
    let (few, mut enough): (Vec<Recorded>, Vec<Recorded>) = recorded.into_iter().partition(|r| {
        r.sizes
            .values()
            .all(|size| matches!(&size.warm, Durations::Each(all) if all.len() <= FEW))
            && r.family().is_some()
    });
    let mut families: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
    for one in few {
        families.entry(one.family().unwrap_or_default()).or_default().push(one);
    }
    for (family, mut members) in families {
        if members.len() < BAND {
            enough.extend(members);
            continue;
        }
        members.sort_by_key(Recorded::payload_number);
        for (number, band) in members.chunks(BAND).enumerate() {
            enough.push(together(format!("{family} band {}", number + 1), band));
        }
    }
    enough
}

/// The invocations of a band, in turns, as if payloads came one after another.
fn together(function: String, band: &[Recorded]) -> Recorded {
    let mut all = Recorded {
        function,
        source: band.first().map_or_else(String::new, |first| first.source.clone()),
        sizes: BTreeMap::new(),
        colds: BTreeMap::new(),
    };
    for member in band {
        for (&mb, size) in &member.sizes {
            let empty = || Size {
                warm: Durations::Each(Vec::new()),
                used_mb: None,
            };
            let sum = all.sizes.entry(mb).or_insert_with(empty);
            sum.used_mb = sum.used_mb.max(size.used_mb);
            if let (Durations::Each(all), Durations::Each(more)) = (&mut sum.warm, &size.warm) {
                all.extend(more);
            }
        }
        for (&mb, colds) in &member.colds {
            all.colds.entry(mb).or_default().extend(colds);
        }
    }
    all
}

impl Recorded {
    /// The name without the number of its payload.
    fn family(&self) -> Option<String> {
        let (name, arch) = self.function.split_once(' ').unwrap_or((&self.function, ""));
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        (stem.len() < name.len() && stem.len() > 1)
            .then(|| format!("{} {arch}", stem.strip_suffix("-n").unwrap_or(stem)))
    }

    fn payload_number(&self) -> u64 {
        let name = self.function.split(' ').next().unwrap_or_default();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        name[stem.len()..].parse().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Recorded>, String> {
        parse("file.csv", "file", text.as_bytes())
    }

    #[test]
    fn columns_come_in_any_order_and_empty_fields_are_not_recorded() {
        let text = "duration_ms,color,memory_mb,function,init_ms,sample_index\n\
                    20,red,256,f,,1\n10,red,256,f,,0\n900,red,256,f,500,2\n\n30,red,128,f,,0\n";
        let recorded = parsed(text).unwrap();
        assert_eq!((recorded.len(), recorded[0].function.as_str()), (1, "f"));
        let Durations::Each(each) = &recorded[0].sizes[&256].warm else {
            panic!("single invocations");
        };
        // In recorded order, and without the one that started cold, which is kept apart.
        assert_eq!(each.iter().map(|one| one.ms).collect::<Vec<_>>(), [10.0, 20.0]);
        let cold = Cold {
            ms: 900.0,
            init_ms: 500.0,
        };
        assert_eq!(recorded[0].colds, BTreeMap::from([(256, vec![cold])]));
    }

    #[test]
    fn memory_use_is_that_of_each_invocation_and_the_largest_of_a_size() {
        let text = "function,memory_mb,duration_ms,init_ms,max_memory_mb\nf,128,10,,70\nf,128,10,,71\nf,128,90,200,80\n\
                    f,256,5,,\nf,256,5,,0\n";
        let sizes = &parsed(text).unwrap()[0].sizes;
        let Durations::Each(each) = &sizes[&128].warm else {
            panic!("single invocations");
        };
        assert_eq!(
            each.iter().map(|one| one.used_mb).collect::<Vec<_>>(),
            [Some(70), Some(71)]
        );
        assert_eq!((sizes[&128].used_mb, sizes[&256].used_mb), (Some(80), None));
    }

    #[test]
    fn means_weigh_as_many_as_they_are_of() {
        let text = "function,memory_mb,duration_ms,n_samples\nf,128,10,300\nf,128,20,100\nf,256,5,500\n";
        assert!((parsed(text).unwrap()[0].sizes[&128].warm.mean() - 12.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        const HEAD: &str = "function,memory_mb,duration_ms,n_samples\n";
        let cases = [
            (String::new(), "file.csv is empty"),
            (HEAD.to_owned(), "holds no measurements"),
            (
                "function,memory_mb\nf,128\n".to_owned(),
                "line 1: there is no column `duration_ms`",
            ),
            (
                format!("{HEAD}f,128,10,1\nf,256,fast,1\n"),
                "line 3: duration_ms is `fast`",
            ),
            (format!("{HEAD}f,128,10,1\nf,256,-1,1\n"), "line 3: duration_ms is -1"),
            (format!("{HEAD}f,128,NaN,1\n"), "line 2: duration_ms is NaN"),
            (format!("{HEAD}f,128.5,1,1\n"), "line 2: memory_mb is 128.5"),
            (format!("{HEAD}f,128,1,0\n"), "line 2: n_samples is 0"),
            (
                "function,memory_mb,duration_ms,init_ms\nf,128,1,-5\n".to_owned(),
                "line 2: init_ms is -5",
            ),
            (
                "function,memory_mb,duration_ms,max_memory_mb\nf,128,1,inf\n".to_owned(),
                "line 2: max_memory_mb is inf",
            ),
            (format!("{HEAD}f,128,1\n"), "line 2: 3 fields where there are 4 columns"),
            (format!("{HEAD}f,128,1,1\nf,128,1,1\n"), "two memory sizes"),
        ];
        for (text, said) in cases {
            let message = parsed(&text).unwrap_err();
            assert!(message.contains("file.csv") && message.contains(said), "{message}");
        }
        let message = parse(
            "file.csv.gz",
            "file",
            MultiGzDecoder::new("function,memory_mb".as_bytes()),
        )
        .unwrap_err();
        assert!(
            message.contains("file.csv.gz, line 1: it can't be read as gzip"),
            "{message}"
        );
    }

    #[test]
    fn what_is_bundled_can_be_read() {
        let functions: usize = bundled().iter().map(|file| read(file).unwrap().len()).sum();
        assert!(functions >= 80, "{functions}");
    }
}
