//! What the entries of a log do to an index that may not be there: made, written, ended, made again.
//!
//! Whether an entry counts at all is the log's to say; here it does.

use super::convert;
use crate::error::{Error, Result};
use crate::frame::{Frame, Header, Op};
use crate::index::{Index, Params};
use crate::log::Outcome;

/// The state while a log is replayed.
#[derive(Default)]
pub(super) struct Replay {
    pub(super) index: Option<(Params, Index)>,
    /// The parameters of an index that the entries so far ended.
    pub(super) dropped: Option<Params>,
}

impl Replay {
    pub(super) fn apply(&mut self, header: &Header, ops: &[Op<'_>]) -> Result<Vec<Outcome>> {
        match (ops, &self.index) {
            ([Op { frame: Frame::Create(params), .. }], None) => {
                let params = convert::params_from_frame(params)?;
                self.index = Some((params, Index::new(params, header.seq)?));
                self.dropped = None;
                Ok(vec![Outcome::default()])
            }
            ([Op { frame: Frame::Drop, .. }], Some(_)) => {
                self.dropped = self.index.take().map(|(params, _)| params);
                Ok(vec![Outcome::default()])
            }
            (ops, Some((params, index))) => {
                convert::check(params, ops)?;
                Ok(convert::apply(index, header.seq, ops))
            }
            (_, None) => Err(Error::corrupt("the entry writes to an index that was not created")),
        }
    }
}
