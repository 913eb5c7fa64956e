//! Telling from the calls of a process what has happened to it.

use vectord::frame::{self, Frame};
use vectord::store::{Put, Store};

use super::batch::number_of;
use super::call::{Answer, Call};
use super::counts::Event;
use super::journal::Content;
use super::turnstile::ProcessId;
use super::world::World;

/// A writer and its number for a batch.
type BatchId = ([u8; 16], u64);

struct Sent {
    seq: u64,
    bytes: Vec<u8>,
}

/// What was seen of a process, to tell what happens to it.
#[derive(Default)]
pub struct Seen {
    /// The entry it put or got last, while it has only looked at floors since; and whether it put it.
    at: Option<(u64, bool)>,
    /// The entry it sent last.
    sent: Option<Sent>,
    /// The batch whose place was taken.
    taken: Option<BatchId>,
}

impl World {
    /// Tells from the calls of a process what has happened to it.
    pub(super) fn observe(&mut self, process: ProcessId, call: &Call, answer: &Answer) {
        let seen = self.seen.entry(process).or_default();
        match (call, answer) {
            (Call::Put(key, bytes), Answer::Put(put)) => {
                let Some(frame::Key::Log { seq, .. }) = frame::parse_key(key.as_str()) else {
                    seen.at = None;
                    return;
                };
                seen.at = Some((seq, true));
                let header = frame::decode_header(bytes).expect("an entry of ours");
                let batch = (header.writer_id, header.writer_batch);
                let there = self.objects.get(key).expect("memory answers");
                if matches!(put, Put::Exists) && there.as_ref() == Some(bytes) {
                    self.counts.note(Event::LostAnswer);
                } else if matches!(put, Put::Exists) && there.is_some() {
                    self.counts.note(Event::Taken);
                    seen.taken = Some(batch);
                } else if seen.taken == Some(batch) && seen.sent.as_ref().is_some_and(|sent| sent.seq < seq) {
                    self.counts.note(Event::Rebase);
                    let before = seen.sent.as_ref().and_then(|sent| passed(&sent.bytes));
                    if before.is_some() && before != passed(bytes) {
                        self.counts.note(Event::PassedAgain);
                    }
                    seen.taken = None;
                }
                seen.sent = Some(Sent { seq, bytes: bytes.clone() });
            }
            (Call::Get(key), Answer::Get(Ok(found))) => match frame::parse_key(key.as_str()) {
                Some(frame::Key::Log { seq, .. }) => {
                    let sent_there = seen.sent.as_ref().is_some_and(|sent| sent.seq == seq);
                    seen.at = Some((seq, sent_there));
                    if found.is_some() && found.as_ref() == seen.sent.as_ref().map(|sent| &sent.bytes) {
                        self.counts.note(Event::LostAnswer);
                    }
                }
                Some(frame::Key::Floor { .. }) => {
                    let floor = found.as_deref().and_then(|bytes| frame::decode_floor(bytes).ok());
                    if let (Some(floor), Some((at, put))) = (floor, seen.at)
                        && floor.floor_seq >= at
                    {
                        self.counts.note(if put { Event::OvertakenWriting } else { Event::OvertakenReading });
                        seen.at = None;
                    }
                }
                _ => seen.at = None,
            },
            (Call::List { .. } | Call::Delete(_), _) => seen.at = None,
            _ => {}
        }
    }
}

/// What the first write of an entry deletes by a filter.
fn passed(entry: &[u8]) -> Option<Vec<String>> {
    let (_, ops) = frame::decode_entry(entry).expect("an entry of ours");
    match &ops.first()?.frame {
        Frame::Delete(ids) => {
            let ids: Vec<String> = ids.iter().map(str::to_owned).collect();
            number_of(&Content::Ids(ids.clone())).is_none().then_some(ids)
        }
        Frame::Upsert(_) | Frame::SetMetadata(_) | Frame::Create(_) | Frame::Drop | Frame::Compact => None,
    }
}
