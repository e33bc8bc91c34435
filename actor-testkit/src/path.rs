//! Who is who: the name of a process is the way by which it was spawned.
//!
//! The test's body is `root`; the second process that it spawned is `root.2`, and the first one
//! that this one spawned is `root.2.1`. Such a name depends on nothing but what the parents did, so
//! it is the same in every run of a schedule, and mostly the same in other schedules and after an
//! edit. A pid has none of these virtues. What was spawned by no process is `outside.1`,
//! `outside.2`, …

use std::fmt;
use std::sync::Arc;

/// The way by which a process was spawned: `root` is the test's body, `root.2` the second process
/// that it spawned, `root.2.1` the first of that one's. Ordered as a table of contents is: a parent
/// first, then its first child and all below it, then its second.
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_testkit::*;
/// # use std::time::Duration;
/// # #[derive(Process)] struct Account { balance: u64 }
/// # #[handlers] impl Account {
/// #     #[call] fn balance(&self) -> u64 { self.balance }
/// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
/// # }
/// # async fn example(t: TestKit) -> TestResult {
/// t.start(Account { balance: 5 }).await?;
/// let path = t.processes()[1].path.clone();
/// assert_eq!(path.to_string(), "root.1");
/// assert!(path.parent().is_some_and(|parent| parent.is_root()));
/// # Ok(()) }
/// # use actor_testkit::__private::{Config, check};
/// # check(Config::new("example").schedules(4), example);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpawnPath(Arc<[u32]>);

/// The first number of a path that starts outside the test's body; children count from 1.
const OUTSIDE: u32 = 0;

impl SpawnPath {
    /// The test's body.
    pub(crate) fn root() -> Self {
        Self(Arc::from([]))
    }

    /// The `number`-th process (from 1) that no process spawned.
    pub(crate) fn outside(number: u32) -> Self {
        Self(Arc::from([OUTSIDE, number]))
    }

    /// The `number`-th child (from 1) of this process.
    pub(crate) fn child(&self, number: u32) -> Self {
        Self(self.0.iter().copied().chain([number]).collect())
    }

    /// Whether this is the test's body. The [type's example](Self) uses it.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The process that spawned this one; `None` for the body, and for what no process spawned. The
    /// [type's example](Self) uses it.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match &*self.0 {
            [] | [OUTSIDE, _] => None,
            [above @ .., _] => Some(Self(above.into())),
        }
    }

    /// Whether the process is a direct child of the test's body.
    pub(crate) fn is_child_of_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The numbers, for a hash of the path.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().map(|&number| u64::from(number))
    }
}

impl fmt::Display for SpawnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, rest) = match &*self.0 {
            [OUTSIDE, rest @ ..] => ("outside", rest),
            rest => ("root", rest),
        };
        f.write_str(start)?;
        rest.iter().try_for_each(|number| write!(f, ".{number}"))
    }
}

impl fmt::Debug for SpawnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_the_way_down_the_tree() {
        let root = SpawnPath::root();
        assert_eq!(root.to_string(), "root");
        assert_eq!(root.child(2).child(1).to_string(), "root.2.1");
        assert_eq!(SpawnPath::outside(3).child(1).to_string(), "outside.3.1");
        assert!(root.is_root() && root.child(1).is_child_of_root());
        assert!(!root.child(1).child(1).is_child_of_root());
        assert_eq!(root.child(1).child(2).parent(), Some(root.child(1)));
        assert_eq!((root.parent(), SpawnPath::outside(1).parent()), (None, None));
    }

    #[test]
    fn paths_are_ordered_as_a_table_of_contents() {
        let root = SpawnPath::root();
        let mut paths = [root.child(10), root.child(2).child(1), root.child(2), root.clone()];
        paths.sort();
        assert_eq!(paths.map(|path| path.to_string()), ["root", "root.2", "root.2.1", "root.10"]);
    }
}
