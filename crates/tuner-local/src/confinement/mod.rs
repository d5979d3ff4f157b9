//! Limits a process in CPU and memory the way Lambda does, by the best means this host allows.

/// The means by which processes are confined, chosen once for a server.
pub struct Confinement {
    _private: (),
}
