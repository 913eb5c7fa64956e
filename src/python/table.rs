//! Small tables for `repr`, as text and as HTML: a caption and the first rows.
//!
//! Everything that came from outside is escaped; long cells are cut.

use std::fmt::Write;

/// Rows shown.
const ROWS: usize = 10;
/// Characters shown of a cell.
const CELL: usize = 60;

pub(super) struct Table {
    class: &'static str,
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    more: usize,
}

impl Table {
    /// A table of `len` rows, of which `row` gives the cells.
    pub(super) fn new(
        class: &'static str,
        caption: String,
        head: &[&str],
        len: usize,
        row: impl Fn(usize) -> Vec<String>,
    ) -> Self {
        let cut = |cell: String| match cell.char_indices().nth(CELL) {
            Some((end, _)) => format!("{}…", &cell[..end]),
            None => cell,
        };
        let rows = (0..len.min(ROWS)).map(|at| row(at).into_iter().map(cut).collect()).collect();
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Self { class, caption, head, rows, more: len.saturating_sub(ROWS) }
    }

    /// `Class(caption)`, then a line per row.
    pub(super) fn text(&self) -> String {
        let Self { class, caption, head, rows, more } = self;
        let mut text = format!("{class}({caption})");
        let width = |at: usize| {
            let cells = rows.iter().chain([head]).map(|row| row[at].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..head.len()).map(width).collect();
        for row in [head].into_iter().chain(rows).filter(|_| !rows.is_empty()) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str("\n  ");
            text.push_str(line.trim_end());
        }
        if *more > 0 {
            write!(text, "\n  … {more} more").expect("writing to a String cannot fail");
        }
        text
    }

    pub(super) fn html(&self) -> String {
        let Self { class, caption, head, rows, more } = self;
        let cells = |tag: &str, row: &[String]| {
            let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let body: String = rows.iter().map(|row| cells("td", row)).collect();
        let more = if *more > 0 { format!("<p>… {more} more</p>") } else { String::new() };
        format!(
            "<table><caption><b>{class}</b> {}</caption><thead>{}</thead><tbody>{body}</tbody></table>{more}",
            escape(caption),
            cells("th", head)
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}
