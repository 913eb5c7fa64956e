//! The batches that clients write: drawn from a seed, over few ids, so that clients meet.

use vectord::error::Result;
use vectord::registry::Batch;

use super::journal::{Content, Row};
use super::turnstile::ClientNumber;
use crate::support::numbers::Seeded;

fn id(random: &mut Seeded, client: ClientNumber) -> String {
    if random.below(3) == 0 {
        format!("shared-{}", random.below(10))
    } else {
        format!("own-{client}-{}", random.below(6))
    }
}

/// The metadata by which batch `number` is known.
pub fn mark(number: u64) -> String {
    format!("{{\"batch\":{number}}}")
}

/// The id by which the delete `number` is known; no row has it.
pub fn absent_id(number: u64) -> String {
    format!("batch-{number}")
}

/// The number of the batch that this metadata names.
pub fn marked(metadata: &str) -> Option<u64> {
    metadata.strip_prefix("{\"batch\":")?.strip_suffix('}')?.parse().ok()
}

/// The number of the batch that holds this; what a filter deleted does not say.
pub fn number_of(content: &Content) -> Option<u64> {
    let first = match content {
        Content::Rows(rows) => rows.first()?.1.as_deref(),
        Content::Ids(ids) => return ids.first()?.strip_prefix("batch-")?.parse().ok(),
        Content::Metadata(rows) => rows.first()?.1.as_deref(),
        Content::Passing(_) => None,
    };
    marked(first?)
}

pub fn rows(random: &mut Seeded, client: ClientNumber, number: u64, dimension: u32) -> Content {
    let mut ids: Vec<String> = (0..=random.below(4)).map(|_| id(random, client)).collect();
    ids.sort();
    ids.dedup();
    let row = |(at, id): (usize, String)| -> Row {
        let text = (at == 0 || random.below(3) > 0).then(|| mark(number));
        let mut vector = random.vector(dimension as usize);
        vector[0] = vector[0].abs() + 0.5;
        (id, text, vector)
    };
    Content::Rows(ids.into_iter().enumerate().map(row).collect())
}

pub fn ids(random: &mut Seeded, client: ClientNumber, number: u64) -> Content {
    let mut ids = vec![absent_id(number)];
    ids.extend((0..=random.below(4)).map(|_| id(random, client)));
    Content::Ids(ids)
}

pub fn metadata(random: &mut Seeded, client: ClientNumber, number: u64) -> Content {
    let one = |at: usize| (id(random, client), (at == 0 || random.below(2) == 0).then(|| mark(number)));
    let mut rows: Vec<_> = (0..2).map(one).collect();
    if rows[0].0 == rows[1].0 {
        rows.truncate(1);
    }
    Content::Metadata(rows)
}

pub fn batch(rows: &[Row], dimension: u32) -> Result<Batch> {
    let mut batch = Batch::builder(rows.len(), dimension);
    for (id, text, vector) in rows {
        batch.push_row(id, text.as_deref(), vector)?;
    }
    batch.finish()
}
