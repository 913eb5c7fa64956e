//! Reading real vectors from files of numpy, for the benches of this directory.
//!
//! Only the two kinds of file that they are given: two axes, `<f2` or `|u1`.

use std::path::Path;

/// The f32 values and the number of columns of a two-dimensional `<f2` or `|u1` array.
pub fn load(path: &Path) -> (Vec<f32>, usize) {
    let bytes = std::fs::read(path).expect("a readable file");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..start]).expect("an npy header");
    let shape = header.split_once("'shape': (").expect("a shape").1.split_once(')').expect("its end").0;
    let dimension = shape.split(',').nth(1).expect("two axes").trim().parse().expect("a number");
    let body = &bytes[start..];
    let values = if header.contains("<f2") {
        body.chunks_exact(2).map(|pair| half(u16::from_le_bytes([pair[0], pair[1]]))).collect()
    } else {
        body.iter().map(|&byte| f32::from(byte)).collect()
    };
    (values, dimension)
}

/// IEEE binary16 to binary32.
fn half(bits: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
