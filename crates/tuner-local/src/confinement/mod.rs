//! Limits a process in CPU and memory the way Lambda does, by the best means this host allows.

mod cell;

pub(crate) use cell::Cell;

/// The means by which processes are confined, chosen once for a server.
pub struct Confinement {
    _private: (),
}

impl Confinement {
    /// No limits at all.
    pub fn none() -> Self {
        Self { _private: () }
    }

    pub(crate) fn cell(&self, memory_size_mb: u32) -> std::io::Result<Cell> {
        Ok(Cell::new(memory_size_mb))
    }
}
