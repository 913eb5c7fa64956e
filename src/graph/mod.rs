//! The flat proximity graph over u32 slots.
