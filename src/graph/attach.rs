//! Linking new rows to a graph: search, choose, link back.
//!
//! A piece of rows is searched for in the graph as it was before the piece, so its rows may be taken
//! in any order or at once; what they found is then written in slot order.

use super::edges::{self, Edge};
use super::neighbour::Neighbour;
use super::prune::prune;
use super::scratch::{Scratch, Shelf};
use super::tree::Tree;
use super::walk::Ground;

/// A row and the list chosen for it.
struct Plan {
    slot: u32,
    list: Vec<Neighbour>,
}

/// Attaches `piece`, distinct rows not linked yet, to a graph that links at least one row.
pub(super) fn attach(ground: Ground<'_>, tree: &mut Tree, shelf: &Shelf, ef: usize, piece: &[u32]) {
    let Ground { rows, links, .. } = ground;
    let plans: Vec<Plan> =
        shelf.with(|scratch| piece.iter().map(|&slot| plan(ground, slot, ef, scratch)).collect());
    let mut edges = Vec::with_capacity(plans.len() * links.width());
    for Plan { slot, list } in plans {
        links.replace(slot, list.iter().map(|near| near.slot));
        edges.extend(list.iter().map(|near| Edge::new(near.slot, near.key, slot)));
        let host = list.iter().map(|near| near.slot).find(|&near| tree.has_room(near, links.width()));
        let parent = host.unwrap_or_else(|| {
            // The way down leads through links of this very piece: write them first.
            edges::add(rows, links, tree, &mut edges);
            edges.clear();
            let parent = tree.descend(links, list[0].slot);
            edges.push(Edge::new(parent, rows.key(parent, slot), slot));
            parent
        });
        tree.set(slot, parent);
    }
    edges::add(rows, links, tree, &mut edges);
}

fn plan(ground: Ground<'_>, slot: u32, ef: usize, scratch: &mut Scratch) -> Plan {
    let Ground { rows, links, .. } = ground;
    ground.walk(rows.row(slot), rows.inverse_norm(slot), ef, scratch);
    let candidates: Vec<Neighbour> = scratch.pool.neighbours().collect();
    let mut list = Vec::with_capacity(links.width());
    prune(rows, &candidates, links.width(), |_| false, &mut list);
    Plan { slot, list }
}
