//! Recorded measurements: `function,arch,memory_mb,duration_ms,billed_ms,max_memory_mb,init_ms,cost_usd,n_samples,
//! sample_index,p99_ms`. `n_samples` 1 is one invocation, more the mean of that many.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Durations of one function at the memory sizes at which somebody measured it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Name and architecture.
    pub function: String,
    /// File it comes from, without folder and endings.
    pub source: String,
    /// By memory size, in MB.
    pub sizes: BTreeMap<u32, Durations>,
}

/// Durations at one memory size, in ms.
#[derive(Debug, Clone)]
pub enum Durations {
    /// Of single invocations, in the order recorded.
    Each(Vec<f64>),
    /// Only their mean.
    Mean(f64),
}

/// Noise of functions of which only means were recorded.
pub const NOISE_OF_MEANS: f64 = 0.10;

impl Durations {
    /// The expected duration, in ms.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Each(all) => all.iter().sum::<f64>() / all.len() as f64,
            Self::Mean(mean) => *mean,
        }
    }

    /// The expected billed duration, each invocation rounded up to a whole millisecond, if durations were `factor` times what
    /// they are.
    pub fn billed(&self, factor: f64) -> f64 {
        match self {
            Self::Each(all) => all.iter().map(|ms| (ms * factor).ceil().max(1.0)).sum::<f64>() / all.len() as f64,
            Self::Mean(mean) => {
                const STEPS: i32 = 200;
                let sum: f64 = (0..STEPS)
                    .map(|i| {
                        // Over -4 to 4 standard deviations.
                        let z = (f64::from(i) + 0.5) / f64::from(STEPS) * 8.0 - 4.0;
                        let weight = (-z * z / 2.0).exp();
                        weight * (mean * factor * noisy(z)).ceil().max(1.0)
                    })
                    .sum();
                let weights: f64 = (0..STEPS)
                    .map(|i| {
                        let z = (f64::from(i) + 0.5) / f64::from(STEPS) * 8.0 - 4.0;
                        (-z * z / 2.0).exp()
                    })
                    .sum();
                sum / weights
            }
        }
    }
}

/// A factor of mean 1, `z` standard deviations off.
pub fn noisy(z: f64) -> f64 {
    (NOISE_OF_MEANS * z - NOISE_OF_MEANS * NOISE_OF_MEANS / 2.0).exp()
}

/// The bundled curves.
pub fn bundled() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/replay/data");
    ["faasdom.csv.gz", "cebert.csv.gz", "memfigless.csv.gz"]
        .map(|file| folder.join(file).to_string_lossy().into_owned())
        .to_vec()
}

#[derive(serde::Deserialize)]
struct Row {
    function: String,
    #[serde(default)]
    arch: String,
    memory_mb: f64,
    duration_ms: f64,
    #[serde(default)]
    init_ms: Option<f64>,
    #[serde(default)]
    n_samples: Option<f64>,
    #[serde(default)]
    sample_index: Option<f64>,
}

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
    let source = name.split('.').next().unwrap_or_default().to_owned();
    let mut functions: BTreeMap<String, BTreeMap<u32, Vec<Row>>> = BTreeMap::new();
    for (number, row) in csv::Reader::from_reader(reader).deserialize::<Row>().enumerate() {
        let line = number + 2;
        let row = row.map_err(|e| format!("{path}, line {line}: {e}"))?;
        let mb = row.memory_mb;
        if !(row.duration_ms.is_finite() && row.duration_ms >= 0.0) {
            return Err(format!("{path}, line {line}: a duration of {} ms", row.duration_ms));
        }
        if !(64.0..=65_536.0).contains(&mb) || mb.fract() != 0.0 {
            return Err(format!("{path}, line {line}: a memory size of {mb} MB"));
        }
        let function = match row.arch.as_str() {
            "" => row.function.clone(),
            arch => format!("{} {arch}", row.function),
        };
        functions
            .entry(function)
            .or_default()
            .entry(mb as u32)
            .or_default()
            .push(row);
    }
    if functions.is_empty() {
        return Err(format!("{path} holds no measurements"));
    }
    let recorded = functions
        .into_iter()
        .map(|(function, sizes)| Recorded {
            sizes: sizes
                .into_iter()
                .filter_map(|(mb, rows)| Some((mb, durations(rows, function.contains("#cold"))?)))
                .collect(),
            function,
            source: source.clone(),
        })
        .collect();
    Ok(in_bands(recorded).into_iter().filter(|r| r.sizes.len() > 1).collect())
}

/// Warm invocations in the order recorded, or the mean of means.
fn durations(mut rows: Vec<Row>, cold: bool) -> Option<Durations> {
    let is_mean = |row: &Row| row.n_samples.is_some_and(|n| n > 1.0);
    if rows.iter().any(is_mean) {
        let weight: f64 = rows.iter().map(|r| r.n_samples.unwrap_or(1.0)).sum();
        let sum: f64 = rows.iter().map(|r| r.duration_ms * r.n_samples.unwrap_or(1.0)).sum();
        return Some(Durations::Mean(sum / weight));
    }
    rows.sort_by(|a, b| a.sample_index.unwrap_or(0.0).total_cmp(&b.sample_index.unwrap_or(0.0)));
    let each: Vec<f64> = rows
        .iter()
        .filter(|row| cold || row.init_ms.is_none())
        .map(|row| row.duration_ms)
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
            .all(|d| matches!(d, Durations::Each(all) if all.len() <= FEW))
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
            let mut sizes: BTreeMap<u32, Durations> = BTreeMap::new();
            // In turns, as if payloads came one after another.
            for member in band {
                for (&mb, durations) in &member.sizes {
                    if let (Durations::Each(all), Durations::Each(more)) = (
                        sizes.entry(mb).or_insert_with(|| Durations::Each(Vec::new())),
                        durations,
                    ) {
                        all.extend(more);
                    }
                }
            }
            enough.push(Recorded {
                function: format!("{family} band {}", number + 1),
                source: band[0].source.clone(),
                sizes,
            });
        }
    }
    enough
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

    /// The smallest and the largest size, in MB.
    pub fn range(&self) -> (u32, u32) {
        let first = self.sizes.keys().next().copied().unwrap_or_default();
        let last = self.sizes.keys().next_back().copied().unwrap_or_default();
        (first, last)
    }

    /// The measured sizes around `mb`, in MB, and how far `mb` is from the first to the second, on a logarithmic scale.
    fn around(&self, mb: u32) -> (u32, u32, f64) {
        let (first, last) = self.range();
        let below = self.sizes.range(..=mb).next_back().map_or(first, |(&m, _)| m);
        let above = self.sizes.range(mb..).next().map_or(last, |(&m, _)| m);
        let t = match below == above {
            true => 0.0,
            false => (f64::from(mb) / f64::from(below)).ln() / (f64::from(above) / f64::from(below)).ln(),
        };
        (below, above, t)
    }

    /// The measured size nearest to `mb`, in MB, and the factor from its durations to those at `mb`: by linear interpolation
    /// of logarithms.
    pub fn nearest(&self, mb: u32) -> (u32, f64) {
        let (below, above, t) = self.around(mb);
        let (a, b) = (self.sizes[&below].mean().max(1e-3), self.sizes[&above].mean().max(1e-3));
        let ms = a * (b / a).powf(t);
        match t < 0.5 {
            true => (below, ms / a),
            false => (above, ms / b),
        }
    }
}
