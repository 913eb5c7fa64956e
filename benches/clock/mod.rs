//! The clock of a thread, for the benches of this directory.
//!
//! What they print in wall time they take from `std`.

/// Seconds this thread has run: on a shared machine the wall clock measures the neighbours.
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
