//! What a distance means, and how it is computed on this processor.
