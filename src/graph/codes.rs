//! The rows as searches see them: coded to bytes, or where bytes would not do, as they are.
//!
//! Which it is follows from the rows (`choice.rs`), and codes follow from the rows and the codec: so
//! snapshots need to hold the codec alone. Codes are made by the graph's writer, chunk by chunk; a view
//! ends where it was taken, as all views do.

use std::cell::RefCell;
use std::sync::Arc;

use super::arena::{Arena, ArenaView};
use super::bound;
use super::bytewise::{ByteGauge, Bytes, LiftedGauge};
use super::floatwise::{FloatGauge, LiftedFloats};
use super::measure::Measure;
use super::neighbour::Near;
use super::rows::RowsView;
use super::ruler::{Gauge, Job, Probe, Ruler};
use super::threads::Threads;
use super::tile::CodedRows;
use crate::metric::bytes::{Products, Task, dispatch};
use crate::metric::{Codec, Coded, Distance};

/// The writer's end.
#[derive(Debug, Default)]
pub(super) struct Codes {
    measure: Arc<Measure>,
    bytes: Arena<u8>,
    norms: Arena<i32>,
    residuals: Arena<f32>,
    /// Coded rows whose codes are not the row itself.
    inexact: usize,
}

/// Some rows' codes, on their way to [`Codes`].
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    coded: Vec<Coded>,
}

/// Rows that one thread codes at once.
const CHUNK: usize = 256;

impl Codes {
    /// No codes of this kind yet, and room for those of `rows` rows.
    pub(super) fn new(measure: Measure, rows: usize) -> Self {
        let (stride, rows) = match &measure {
            Measure::Floats { .. } => (0, 0),
            Measure::Bytes { codec, .. } => (codec.stride(), rows),
        };
        Self {
            measure: Arc::new(measure),
            bytes: Arena::with_capacity(rows * stride),
            norms: Arena::with_capacity(rows),
            residuals: Arena::with_capacity(rows),
            inexact: 0,
        }
    }

    pub(super) fn measure(&self) -> &Measure {
        &self.measure
    }

    /// Whether rows are coded at all.
    pub(super) fn is_coding(&self) -> bool {
        matches!(*self.measure, Measure::Bytes { .. })
    }

    /// Rows coded; always 0 where rows are measured as they are.
    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    /// Codes rows up to `end`, of those after the last coded one; nothing where rows are measured as they are.
    pub(super) fn extend(&mut self, rows: &RowsView, end: usize, threads: Threads) {
        let Measure::Bytes { codec, .. } = &*self.measure else { return };
        let starts: Vec<usize> = (self.len()..end).step_by(CHUNK).collect();
        let code = |&from: &usize| chunk(codec, rows, from..end.min(from + CHUNK));
        // Few at a time: they stand in memory twice until they are pushed.
        for Chunk { bytes, coded } in
            starts.chunks(4 * threads.count()).flat_map(|few| threads.map(few, code))
        {
            self.bytes.push_slice(&bytes);
            for Coded { norm, residual } in coded {
                self.norms.push(norm);
                self.residuals.push(residual);
                self.inexact += usize::from(residual != 0.0);
            }
        }
    }

    pub(super) fn view(&self) -> CodesView {
        CodesView {
            measure: Arc::clone(&self.measure),
            bytes: self.bytes.view(),
            norms: self.norms.view(),
            residuals: self.residuals.view(),
            is_exact: self.inexact == 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity_bytes() + self.norms.capacity_bytes() + self.residuals.capacity_bytes()
    }
}

fn chunk(codec: &Codec, rows: &RowsView, slots: std::ops::Range<usize>) -> Chunk {
    let stride = codec.stride();
    let mut bytes = vec![0; slots.len() * stride];
    let coded = slots
        .zip(bytes.chunks_exact_mut(stride))
        .map(|(slot, out)| bound::code(codec, rows, slot as u32, out))
        .collect();
    Chunk { bytes, coded }
}

/// A reader's end. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct CodesView {
    measure: Arc<Measure>,
    bytes: ArenaView<u8>,
    norms: ArenaView<i32>,
    residuals: ArenaView<f32>,
    is_exact: bool,
}

impl CodesView {
    pub(super) fn measure(&self) -> &Measure {
        &self.measure
    }

    /// Rows below this are coded.
    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    /// The slots a ruler of these measures lie below this.
    pub(super) fn bound(&self, rows: &RowsView) -> usize {
        match *self.measure {
            Measure::Floats { .. } => rows.len(),
            Measure::Bytes { .. } => self.len(),
        }
    }

    /// Whether all codes are the rows themselves.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Runs `job` with the gauge of these rows.
    #[inline]
    pub(super) fn measure_rows<J: Job>(&self, rows: &RowsView, job: J) -> J::Output {
        let space = rows.space();
        let is_dot = space.distance() == Distance::Dot;
        match *self.measure {
            Measure::Floats { roof } if is_dot => job.run(LiftedFloats { level: FloatGauge { rows }, roof }),
            Measure::Floats { .. } => job.run(FloatGauge { rows }),
            Measure::Bytes { ref codec, roof } => {
                let bytes = self.coded(codec);
                let roof = is_dot.then_some(roof);
                dispatch(space.kernels().isa(), BetweenRows { bytes, roof, job })
            }
        }
    }

    /// The codes and what they are worth; `None` where rows are measured as they are.
    pub(super) fn coded_rows(&self, rows: &RowsView) -> Option<(&Codec, CodedRows<'_>)> {
        let Measure::Bytes { codec, .. } = &*self.measure else { return None };
        let is_dot = rows.space().distance() == Distance::Dot;
        Some((codec, CodedRows { bytes: self.coded(codec), residuals: &self.residuals, is_dot }))
    }

    pub(super) fn coded(&self, codec: &Codec) -> Bytes<'_> {
        Bytes { stride: codec.stride(), rows: &self.bytes, norms: &self.norms }
    }
}

struct BetweenRows<'a, J> {
    bytes: Bytes<'a>,
    /// Under dot.
    roof: Option<i32>,
    job: J,
}

impl<J: Job> Task for BetweenRows<'_, J> {
    type Output = J::Output;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> J::Output {
        let Self { bytes, roof, job } = self;
        let level = ByteGauge { products, bytes };
        match roof {
            None => job.run(level),
            Some(roof) => job.run(LiftedGauge { level, roof }),
        }
    }
}

/// The key of two rows, where no ruler stands at either.
pub(super) struct Key(pub(super) u32, pub(super) u32);

impl Job for Key {
    type Output = u32;

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) -> u32 {
        PROBE.with_borrow_mut(|probe| gauge.at(self.0, probe).key(self.1))
    }
}

/// Slots with their keys from a row.
pub(super) struct KeysFrom<I>(pub(super) u32, pub(super) I);

impl<I: Iterator<Item = u32>> Job for KeysFrom<I> {
    type Output = Vec<Near>;

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) -> Vec<Near> {
        PROBE.with_borrow_mut(|probe| {
            let ruler = gauge.at(self.0, probe);
            self.1.map(|slot| Near { key: ruler.key(slot), slot }).collect()
        })
    }
}

/// The squares of the distances from a row to others, as far as the graph sees them.
pub(super) struct Squares<'a> {
    pub(super) slot: u32,
    pub(super) others: &'a [u32],
}

impl Job for Squares<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<G: Gauge>(self, gauge: G) -> Vec<f32> {
        PROBE.with_borrow_mut(|probe| {
            let ruler = gauge.at(self.slot, probe);
            self.others.iter().map(|&other| gauge.square(ruler.key(other))).collect()
        })
    }
}

thread_local! {
    /// So that a few keys cost no allocation.
    static PROBE: RefCell<Probe> = RefCell::default();
}
