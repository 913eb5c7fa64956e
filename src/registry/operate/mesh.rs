//! Links for a program that enters a graph at any row and only walks downhill: coder/hnsw with one layer.
//!
//! Links run both ways and every row can be reached from every other; a few long ones lead between
//! clusters, where a walk along nearest rows alone would stay in the cluster it began in.

use std::collections::HashMap;

use crate::error::Result;
use crate::index::{Index, SearchOptions};

/// Long links that each row begins.
const LONG: usize = 4;

/// Per slot the slots to link it to, ascending. The index has no dead rows.
pub(super) fn mesh(index: &Index) -> Result<Vec<Vec<u32>>> {
    // Taking the parts attaches what is due, so the links are asked for after it.
    let ids: Vec<Box<str>> = index.with_parts(|parts| parts.ids.iter().map(|&id| id.into()).collect());
    let mut links = index.links();
    let slots: HashMap<&str, u32> = ids.iter().zip(0..).map(|(id, slot)| (&**id, slot)).collect();
    let k = index.params().m as usize + 1;
    for (id, own) in ids.iter().zip(&mut links) {
        if own.is_empty() {
            let hits = index.search_by_id(id, &SearchOptions::new(k))?;
            own.extend(hits.ids.iter().filter(|near| **near != **id).map(|near| slots[near]));
        }
    }
    lengthen(&mut links);
    both_ways(&mut links);
    connect(&mut links);
    Ok(links)
}

/// Gives each row links to rows spread over all of them. They are the same in every export.
fn lengthen(links: &mut [Vec<u32>]) {
    let rows = links.len();
    let mut state = 0x7665_6374_6f72_6400_u64;
    for own in links {
        own.extend((0..LONG).map(|_| {
            // The constants of Knuth's MMIX generator; its high bits are the good ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 32) as usize % rows) as u32
        }));
    }
}

fn both_ways(links: &mut [Vec<u32>]) {
    for from in 0..links.len() {
        for to in links[from].clone() {
            links[to as usize].push(from as u32);
        }
    }
    for (slot, own) in (0..).zip(links) {
        own.sort_unstable();
        own.dedup();
        own.retain(|&near| near != slot);
    }
}

/// Links the first row of every part to the part of row 0.
fn connect(links: &mut [Vec<u32>]) {
    let mut met = vec![false; links.len()];
    for start in 0..links.len() {
        if met[start] {
            continue;
        }
        if start > 0 {
            links[0].push(start as u32);
            links[start].push(0);
        }
        let mut fresh = vec![start];
        met[start] = true;
        while let Some(slot) = fresh.pop() {
            fresh.extend(
                links[slot]
                    .iter()
                    .map(|&near| near as usize)
                    .filter(|&near| !std::mem::replace(&mut met[near], true)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Batch, Operation, Params};

    #[test]
    fn every_row_is_reached_from_every_other_also_between_far_clusters() {
        let index = Index::new(Params::new(2), 0).unwrap();
        let ids: Vec<String> = (0..200).map(|i| format!("r{i}")).collect();
        let vectors: Vec<f32> =
            (0..200).flat_map(|i| [(i / 50) as f32 * 1000.0 + 1.0, (i % 50) as f32]).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        index.apply(
            1,
            &[Operation::Upsert(Batch { metadata: vec![None; ids.len()], ids, vectors: &vectors })],
        );
        let links = mesh(&index).unwrap();
        assert_eq!(links, mesh(&index).unwrap(), "the same in every export");
        for (slot, own) in links.iter().enumerate() {
            assert!(
                own.iter().all(|&near| links[near as usize].contains(&(slot as u32))),
                "one way from {slot}"
            );
            assert!(!own.contains(&(slot as u32)) && own.is_sorted());
        }
        let mut alone = vec![Vec::new(), Vec::new(), vec![3], vec![2]];
        connect(&mut alone);
        assert_eq!(alone, [vec![1, 2], vec![0], vec![3, 0], vec![2]]);
    }
}
