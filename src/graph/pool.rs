//! The nearest candidates a walk has met, sorted, and which of them it has expanded.
//!
//! Candidates are single integers. Putting one in its place is the median of three for each place above
//! it, in blocks the compiler makes vectors of: no search, no branch that depends on where it belongs.

use super::neighbour::Near;

/// A candidate packed so that its order is that of (key, slot): key, slot, expanded flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate(u64);

impl Candidate {
    #[inline(always)]
    pub(super) fn new(key: u32, slot: u32) -> Self {
        Self(u64::from(key) << 32 | u64::from(slot) << 1)
    }

    #[inline(always)]
    pub(super) fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline(always)]
    pub(super) fn slot(self) -> u32 {
        slot(self.0)
    }

    /// One that is not to be expanded.
    #[inline(always)]
    pub(super) fn settled(key: u32, slot: u32) -> Self {
        Self(Self::new(key, slot).0 | 1)
    }
}

/// Above every candidate: slots leave their top bit free.
const NOTHING: u64 = u64::MAX;

/// Places moved at once.
const BLOCK: usize = 8;

/// The nearest candidates seen so far, sorted; at most `limit`.
#[derive(Debug, Default)]
pub(super) struct Pool {
    limit: usize,
    held: usize,
    /// The first place that may hold a candidate not expanded yet.
    cursor: usize,
    /// Candidates stand in places 1 to `held`; before them is 0, after them nothing, up to a whole block.
    places: Vec<u64>,
}

impl Pool {
    pub(super) fn reset(&mut self, limit: usize) {
        self.limit = limit;
        self.held = 0;
        self.cursor = 1;
        self.places.clear();
        self.places.push(0);
        // One place more than there is room for: what falls out is put there for a moment.
        self.places.resize(1 + (limit + 1).next_multiple_of(BLOCK), NOTHING);
    }

    /// Keeps `candidate` if it is among the nearest; says whether it is the next to be expanded.
    #[inline(always)]
    pub(super) fn insert(&mut self, Candidate(candidate): Candidate) -> bool {
        let places = &mut self.places[..];
        if candidate >= places[self.limit] {
            return false;
        }
        let is_next = candidate < places[self.cursor];
        self.held += usize::from(self.held < self.limit);
        let mut from = (self.held - 1) / BLOCK * BLOCK;
        loop {
            let (below, here): ([u64; BLOCK], [u64; BLOCK]) = (block(places, from), block(places, from + 1));
            let moved: [u64; BLOCK] = std::array::from_fn(|at| below[at].max(here[at].min(candidate)));
            places[from + 1..][..BLOCK].copy_from_slice(&moved);
            if from == 0 || below[0] < candidate {
                break;
            }
            from -= BLOCK;
        }
        places[self.limit + 1] = NOTHING;
        if is_next {
            while self.cursor > 1 && places[self.cursor - 1] >= candidate {
                self.cursor -= 1;
            }
        }
        is_next
    }

    /// [`Pool::insert`], and what the pool does not keep goes to `spill`.
    #[inline(always)]
    pub(super) fn insert_or_spill(&mut self, candidate: Candidate, spill: &mut Vec<Candidate>) -> bool {
        let last = self.places[self.limit];
        if last != NOTHING || candidate.0 >= last {
            spill.push(candidate.max(Candidate(last)));
        }
        self.insert(candidate)
    }

    /// Makes room for `limit` candidates, not fewer than before, and takes the nearest of `spill` in.
    pub(super) fn widen(&mut self, limit: usize, spill: &mut Vec<Candidate>) {
        let room = limit - self.held;
        if spill.len() > room {
            spill.select_nth_unstable(room);
        }
        let taken = spill.len().min(room);
        spill[..taken].sort_unstable();
        self.places.truncate(1 + self.held);
        self.places.extend(spill.drain(..taken).map(|Candidate(place)| place));
        self.places.resize(1 + (limit + 1).next_multiple_of(BLOCK), NOTHING);
        self.limit = limit;
        self.held += taken;
    }

    /// How many it keeps at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The nearest candidate not yet expanded, which it marks as expanded.
    #[inline(always)]
    pub(super) fn expand(&mut self) -> Option<u32> {
        let at = self.unexpanded()?;
        let place = &mut self.places[at];
        let slot = slot(*place);
        *place |= 1;
        self.cursor = at + 1;
        Some(slot)
    }

    /// The slot `expand` would return.
    #[inline(always)]
    pub(super) fn next(&self) -> Option<u32> {
        self.unexpanded().map(|at| slot(self.places[at]))
    }

    #[inline(always)]
    fn unexpanded(&self) -> Option<usize> {
        (self.cursor..=self.held).find(|&at| self.places[at] & 1 == 0)
    }

    /// What it keeps, nearest first.
    pub(super) fn nearest(&self) -> impl Iterator<Item = Near> {
        self.places[1..=self.held].iter().map(|&place| Near { key: (place >> 32) as u32, slot: slot(place) })
    }
}

#[inline(always)]
fn slot(place: u64) -> u32 {
    (place as u32) >> 1
}

#[inline(always)]
fn block(places: &[u64], from: usize) -> [u64; BLOCK] {
    places[from..][..BLOCK].try_into().expect("a slice of BLOCK places")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(pool: &Pool) -> Vec<u32> {
        pool.nearest().map(|near| near.slot).collect()
    }

    #[test]
    fn a_pool_keeps_the_nearest_and_expands_each_once_nearest_first() {
        let mut pool = Pool::default();
        pool.reset(4);
        let offers = [(500, 1), (0, 9), (200, 3), (200, 2), (700, 4), (1, 8), (200, 7)];
        let next: Vec<bool> =
            offers.iter().map(|&(key, slot)| pool.insert(Candidate::new(key, slot))).collect();
        assert_eq!(next, [true, true, false, false, false, false, false]);
        assert_eq!(slots(&pool), [9, 8, 2, 3]);
        assert_eq!((pool.expand(), pool.expand(), pool.next()), (Some(9), Some(8), Some(2)));
        // A nearer row found on the way is expanded next.
        assert!(pool.insert(Candidate::new(100, (1 << 31) - 1)));
        // A settled one is kept, and not expanded.
        assert!(pool.insert(Candidate::settled(50, 5)));
        assert_eq!((pool.expand(), pool.expand()), (Some((1 << 31) - 1), None));
        assert_eq!(slots(&pool), [9, 8, 5, (1 << 31) - 1]);
    }

    #[test]
    fn slot_0_at_no_distance_is_a_candidate_as_any_other() {
        let mut pool = Pool::default();
        pool.reset(3);
        for (key, slot) in [(7, 3), (0, 0), (0, 1)] {
            pool.insert(Candidate::new(key, slot));
        }
        assert_eq!(slots(&pool), [0, 1, 3]);
        assert_eq!([(); 4].map(|()| pool.expand()), [Some(0), Some(1), Some(3), None]);
    }

    #[test]
    fn a_pool_of_any_size_is_a_sorted_list_cut_to_it() {
        let mut state = 1_u64;
        for limit in [1, 2, 7, 8, 9, 15, 16, 17, 40, 200] {
            let mut pool = Pool::default();
            pool.reset(limit);
            let mut model: Vec<(u32, u32)> = Vec::new();
            for slot in 0..400 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let key = (state >> 56) as u32 / 3;
                pool.insert(Candidate::new(key, slot));
                model.push((key, slot));
                model.sort_unstable();
                model.truncate(limit);
                assert_eq!(slots(&pool), model.iter().map(|&(_, slot)| slot).collect::<Vec<_>>());
                if slot % 3 == 0 {
                    pool.expand();
                }
            }
        }
    }
}
