//! Tables: columns of one width.

use std::fmt::Write as _;

/// Returns rows with columns of one width, each followed by what stands below it.
pub(crate) fn aligned<const N: usize>(rows: &[([String; N], String)]) -> String {
    let mut widths = [0; N];
    for (cells, _) in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for (cells, below) in rows {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<String>>().join("  ");
        writeln!(out, "{}", line.trim_end()).expect("a string takes every write");
        out.push_str(below);
    }
    out
}
