//! What the AWS SDK (`aws-smithy-checksums`) takes of the crate `crc-fast`, on the crate `crc`.
//!
//! `crc-fast` links the tables of all checksums that it knows, 0.7 MB that can't be compressed: a tenth of a deployment
//! package, for the speed of gigabytes a second. What is stored here is a few kilobytes at a time.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc};

static CRC32: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static CRC64_NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The checksums that S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32C.
    Crc32Iscsi,
    /// CRC-32.
    Crc32IsoHdlc,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// A checksum of what has come so far.
pub struct Digest(Inner);

enum Inner {
    Bits32(crc::Digest<'static, u32>),
    Bits64(crc::Digest<'static, u64>),
}

impl Digest {
    /// Of nothing yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32Iscsi => Inner::Bits32(CRC32C.digest()),
            CrcAlgorithm::Crc32IsoHdlc => Inner::Bits32(CRC32.digest()),
            CrcAlgorithm::Crc64Nvme => Inner::Bits64(CRC64_NVME.digest()),
        })
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Inner::Bits32(digest) => digest.update(bytes),
            Inner::Bits64(digest) => digest.update(bytes),
        }
    }

    /// The checksum.
    pub fn finalize(self) -> u64 {
        match self.0 {
            Inner::Bits32(digest) => digest.finalize().into(),
            Inner::Bits64(digest) => digest.finalize(),
        }
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms (reveng.sourceforge.io/crc-catalogue).
    #[test]
    fn checksums_are_those_of_the_catalogue() {
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            assert_eq!(digest.finalize(), expected, "{algorithm:?}");
        }
    }
}
