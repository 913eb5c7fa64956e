//! Keeps the house in order: layers, opening comments, contents pages, sizes, left-overs, links.
//!
//! Each rule is a function from one file's text to its complaints, so that the tests at the end can show
//! that it does complain. The rules read text, not syntax trees: comments and literals are blanked first
//! (`code`), which is all they need.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may mention whom: a layer, and what it may reach through `crate::` beside itself and `error`.
/// An entry with `::` allows that item alone.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("metric", &[]),
    ("graph", &["metric"]),
    ("index", &["graph", "metric"]),
    ("http_client", &[]),
    ("store", &["http_client"]),
    ("frame", &[]),
    ("log", &["frame", "store"]),
    // `metric` is not here: `index` re-exports `Distance`, the one word of it that a name's parameters need.
    ("registry", &["index", "log", "store", "frame"]),
    // `index` for the plain values that a service and an index in this process have in common.
    ("client", &["frame", "http_client", "index"]),
    // `index` for the types of a row and of a search; `store` because `vectord storaged` serves one; `frame` for the
    // binary answers.
    ("server", &["registry", "index", "store", "frame"]),
    ("python", &["registry", "client", "index", "cli::run", "server::Running"]),
    ("cli", &["server", "registry", "store"]),
    ("main", &["cli"]),
];

/// A word that may stand only under the given paths of src/.
const ONLY_UNDER: &[(&str, &[&str])] = &[
    ("unsafe", &["metric/", "graph/", "store/map.rs"]),
    ("pyo3", &["python/"]),
    ("numpy", &["python/array.rs"]),
    ("axum", &["server/"]),
];

/// A word that may not stand under the given paths of src/.
const NEVER_UNDER: &[(&str, &[&str])] =
    &[("tokio", &["metric/", "graph/", "index/", "store/", "frame/", "log/", "registry/"])];

/// Source files over [`LONGEST`] lines, each with its own limit and the reason; paths as in `walk`.
const LONGER: &[(&str, usize, &str)] = &[
    (
        "python/index.rs",
        700,
        "a class has one block of methods, and more than half of this one is docstrings",
    ),
    ("vectord/_vectord.pyi", 420, "a module has one stub"),
];
const LONGEST: usize = 300;

/// What is left behind by unfinished work, and paths that exist on one machine only.
/// In pieces, since this file is searched too.
const LEFT_OVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

/// `source` with comments, strings and characters blanked; lines stay where they are.
fn code(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut kept = vec![b' '; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest, at == 0 || !word(bytes[at - 1])) {
            length
        } else {
            kept[at] = if bytes[at].is_ascii() { bytes[at] } else { b' ' };
            at += rest.chars().next().expect("at is inside the text").len_utf8();
            continue;
        };
        at += length;
    }
    for (blank, byte) in kept.iter_mut().zip(bytes) {
        if *byte == b'\n' {
            *blank = b'\n';
        }
    }
    String::from_utf8(kept).expect("only ASCII is kept")
}

/// The length of the string or character literal that `rest` begins with; `r` opens one only where a word begins.
fn literal(rest: &str, word_begins: bool) -> Option<usize> {
    if word_begins && rest.starts_with('r') {
        let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
        if rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            return Some(rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len()));
        }
    }
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut inner = rest.char_indices().skip(1);
    if quote == '\'' {
        // 'a' and '\n' are characters, 'a is a lifetime.
        let (_, first) = inner.next()?;
        let (end, second) = inner.next()?;
        if first != '\\' {
            return (second == '\'').then_some(end + 1);
        }
    }
    let mut escaped = false;
    for (place, character) in inner {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Some(place + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The layer a path under src/ belongs to: `graph/arena.rs` and `graph.rs` are `graph`.
fn layer(path: &str) -> &str {
    path.split('/').next().expect("split yields at least one").trim_end_matches(".rs")
}

/// Every path that `code` reaches from the crate's root, use-groups expanded: `error::Error`, `store::Key`.
fn crate_paths(path: &str, code: &str) -> Vec<String> {
    // The binary sees the library under its own name; `super::super` may reach the root too, and says so by its next word.
    let roots: &[&str] = if path == "main.rs" { &["vectord::"] } else { &["crate::", "super::super::"] };
    let mut paths = Vec::new();
    for root in roots {
        for (at, _) in code.match_indices(root) {
            if at == 0 || !word(code.as_bytes()[at - 1]) {
                tree(&code[at + root.len()..], "", &mut paths);
            }
        }
    }
    paths.retain(|path| LAYERS.iter().any(|(name, _)| *name == layer(&path.replace("::", "/"))));
    paths
}

/// Reads one use-tree (or a path in an expression) and returns the text after it.
fn tree<'a>(text: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with('}') {
                return rest.get(1..).unwrap_or("");
            }
            let before = rest.len();
            rest = tree(rest, prefix, paths).trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.len() == before {
                return rest;
            }
        }
    }
    let end = text.bytes().take_while(|byte| word(*byte)).count();
    let path = format!("{prefix}{}", &text[..end]);
    match text[end..].trim_start().strip_prefix("::") {
        Some(rest) if !rest.trim_start().starts_with('<') => tree(rest, &format!("{path}::"), paths),
        _ => {
            paths.push(path);
            let rest = &text[end..];
            let renamed = rest.trim_start().strip_prefix("as ").map(str::trim_start);
            renamed.map_or(rest, |name| name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'))
        }
    }
}

fn layering(path: &str, source: &str) -> Vec<String> {
    let own = layer(path);
    if own == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return vec![format!("`{own}` is no layer: add it to LAYERS and to ARCHITECTURE.md")];
    };
    let mut bad = crate_paths(path, &code(source));
    bad.retain(|reached| {
        let to = reached.split("::").next().expect("split yields at least one");
        let listed =
            allowed.iter().any(|entry| reached == entry || reached.starts_with(&format!("{entry}::")));
        to != own && to != "error" && !listed
    });
    bad.iter().map(|reached| format!("`{own}` may not mention `crate::{reached}`")).collect()
}

fn words_in_their_place(path: &str, source: &str) -> Vec<String> {
    let code = code(source);
    let stands =
        |name: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == name);
    let under = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    let only = ONLY_UNDER.iter().filter(|(name, places)| !under(places) && stands(name));
    let never = NEVER_UNDER.iter().filter(|(name, places)| under(places) && stands(name));
    only.chain(never).map(|(name, _)| format!("`{name}` may not stand here")).collect()
}

/// Two to ten lines of `//!`, an example not counted; one will do on a contents page.
fn opening(path: &str, source: &str) -> Vec<String> {
    let mut example = false;
    let told = |line: &&str| {
        let fence = line.starts_with("//! ```");
        example ^= fence;
        !example && !fence
    };
    let lines = source.lines().take_while(|line| line.starts_with("//!")).filter(told).count();
    let least = if contents_page(path) || path == "main.rs" { 1 } else { 2 };
    let good = (least..=10).contains(&lines);
    if good { Vec::new() } else { vec![format!("opens with {lines} lines of //!, not {least} to 10")] }
}

fn contents_page(path: &str) -> bool {
    path == "lib.rs" || path.ends_with("/mod.rs")
}

/// A contents page holds modules, re-exports and attributes; logic has a file of its own.
fn contents(path: &str, source: &str) -> Vec<String> {
    if !contents_page(path) {
        return Vec::new();
    }
    let code: String = code(source)
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    let item = |text: &str| {
        let text = text.trim_start_matches("pub").trim_start();
        let text =
            text.strip_prefix('(').and_then(|inner| inner.split_once(')')).map_or(text, |(_, rest)| rest);
        let text = text.trim_start();
        text.is_empty() || ["mod ", "use ", "compile_error!"].iter().any(|start| text.starts_with(start))
    };
    let bad = code.split(';').map(str::trim).find(|text| !item(text));
    bad.map(|text| format!("a contents page holds logic: {}", text.lines().next().unwrap_or("")))
        .into_iter()
        .collect()
}

fn size(path: &str, source: &str) -> Vec<String> {
    let longest = LONGER.iter().find(|(file, ..)| *file == path).map_or(LONGEST, |(_, lines, _)| *lines);
    let lines = source.lines().count();
    if lines <= longest { Vec::new() } else { vec![format!("{lines} lines, more than {longest}")] }
}

fn left_overs(_: &str, source: &str) -> Vec<String> {
    LEFT_OVERS.iter().filter(|text| source.contains(**text)).map(|text| format!("holds `{text}`")).collect()
}

/// Links of a document to files of ours, without their anchors.
fn links(source: &str) -> Vec<&str> {
    let targets = source.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|file| !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:")).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files under `folder` (or at the root, for "") with one of these extensions, as paths from `folder`.
fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let top = root().join(folder);
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![top.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("a listed entry can be read").path();
            if path.is_dir() {
                // At the root only the documents count: each folder is walked under its own name.
                if !folder.is_empty() {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ext| extensions.iter().any(|want| ext == *want)) {
                found.push(path);
            }
        }
    }
    found.sort();
    let name = |path: &Path| path.strip_prefix(&top).expect("found below top").display().to_string();
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("a text file"))).collect()
}

type Rule = fn(&str, &str) -> Vec<String>;

/// Applies `rules` to the files, and panics with every complaint at once.
fn walk(folder: &str, extensions: &[&str], rules: &[Rule]) {
    let files = files(folder, extensions);
    let complain = |(path, source): &(String, String)| -> Vec<String> {
        let all = rules.iter().flat_map(|rule| rule(path, source));
        all.map(|complaint| format!("{folder}/{path}: {complaint}")).collect()
    };
    let complaints: Vec<_> = files.iter().flat_map(complain).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn the_source_keeps_its_layers_and_its_form() {
    assert!(files("src", &["rs"]).len() > 10, "src/ was not found");
    walk("src", &["rs"], &[layering, words_in_their_place, opening, contents, size, left_overs]);
}

#[test]
fn nothing_is_left_over_outside_the_source() {
    walk("python", &["py", "pyi"], &[size, left_overs]);
    for folder in ["", "tests", "benches", "notebooks", ".ci"] {
        walk(folder, &["rs", "py", "sh", "md", "toml", "ipynb"], &[left_overs]);
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for folder in ["", "tests", "benches"] {
        for (path, source) in files(folder, &["md"]) {
            let here = root().join(folder).join(&path);
            for link in links(&source) {
                let target = here.parent().expect("a file has a folder").join(link);
                assert!(target.exists(), "{folder}/{path} links to {link}, which does not exist");
            }
        }
    }
}

#[test]
fn the_layer_table_has_no_cycle() {
    fn below(name: &str, depth: usize) {
        assert!(depth < LAYERS.len(), "{name} stands on itself");
        let (_, allowed) = LAYERS.iter().find(|(layer, _)| *layer == name).expect("every entry is a layer");
        allowed.iter().for_each(|entry| below(entry.split("::").next().expect("one at least"), depth + 1));
    }
    for (name, _) in LAYERS {
        below(name, 0);
    }
}

#[test]
fn each_rule_complains_about_what_it_is_for() {
    let bad: &[(Rule, &str, &str)] = &[
        (layering, "metric/cosine.rs", "use crate::graph::Slot;"),
        (layering, "graph/search.rs", "use crate::{error::Error, metric::Metric, store::Key};"),
        (layering, "index/apply.rs", "fn f() { let k = crate::log::Entry::new(); }"),
        (layering, "frame/lhl1.rs", "use super::super::store::Key;"),
        (layering, "python/server.rs", "use crate::server::{routes::add, serve};"),
        (layering, "main.rs", "fn main() { vectord::server::serve() }"),
        (layering, "helpers/mod.rs", ""),
        (words_in_their_place, "index/search.rs", "fn f() { unsafe { g() } }"),
        (words_in_their_place, "registry/open.rs", "tokio::spawn(async {});"),
        (words_in_their_place, "python/index.rs", "use numpy::PyArray1;"),
        (words_in_their_place, "cli/serve.rs", "axum::Router::new()"),
        (opening, "log/append.rs", "//! One line.\nuse std::fs;"),
        (opening, "log/mod.rs", "pub mod append;"),
        (contents, "log/mod.rs", "//! x\npub use append::append;\nfn helper() {}"),
        (contents, "lib.rs", "const X: u32 = 1;"),
        (size, "log/append.rs", &"\n".repeat(LONGEST + 1)),
        (left_overs, "log/append.rs", concat!("// TO", "DO: later")),
        (left_overs, "log/append.rs", concat!("open(\"/ho", "me/me/x\")")),
    ];
    for (rule, path, source) in bad {
        assert!(!rule(path, source).is_empty(), "no complaint about {path}: {source:.60}");
    }
}

#[test]
fn no_rule_complains_about_what_is_allowed() {
    let good: &[(Rule, &str, &str)] = &[
        (
            layering,
            "log/append.rs",
            "use crate::{error::{Error, Result}, frame::{lhl1 as l, Entry}, store::*};",
        ),
        (layering, "python/server.rs", "crate::server::Running::start(); crate::cli::run();"),
        (
            layering,
            "metric/cosine.rs",
            "// crate::graph\nconst S: &str = \"crate::graph::x\"; use super::super::Norm;",
        ),
        (layering, "main.rs", "fn main() { std::process::exit(vectord::cli::run(std::env::args_os())) }"),
        (
            words_in_their_place,
            "index/search.rs",
            "#![forbid(unsafe_code)] // unsafe\nlet r = r#\"unsafe \"\"#; let c = '\"';",
        ),
        (words_in_their_place, "index/search.rs", "fn f<'a>(x: &'a str) -> char { '\\'' } /* unsafe */"),
        (words_in_their_place, "server/serve.rs", "tokio::spawn(axum::serve())"),
        (opening, "log/append.rs", "//! One.\n//! Two.\n"),
        (
            contents,
            "log/mod.rs",
            "//! x\n#[cfg(test)]\nmod tests;\npub(crate) use append::{a, b};\npub mod c;",
        ),
        (contents, "log/append.rs", "fn f() {}"),
    ];
    for (rule, path, source) in good {
        assert_eq!(rule(path, source), Vec::<String>::new(), "{path}: {source}");
    }
    assert_eq!(links("[a](x.md#y) [b](https://z) ![c](d.png) [e](#f)"), ["x.md", "d.png"]);
}
