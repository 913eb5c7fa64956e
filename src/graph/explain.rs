//! What a search did, told beside what it found.
//!
//! All of it is known to a search anyway: telling costs nothing.

/// How rows were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Every row, or every one of the set, was compared.
    Exact,
    /// By walking the graph; of a search among a set, what is not of it was passed over.
    Walk,
    /// By walking from row to row of the set, through one that is not of it where need be.
    TwoHop,
}

impl Path {
    /// As users read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Walk => "walk",
            Self::TwoHop => "two-hop",
        }
    }
}

/// An account of one search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Rows of the set that was searched among, if the search was among one.
    pub matches: Option<usize>,
    /// What answered.
    pub path: Path,
    /// Rows compared because none could be left out: all, those of the set, or those not in the graph yet.
    pub scanned: usize,
    /// Distances computed in all, what was tried in vain included; those of codes and of vectors count alike.
    pub distances: usize,
    /// Candidates that the walk kept, as it was asked to; 0 where there was none.
    pub ef: usize,
    /// Whether these are the nearest rows for certain.
    pub exact: bool,
}

impl Explanation {
    /// Of a search that compared `scanned` rows, and no other.
    pub fn exact(matches: Option<usize>, scanned: usize) -> Self {
        Self { matches, path: Path::Exact, scanned, distances: scanned, ef: 0, exact: true }
    }
}
