//! Trees as text, with box characters; pure.
//!
//! ```text
//! bank  rest_for_one, intensity 3 in 5s
//! ├─ ledger    Ledger  transient, shutdown 10s
//! └─ shard[4]  Shard   permanent, shutdown 5s
//! ```

use std::fmt;

/// A node: its own line, and what hangs under it.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    line: String,
    under: Vec<Self>,
}

/// One line under a node, in columns, and what hangs under that.
pub(crate) struct Row {
    /// The line's columns; those of all rows under one node are aligned.
    pub(crate) columns: [String; 3],
    /// What hangs under this row.
    pub(crate) under: Vec<Drawing>,
}

impl Drawing {
    /// A node with `rows` under it, their columns aligned.
    pub(crate) fn new(line: String, rows: Vec<Row>) -> Self {
        let width = |column: usize| {
            rows.iter().map(|row| row.columns[column].chars().count()).max().unwrap_or(0)
        };
        let (first, second) = (width(0), width(1));
        let draw = |Row { columns: [id, kind, rest], under }: Row| {
            let line = format!("{id:first$}  {kind:second$}  {rest}");
            Self { line: line.trim_end().to_owned(), under }
        };
        Self { line, under: rows.into_iter().map(draw).collect() }
    }

    /// What hangs under the node, without the node.
    pub(crate) fn into_under(self) -> Vec<Self> {
        self.under
    }

    fn write_under(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for (index, node) in self.under.iter().enumerate() {
            let last = index + 1 == self.under.len();
            let (branch, trunk) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            write!(f, "\n{indent}{branch}{}", node.line)?;
            node.write_under(f, &format!("{indent}{trunk}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)?;
        self.write_under(f, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: [&str; 3], under: Vec<Drawing>) -> Row {
        Row { columns: columns.map(str::to_owned), under }
    }

    #[test]
    fn a_tree_is_drawn_with_aligned_columns_and_a_trunk() {
        let desks = vec![row(["left", "Desk", "<0.5.1>"], vec![])];
        let desks = Drawing::new(String::new(), desks).into_under();
        let rows = vec![
            row(["ledger", "Ledger", "<0.3.1>"], vec![]),
            row(["hall", "Hall", "<0.4.1>"], desks.clone()),
            row(["cellar", "Hall", "restarting"], desks),
        ];
        let text = Drawing::new("bank <0.2.1>".into(), rows).to_string();
        let expected = "\
bank <0.2.1>
├─ ledger  Ledger  <0.3.1>
├─ hall    Hall    <0.4.1>
│  └─ left  Desk  <0.5.1>
└─ cellar  Hall    restarting
   └─ left  Desk  <0.5.1>";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_supervisor_without_children_is_one_line() {
        assert_eq!(Drawing::new("bank".into(), vec![]).to_string(), "bank");
    }
}
