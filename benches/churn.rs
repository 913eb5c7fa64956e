//! What deleting and adding again cost: recall, search time, processor time and resident memory; prints tables.
//!
//! `VECTORD_DATA=DIR cargo bench --bench churn`, where DIR holds `minilm-40k.f16.npy`. Without it nothing runs.
//! Resident memory is that of child processes of this program, one for each row of its table.

mod clock;
mod reading;

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;

use clock::cpu_seconds;
use reading::load;
use vectord::index::{Batch, Index, Operation, Params, SearchOptions};

/// Candidates at which both are compared.
const FIXED: usize = 64;
const QUERIES: usize = 1000;
const K: usize = 10;
const ROUNDS: usize = 10;

fn main() {
    let Some(data) = std::env::var_os("VECTORD_DATA") else {
        println!("skipped: VECTORD_DATA names no directory");
        return;
    };
    let (values, dimension) = load(&Path::new(&data).join("minilm-40k.f16.npy"));
    let (base, queries) = values.split_at(values.len() - QUERIES * dimension);
    let data = Data { base, queries, dimension };
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    match asked.first().map(String::as_str) {
        Some("fresh") => data.report("fresh", Data::fresh),
        Some("churned") => data.report("churned", Data::churned),
        Some(other) => println!("skipped: nothing here is called {other}"),
        None => {
            data.rules();
            data.during_a_compaction();
            println!(
                "\nhalf deleted and as many added, {ROUNDS} times, beside a fresh build of the same rows"
            );
            for what in ["fresh", "churned"] {
                let program = std::env::current_exe().expect("this program has a path");
                let status = Command::new(program).arg(what).status().expect("it can be run again");
                assert!(status.success(), "{what}: {status}");
            }
        }
    }
}

struct Data<'a> {
    base: &'a [f32],
    queries: &'a [f32],
    dimension: usize,
}

/// An index and which of the base's rows are in it, oldest first.
struct Held {
    index: Index,
    seq: u64,
    living: VecDeque<usize>,
}

impl Held {
    fn dead_share(&self) -> f64 {
        let (dead, live) = (self.index.dead() as f64, self.index.len() as f64);
        dead / (dead + live).max(1.0)
    }

    fn compact(&mut self) {
        self.seq += 1;
        self.index.compact(self.seq);
    }

    /// Adds the rows in one entry, and deletes as many of the oldest as `deleted` says.
    fn write(&mut self, data: &Data<'_>, rows: &[usize], deleted: usize) {
        let gone: Vec<String> = self.living.drain(..deleted).map(|row| row.to_string()).collect();
        let ids: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let vectors: Vec<f32> = rows.iter().flat_map(|&row| data.row(row)).copied().collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let batch = Batch { metadata: vec![None; ids.len()], ids, vectors: &vectors };
        self.seq += 1;
        let deleted = Operation::Delete(gone.iter().map(String::as_str).collect());
        self.index.apply(self.seq, &[deleted, Operation::Upsert(batch)]);
        self.living.extend(rows);
    }
}

impl Data<'_> {
    fn len(&self) -> usize {
        self.base.len() / self.dimension
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.base[at * self.dimension..(at + 1) * self.dimension]
    }

    fn empty(&self) -> Held {
        let index =
            Index::new(Params::new(self.dimension as u32), 0).expect("good parameters").with_threads(1);
        Held { index, seq: 0, living: VecDeque::new() }
    }

    /// Recall@10 and microseconds of processor time per query, at `ef` or the index's own.
    fn search(&self, index: &Index, queries: usize, ef: Option<usize>) -> (f64, f64) {
        let (mut hits, mut time) = (0, 0.0);
        for query in self.queries.chunks(self.dimension).take(queries) {
            let clock = cpu_seconds();
            let found =
                index.search(query, &SearchOptions { ef, ..SearchOptions::new(K) }).expect("a good query");
            time += cpu_seconds() - clock;
            let truth = index
                .search(query, &SearchOptions { exact: true, ..SearchOptions::new(K) })
                .expect("a good query");
            hits += found.ids.iter().filter(|id| truth.ids.iter().any(|near| near == *id)).count();
        }
        (hits as f64 / (queries * K) as f64, time * 1e6 / queries as f64)
    }

    /// Rows replaced by others, 100 at a time, with a compaction whenever so many are dead.
    fn rules(&self) {
        let half = self.len() / 2;
        println!("{half} rows, each replaced twice, 100 in an entry, by when they are compacted");
        for part in [2, 3, 5, 8] {
            let mut held = self.empty();
            held.write(self, &(0..half).collect::<Vec<_>>(), 0);
            held.index.attach_all();
            let (mut work, mut count, mut searched, mut bytes) = (0.0, 0, Vec::new(), 0);
            for step in 0..2 * half / 100 {
                let clock = cpu_seconds();
                let rows: Vec<usize> = (0..100).map(|at| (half + step * 100 + at) % self.len()).collect();
                held.write(self, &rows, 100);
                if held.dead_share() * f64::from(part) > 1.0 {
                    held.compact();
                    count += 1;
                }
                held.index.attach_all();
                work += cpu_seconds() - clock;
                bytes = bytes.max(held.index.stats().bytes_memory);
                if step % 20 == 0 {
                    searched.push(self.search(&held.index, 20, None));
                }
            }
            let mean =
                |of: fn(&(f64, f64)) -> f64| searched.iter().map(of).sum::<f64>() / searched.len() as f64;
            println!(
                "more than 1/{part} dead: {count:2} compactions, {:5.0} us per replaced row; \
                 recall@10 {:.4}, {:5.1} us per search, at most {} MB",
                work * 1e6 / (2 * half) as f64,
                mean(|found| found.0),
                mean(|found| found.1),
                bytes >> 20,
            );
        }
    }

    fn during_a_compaction(&self) {
        let mut held = self.churned_once();
        let line = |what: &str, held: &Held| {
            let ((recall, time), stats) = (self.search(&held.index, 200, None), held.index.stats());
            println!(
                "{what:<24} recall@10 {recall:.4}  {time:6.1} us  pending {:6}  tail {:5}  {} MB",
                stats.pending,
                stats.tail,
                stats.bytes_memory >> 20
            );
        };
        println!(
            "\na compaction of {} rows, half of them dead, and 100 rows added at times",
            held.index.len() * 2
        );
        line("before", &held);
        let clock = cpu_seconds();
        held.compact();
        println!("the entry itself took {:.1} ms", (cpu_seconds() - clock) * 1e3);
        line("logged", &held);
        for at in 1.. {
            let is_more = (0..200).all(|_| held.index.attach_some());
            let rows: Vec<usize> = (at * 100..at * 100 + 100).collect();
            held.write(self, &rows, 0);
            line(if is_more { "being built" } else { "built" }, &held);
            if !is_more {
                break;
            }
        }
    }

    fn churned_once(&self) -> Held {
        let mut held = self.empty();
        held.write(self, &(0..self.len()).collect::<Vec<_>>(), 0);
        held.index.attach_all();
        held.write(self, &[], self.len() / 2);
        held
    }

    /// Half of the rows deleted and added again, so that others are the oldest then.
    fn churned(&self) -> Held {
        let mut held = self.churned_once();
        for round in 0..ROUNDS {
            if round > 0 {
                held.write(self, &[], self.len() / 2);
            }
            held.compact();
            let gone: Vec<usize> = {
                let living: std::collections::HashSet<usize> = held.living.iter().copied().collect();
                (0..self.len()).filter(|row| !living.contains(row)).collect()
            };
            for rows in gone.chunks(1000) {
                held.write(self, rows, 0);
                held.index.attach_all();
            }
        }
        held
    }

    fn fresh(&self) -> Held {
        let mut held = self.empty();
        let rows: Vec<usize> = (0..self.len()).collect();
        for rows in rows.chunks(1000) {
            held.write(self, rows, 0);
            held.index.attach_all();
        }
        held
    }

    fn report(&self, what: &str, make: fn(&Self) -> Held) {
        let before = resident();
        let held = make(self);
        let resident = resident() - before;
        let (recall, time) = self.search(&held.index, QUERIES, None);
        let (fixed, _) = self.search(&held.index, QUERIES, Some(FIXED));
        println!(
            "{what:<8} {} rows: recall@10 {recall:.4} at its own ef, {}, {fixed:.4} at {FIXED}; {time:.1} us per search, \
             {} MB by its own count, {} MB resident",
            held.index.len(),
            held.index.ef_search(),
            held.index.stats().bytes_memory >> 20,
            resident >> 10
        );
    }
}

/// Resident memory of this process in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("resident memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number of KiB")
}
