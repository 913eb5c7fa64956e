//! Puts checksums right after an edit, so that the edit reaches the decoders behind them.
//! (`--cfg vectord_fuzz` does the same for a fuzzer, by not comparing.)

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Puts right the checksums of an entry as far as its lengths can be followed.
pub(crate) fn reseal_entry(bytes: &mut [u8]) {
    let Some(trailer) = bytes.len().checked_sub(24).filter(|&at| at >= 112) else { return };
    bytes[88..96].copy_from_slice(&(trailer as u64 - 112).to_be_bytes());
    let mut at = 112;
    while at + 16 <= trailer {
        let meta = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        let payload = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap());
        let end = ((at + 16 + meta).next_multiple_of(64) as u64).saturating_add(payload);
        if end.saturating_add(4) > trailer as u64 {
            break;
        }
        let end = end as usize;
        let crc = crc32c::crc32c(&bytes[at..end]);
        bytes[end..end + 4].copy_from_slice(&crc.to_be_bytes());
        at = (end + 4).next_multiple_of(8);
    }
    let crc = crc32c::crc32c(&bytes[..108]);
    bytes[108..112].copy_from_slice(&crc.to_be_bytes());
    let digest = xxh3_128(&bytes[..trailer]).to_be_bytes();
    bytes[trailer..trailer + 16].copy_from_slice(&digest);
    bytes[trailer + 16..].copy_from_slice(b"LHL1END\n");
}

/// Puts right the checksums of a snapshot as far as its envelope can be read.
pub(crate) fn reseal_snapshot(bytes: &mut [u8]) {
    let Some(length) = bytes.get(4..8).map(|word| u32::from_be_bytes(word.try_into().unwrap()) as usize)
    else {
        return;
    };
    let Some(text) = bytes.get(8..8 + length) else { return };
    let first = (16 + length).next_multiple_of(64);
    let envelope: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let mut text = String::from_utf8_lossy(text).into_owned();
    for part in envelope["parts"].as_array().unwrap_or(&Vec::new()) {
        let range = |key: &str| part[key].as_u64().and_then(|value| usize::try_from(value).ok());
        let (Some(offset), Some(len), Some(old)) = (range("offset"), range("len"), part["xxh3"].as_str())
        else {
            continue;
        };
        let start = first.saturating_add(offset);
        if let Some(content) = bytes.get(start..start.saturating_add(len)) {
            text = text.replace(old, &format!("{:032x}", xxh3_128(content)));
        }
    }
    if text.len() == length {
        bytes[8..8 + length].copy_from_slice(text.as_bytes());
    }
    let check = xxh3_64(&bytes[..8 + length]).to_be_bytes();
    if let Some(slot) = bytes.get_mut(8 + length..16 + length) {
        slot.copy_from_slice(&check);
    }
}
