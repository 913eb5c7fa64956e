//! The HTTP face.

pub mod storaged;
