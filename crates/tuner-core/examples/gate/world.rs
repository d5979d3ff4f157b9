//! Functions whose durations follow a law that is known.

#[allow(dead_code, reason = "the replay benchmark uses the rest")]
#[path = "../replay/random.rs"]
mod random;

pub(crate) use random::Random;

/// How durations scatter. A typical one is 100 ms or so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Log-normal, with this standard deviation of the logarithm.
    LogNormal(&'static str, f64),
    /// Log-normal with 20 % of scatter; this share is as much slower as a Pareto law of this index says, from twice on.
    Tail(&'static str, f64, f64),
    /// Log-normal with 15 % of scatter; this share takes this many times as long: another path, a larger payload.
    Mixture(&'static str, f64, f64),
}

impl Kind {
    /// Coefficients of variation of 30 and 60 %, tails with and without a variance, and two kinds of calls.
    pub(crate) const ALL: [Self; 6] = [
        Self::LogNormal("log-normal, CV 30 %", 0.2936),
        Self::LogNormal("log-normal, CV 60 %", 0.5545),
        Self::Tail("4 % slow, Pareto 2.5", 0.04, 2.5),
        Self::Tail("2 % slow, Pareto 1.5", 0.02, 1.5),
        Self::Mixture("30 % three times as long", 0.3, 3.0),
        Self::Mixture("8 % eight times as long", 0.08, 8.0),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LogNormal(name, _) | Self::Tail(name, ..) | Self::Mixture(name, ..) => name,
        }
    }

    /// One duration.
    pub(crate) fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::LogNormal(_, sigma) => 100.0 * random.noise(sigma),
            Self::Tail(_, share, index) => {
                let base = 100.0 * random.noise(0.2);
                match random.uniform() < share {
                    true => base * 2.0 * (1.0 - random.uniform()).powf(-1.0 / index),
                    false => base,
                }
            }
            Self::Mixture(_, share, times) => {
                let slow = random.uniform() < share;
                100.0 * random.noise(0.15) * if slow { times } else { 1.0 }
            }
        }
    }

    /// The true mean.
    pub(crate) fn mean(self) -> f64 {
        match self {
            Self::LogNormal(..) => 100.0,
            Self::Tail(_, share, index) => 100.0 * (1.0 - share + share * 2.0 * index / (index - 1.0)),
            Self::Mixture(_, share, times) => 100.0 * (1.0 - share + share * times),
        }
    }

    /// The true quantile, of two million durations with a seed of its own.
    pub(crate) fn quantile(self, q: f64) -> f64 {
        static KNOWN: std::sync::OnceLock<Vec<(Kind, Vec<f64>)>> = std::sync::OnceLock::new();
        let known = KNOWN.get_or_init(|| {
            let sorted = |kind: Self| {
                let mut random = Random::seeded(&format!("truth of {}", kind.name()));
                let mut all: Vec<f64> = (0..2_000_000).map(|_| kind.draw(&mut random)).collect();
                all.sort_by(f64::total_cmp);
                (kind, all)
            };
            Self::ALL.map(sorted).to_vec()
        });
        let of_kind = known.iter().find(|(kind, _)| *kind == self);
        of_kind.map_or(f64::NAN, |(_, all)| all[(q * all.len() as f64) as usize])
    }
}
