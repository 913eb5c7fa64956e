//! What must be true when all is over: of the log, of every answer, of every read, and of who opens the index next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use vectord::registry::{LiveIndex, StateDigest};

use super::NAME;
use super::batch::number_of;
use super::counts::Event;
use super::journal::{Acknowledged, Content, Digest, Journal, Read, Told};
use super::model::{Applied, Kind, Model};
use super::passing::Passing;
use super::process::fresh;
use super::world::World;

type Verdict = Result<(), String>;

/// Checks everything; the first that does not hold is the verdict.
pub fn judge(world: &Arc<Mutex<World>>, journal: &Journal, blob: Option<&[u8]>) -> Verdict {
    if let Some(broken) = &journal.broken {
        return Err(broken.clone());
    }
    let log = world.lock().unwrap().log.clone();
    let model = replay(world, &log, journal, blob.map_or_else(Model::default, Model::adopted))?;
    let first = opened(world, &model)?;
    let second = opened(world, &model)?;
    if first != second {
        return Err(format!("two processes that opened the same index hold {first:?} and {second:?}"));
    }
    // Where a snapshot is written now, by whoever is at an entry, its bytes are the same.
    let mut digests: BTreeMap<u64, &str> = BTreeMap::from([(first.seq, &*first.digest)]);
    for Digest { seq, digest } in &journal.digests {
        if *digests.entry(*seq).or_insert(digest) != digest {
            return Err(format!("processes at entry {seq} hold different states"));
        }
    }
    Ok(())
}

/// Applies the log in order, and holds each answer and each read against the state it speaks of.
fn replay(
    world: &Arc<Mutex<World>>,
    log: &[Vec<u8>],
    journal: &Journal,
    mut model: Model,
) -> Result<Model, String> {
    let mut reads: BTreeMap<u64, Vec<&Read>> = BTreeMap::new();
    for read in &journal.reads {
        reads.entry(read.seq).or_default().push(read);
    }
    let mut found: BTreeMap<u64, Vec<(u64, Applied)>> = BTreeMap::new();
    let mut passed: Vec<(u64, Applied)> = Vec::new();
    let mut empty = empty_deletes(journal);
    let mut created = u64::from(model.index.is_some());
    let mut hold = |model: &Model| -> Verdict {
        for read in reads.remove(&model.seq).into_iter().flatten() {
            read_agrees(read, model)?;
        }
        empty.retain(|(acknowledged, content)| {
            let agrees = acknowledged.length == model.rows.len() && finds_nothing(content, model);
            !(acknowledged.seq == model.seq && agrees)
        });
        Ok(())
    };
    hold(&model)?;
    for (at, bytes) in log.iter().enumerate() {
        let (kind, batches) = model.apply(bytes).map_err(|error| format!("entry {}: {error}", at + 1))?;
        let counts = &mut world.lock().unwrap().counts;
        match kind {
            Kind::Batches if batches.len() > 1 => counts.note(Event::Group),
            Kind::Create => {
                created += 1;
                if created > 1 {
                    counts.note(Event::CreatedAgain);
                }
            }
            Kind::Drop => counts.note(Event::Dropped),
            Kind::Compact => counts.note(Event::Compaction),
            Kind::Batches => {}
        }
        for batch in batches {
            if batch.before.is_some() {
                counts.note(Event::DeletedPassing);
                passed.push((model.seq, batch));
                continue;
            }
            let number = number_of(&batch.content).filter(|number| journal.sent.contains_key(number));
            let number =
                number.ok_or_else(|| format!("entry {} holds what nobody sent: {batch:?}", model.seq))?;
            found.entry(number).or_default().push((model.seq, batch));
        }
        hold(&model)?;
    }
    if let Some((seq, _)) = reads.first_key_value() {
        return Err(format!("a search saw entry {seq}, the log ends at {}", model.seq));
    }
    for (number, seq, batch) in attributed(passed, journal)? {
        found.entry(number).or_default().push((seq, batch));
    }
    each_batch_once(&found, journal, &empty, model.index.map_or(0, |(generation, _)| generation))?;
    reads_go_forward(journal)?;
    Ok(model)
}

/// Deletes that were acknowledged as finding nothing; they need no entry.
fn empty_deletes(journal: &Journal) -> Vec<(Acknowledged, &Content)> {
    let mut empty = Vec::new();
    for sent in journal.sent.values() {
        if let ([Told::Acknowledged(acknowledged)], Some(content @ (Content::Ids(_) | Content::Passing(_)))) =
            (&*sent.told, sent.contents.values().next())
            && acknowledged.count == 0
        {
            empty.push((*acknowledged, content));
        }
    }
    empty
}

fn finds_nothing(deleted: &Content, model: &Model) -> bool {
    match deleted {
        Content::Ids(ids) => !ids.iter().any(|id| model.rows.contains_key(id)),
        Content::Passing(passing) => {
            !model.rows.iter().any(|(id, (_, text))| passing.passes(id, text.as_deref()))
        }
        Content::Rows(_) | Content::Metadata(_) => false,
    }
}

/// Finds for each deletion by a filter the batch it is: one whose filter passes exactly these rows in the state
/// before. An acknowledgement names the entry, unless nothing passed; of the others several may fit.
fn attributed(passed: Vec<(u64, Applied)>, journal: &Journal) -> Result<Vec<(u64, u64, Applied)>, String> {
    let mut sent: Vec<(u64, &Passing, Option<&Told>)> = Vec::new();
    for (number, sent_once) in &journal.sent {
        if let Some(Content::Passing(passing)) = sent_once.contents.values().next() {
            sent.push((*number, passing, sent_once.told.first()));
        }
    }
    // Who was told that nothing was written is tried last.
    sent.sort_by_key(|(_, _, told)| matches!(told, Some(Told::Refused(_))));
    let fits = |(seq, applied): &(u64, Applied)| -> Vec<u64> {
        let is_here = |told: Option<&Told>| match told {
            Some(Told::Acknowledged(Acknowledged { seq: there, count, .. })) => there == seq && *count > 0,
            Some(Told::Nothing | Told::Flushed | Told::Refused(_) | Told::Unknown) | None => false,
        };
        let is_anywhere = |told: Option<&Told>| !matches!(told, Some(Told::Acknowledged(_)));
        let acknowledged = sent.iter().any(|(_, _, told)| is_here(*told));
        let fitting = sent.iter().filter(|(_, passing, told)| {
            (if acknowledged { is_here(*told) } else { is_anywhere(*told) }) && deletes(passing, applied)
        });
        fitting.map(|(number, _, _)| *number).collect()
    };
    let choices: Vec<Vec<u64>> = passed.iter().map(fits).collect();
    let mut chosen = Vec::new();
    if !choose(&choices, &mut chosen) {
        let entries: Vec<_> = passed.iter().map(|(seq, applied)| (seq, &applied.content)).collect();
        return Err(format!("what filters deleted does not fit what was sent: {entries:?}, {choices:?}"));
    }
    let named = |((seq, applied), number): ((u64, Applied), u64)| {
        let content = journal.sent[&number].contents.values().next().expect("sent with it").clone();
        (number, seq, Applied { content, ..applied })
    };
    Ok(passed.into_iter().zip(chosen).map(named).collect())
}

/// Whether the entry holds exactly the ids that passed before it.
fn deletes(passing: &Passing, applied: &Applied) -> bool {
    let (Some(before), Content::Ids(ids)) = (&applied.before, &applied.content) else { return false };
    let wanted: BTreeSet<&String> =
        before.iter().filter(|(id, text)| passing.passes(id, text.as_deref())).map(|(id, _)| id).collect();
    wanted == ids.iter().collect() && wanted.len() == ids.len()
}

/// Chooses one number for each, none twice.
fn choose(choices: &[Vec<u64>], chosen: &mut Vec<u64>) -> bool {
    let Some(fitting) = choices.get(chosen.len()) else { return true };
    for number in fitting {
        if !chosen.contains(number) {
            chosen.push(*number);
            if choose(choices, chosen) {
                return true;
            }
            chosen.pop();
        }
    }
    false
}

fn each_batch_once(
    found: &BTreeMap<u64, Vec<(u64, Applied)>>,
    journal: &Journal,
    empty: &[(Acknowledged, &Content)],
    alive: u64,
) -> Verdict {
    for (number, sent) in &journal.sent {
        let none = Vec::new();
        let there = found.get(number).unwrap_or(&none);
        let seqs: Vec<u64> = there.iter().map(|(seq, _)| *seq).collect();
        for (seq, applied) in there {
            if sent.contents.get(&applied.dimension).or(sent.contents.values().next())
                != Some(&applied.content)
                || applied.key.is_some() != sent.keyed
            {
                return Err(format!("entry {seq} holds batch {number} otherwise than it was sent"));
            }
        }
        let generations: BTreeSet<u64> = there.iter().map(|(_, applied)| applied.generation).collect();
        if generations.len() < there.len() || (!sent.keyed && there.len() > 1) {
            return Err(format!("batch {number} is there {} times, at {seqs:?}", there.len()));
        }
        // Told that the index was deleted, a sender knows all: what is there went with the index.
        let refused = sent.told.iter().all(|told| matches!(told, Told::Refused(_)));
        let gone =
            |told: &Told| matches!(told, Told::Refused(error) if error.message().contains("was deleted"));
        let counts = !sent.told.iter().any(gone) || generations.contains(&alive);
        if refused && counts && !there.is_empty() {
            return Err(format!("batch {number} was refused, and stands at {seqs:?}: {:?}", sent.told));
        }
        if sent.told.iter().any(|told| matches!(told, Told::Flushed)) && there.is_empty() {
            return Err(format!("batch {number} was flushed, and is not there"));
        }
        for told in &sent.told {
            let Told::Acknowledged(acknowledged) = told else { continue };
            let Some((_, applied)) = there.iter().find(|(seq, _)| *seq == acknowledged.seq) else {
                let nothing = there.is_empty() && acknowledged.count == 0;
                if nothing && !empty.iter().any(|(empty, _)| empty == acknowledged) {
                    continue;
                }
                return Err(format!(
                    "batch {number} was acknowledged as {acknowledged:?}, and stands at {seqs:?}"
                ));
            };
            if (applied.count, applied.length) != (acknowledged.count, acknowledged.length) {
                return Err(format!(
                    "batch {number} was acknowledged as {acknowledged:?}, and did {} of {} rows",
                    applied.count, applied.length
                ));
            }
        }
    }
    Ok(())
}

fn read_agrees(read: &Read, model: &Model) -> Verdict {
    let same = read.rows.len() == model.rows.len()
        && read
            .rows
            .iter()
            .zip(&model.rows)
            .all(|((id, text), (other, (_, there)))| id == other && text == there);
    if same {
        return Ok(());
    }
    Err(format!("{:?} saw at entry {}: {:?}, there is {:?}", read.process, read.seq, read.rows, model.rows))
}

/// No process sees less than it saw before, and a strong read what was acknowledged before it began.
fn reads_go_forward(journal: &Journal) -> Verdict {
    let mut newest = BTreeMap::new();
    for read in &journal.reads {
        let before = newest.insert(read.process, read.seq).unwrap_or(0);
        if read.seq < before {
            return Err(format!("{:?} saw entry {before} and then {}", read.process, read.seq));
        }
        if let Some(at_least) = read.at_least.filter(|at_least| *at_least > read.seq) {
            return Err(format!(
                "{:?} read at {}, entry {at_least} was acknowledged before",
                read.process, read.seq
            ));
        }
    }
    Ok(())
}

/// Opens the index as a new process and holds all of it against the model; returns what two must agree on.
fn opened(world: &Arc<Mutex<World>>, model: &Model) -> Result<Digest, String> {
    let registry = fresh(world);
    let live = registry.get(NAME).map_err(|error| format!("nobody can open the index: {error}"))?;
    agrees(&live, model).map_err(|error| format!("opened anew: {error}"))?;
    let StateDigest { seq, digest } = live.digest().map_err(|error| error.to_string())?;
    Ok(Digest { seq, digest })
}

fn agrees(live: &LiveIndex, model: &Model) -> Verdict {
    let text = |error: vectord::error::Error| error.to_string();
    if let Some(halted) = live.halted().map_err(text)? {
        return Err(format!("it is halted: {halted}"));
    }
    let broken = live.validate().map_err(text)?;
    let (seq, length) = (live.seq().map_err(text)?, live.len().map_err(text)?);
    if !broken.is_empty() || (seq, length) != (model.seq, model.rows.len()) {
        return Err(format!(
            "entry {seq} and {length} rows, the log has {} and {}; {broken:?}",
            model.seq,
            model.rows.len()
        ));
    }
    let ids: Vec<&str> = model.rows.keys().map(String::as_str).collect();
    let there = live.get(&ids).map_err(text)?;
    for ((id, (bits, metadata)), row) in model.rows.iter().zip(there) {
        let row = row.ok_or_else(|| format!("{id} is missing"))?;
        let same = row.vector.iter().map(|value| value.to_bits()).eq(bits.iter().copied());
        if !same || row.metadata.as_deref() != metadata.as_deref() {
            return Err(format!("{id} is {row:?}, not {metadata:?}"));
        }
    }
    Ok(())
}
