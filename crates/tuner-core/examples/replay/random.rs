/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine, for ever.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// Seeded by text, so that each replay has numbers of its own.
    pub fn seeded(text: &str) -> Self {
        // FNV-1a.
        let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3)
        });
        Self(hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let u = self.uniform().max(f64::MIN_POSITIVE);
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }

    /// A factor of mean 1, log-normal, with a scatter of `sigma`.
    pub fn noise(&mut self, sigma: f64) -> f64 {
        noise(sigma, self.normal())
    }
}

/// The factor that is `z` standard deviations off.
pub fn noise(sigma: f64, z: f64) -> f64 {
    (sigma * z - sigma * sigma / 2.0).exp()
}
