//! One table of two, of which the second is of later records.
//!
//! It costs a step per term and per record, however they are spread.

use std::cmp::Ordering;
use std::ops::Range;

use super::table::{FIXED, Filling, Table};
use super::terms::{Numbers, Texts};

/// What both tables have, of `records`.
pub(super) fn merge(records: &Range<u32>, early: &Table, late: &Table) -> Table {
    let mut numbers = Vec::with_capacity(early.numbers.len().max(late.numbers.len()));
    let mut texts = Texts::default();
    // Per term of each table its term in the merged one.
    let mut terms: [Vec<usize>; 2] = [(0..FIXED).collect(), (0..FIXED).collect()];
    zip(
        [early.numbers.len(), late.numbers.len()],
        |a, b| early.numbers.get(a).cmp(&late.numbers.get(b)),
        |of, at| match of {
            0 => numbers.push(early.numbers.get(at)),
            _ => numbers.push(late.numbers.get(at)),
        },
        &mut terms,
        FIXED,
    );
    zip(
        [early.texts.len(), late.texts.len()],
        |a, b| early.texts.get(a).cmp(late.texts.get(b)),
        |of, at| match of {
            0 => texts.push(early.texts.get(at)),
            _ => texts.push(late.texts.get(at)),
        },
        &mut terms,
        FIXED + numbers.len(),
    );
    let mut counts = vec![0; FIXED + numbers.len() + texts.len()];
    for (table, terms) in [early, late].iter().zip(&terms) {
        terms.iter().enumerate().for_each(|(term, &merged)| counts[merged] += table.count(term) as u32);
    }
    let mut filling = Filling::new(records, Numbers::pack(&numbers), texts, &counts);
    for (table, terms) in [early, late].iter().zip(&terms) {
        for (term, &merged) in terms.iter().enumerate() {
            table.for_each(term, |record| filling.put(merged, record));
        }
    }
    filling.finish()
}

/// Merges two ascending sequences: each distinct one is handed to `keep` once, and `terms` grows by where it went.
fn zip(
    lengths: [usize; 2],
    compare: impl Fn(usize, usize) -> Ordering,
    mut keep: impl FnMut(usize, usize),
    terms: &mut [Vec<usize>; 2],
    from: usize,
) {
    let (mut a, mut b, mut to) = (0, 0, from);
    while a < lengths[0] || b < lengths[1] {
        let order = match (a < lengths[0], b < lengths[1]) {
            (true, true) => compare(a, b),
            (true, false) => Ordering::Less,
            (false, _) => Ordering::Greater,
        };
        if order.is_le() {
            keep(0, a);
            terms[0].push(to);
            a += 1;
        } else {
            keep(1, b);
        }
        if order.is_ge() {
            terms[1].push(to);
            b += 1;
        }
        to += 1;
    }
}
