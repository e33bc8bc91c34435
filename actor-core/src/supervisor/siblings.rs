//! What a child's start function is given: refs to its earlier siblings.

use std::{any::Any, hash::Hash, sync::Arc};

use super::{
    partition::{self, Partitions},
    tree::{Seat, Tree},
};
use crate::{
    actor::{Address, Server, Start},
    exit::ExitReason,
};

/// The children of the supervisor that is starting a child, by id.
///
/// Only children that come earlier in the start order are certain to run; that refs go to earlier
/// ones alone, the macros check when they compile.
///
/// ```
/// use actor_core::supervisor::{ChildSpec, SupervisorSpec};
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Ledger;
/// # #[handlers] impl Ledger {}
/// # #[derive(Process)] struct Account { ledger: LedgerRef }
/// # #[handlers] impl Account {}
/// let spec = SupervisorSpec::new("bank")
///     .child(ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) }))
///     .child(ChildSpec::new("alice", |siblings| async move {
///         Ok(Some(Account { ledger: siblings.one::<Ledger>("ledger") }))
///     }));
/// assert_eq!(spec.children().len(), 2);
/// ```
#[derive(Clone)]
pub struct Siblings {
    tree: Arc<Tree>,
    id: Arc<str>,
    index: usize,
}

impl Siblings {
    pub(crate) fn new(tree: Arc<Tree>, id: Arc<str>, index: usize) -> Self {
        Self { tree, id, index }
    }

    /// The supervised ref of a single child. The [type's example](Self) uses it.
    ///
    /// # Panics
    /// If the child is of another type.
    ///
    /// # If the process is gone
    /// The ref is made whether the child runs or not. An id that the supervisor does not know
    /// gives a ref on which calls and casts end in noproc.
    pub fn one<S: Start>(&self, id: &str) -> S::Ref {
        supervised::<S>(&self.tree.find_or_nobody::<S>(id))
    }

    /// The supervised ref of a child that may have chosen not to start: `None` if it has, or if
    /// there is no such child.
    ///
    /// # Panics
    /// If the child is of another type.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard {}
    /// # #[derive(Process)] struct Router { shards: Vec<ShardRef> }
    /// # #[handlers] impl Router {}
    /// let router = ChildSpec::new("router", |siblings: Siblings| async move {
    ///     let shards = siblings.optional::<Shard>("spare").into_iter().collect();
    ///     Ok(Some(Router { shards }))
    /// });
    /// assert_eq!(router.id(), "router");
    /// ```
    pub fn optional<S: Start>(&self, id: &str) -> Option<S::Ref> {
        optional::<S>(&self.tree, id)
    }

    /// The supervised refs of a counted child, in order of their numbers.
    ///
    /// # Panics
    /// If the child is of another type.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard {}
    /// # #[derive(Process)] struct Router { shards: Vec<ShardRef> }
    /// # #[handlers] impl Router {}
    /// let router = ChildSpec::new("router", |siblings: Siblings| async move {
    ///     Ok(Some(Router { shards: siblings.many::<Shard>("shard") }))
    /// });
    /// assert_eq!(router.id(), "router");
    /// ```
    pub fn many<S: Start>(&self, id: &str) -> Vec<S::Ref> {
        many::<S>(&self.tree, id)
    }

    /// The supervised refs of a partitioned child; of an id that the supervisor does not know, one
    /// on which calls and casts end in noproc.
    ///
    /// # Panics
    /// If the child is of another type.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard {}
    /// # #[derive(Process)] struct Router { shards: Partitions<ShardRef> }
    /// # #[handlers] impl Router {}
    /// let router = ChildSpec::new("router", |siblings: Siblings| async move {
    ///     Ok(Some(Router { shards: siblings.partitions::<Shard>("shard") }))
    /// });
    /// assert_eq!(router.id(), "router");
    /// ```
    pub fn partitions<S: Start>(&self, id: &str) -> Partitions<S::Ref> {
        partitions::<S>(&self.tree, id)
    }

    /// Which of a counted child this is, from 0; 0 for any other.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard {}
    /// # #[derive(Process)] struct Router { shards: Vec<ShardRef> }
    /// # #[handlers] impl Router {}
    /// let shard = ChildSpec::new("shard", |siblings: Siblings| async move {
    ///     Ok(Some(Shard(siblings.index())))
    /// });
    /// assert_eq!(SupervisorSpec::new("bank").child(shard.count(4)).children().len(), 1);
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// The arguments of the running supervisor's spec.
    ///
    /// # Errors
    /// An exit reason that says so, if the spec has none of this type.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard {}
    /// # #[derive(Process)] struct Router { shards: Vec<ShardRef> }
    /// # #[handlers] impl Router {}
    /// # use std::sync::Arc;
    /// struct Plan { first: usize }
    /// let shard = ChildSpec::new("shard", |siblings: Siblings| async move {
    ///     let plan = siblings.arguments::<Plan>()?;
    ///     Ok(Some(Shard(plan.first + siblings.index())))
    /// });
    /// let spec = SupervisorSpec::new("bank").arguments(Arc::new(Plan { first: 1 })).child(shard);
    /// assert!(spec.validate().is_ok());
    /// ```
    pub fn arguments<T: Any + Send + Sync>(&self) -> Result<Arc<T>, ExitReason> {
        let arguments = self.tree.arguments().and_then(|any| any.downcast().ok());
        arguments.ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            ExitReason::error(format!("the supervisor's spec has no arguments of type {wanted}"))
        })
    }

    /// The id of the child that is being started, with its number: `alice`, `shard[3]`,
    /// `teller#1`.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard { id: String }
    /// # #[handlers] impl Shard {}
    /// let shard = ChildSpec::new("shard", |siblings: Siblings| async move {
    ///     Ok(Some(Shard { id: siblings.id().into() }))
    /// });
    /// assert!(SupervisorSpec::new("bank").child(shard.count(4)).validate().is_ok());
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl std::fmt::Debug for Siblings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Siblings").field("of", &self.id).finish_non_exhaustive()
    }
}

/// A ref to whoever sits at `seat`, now and later. `seat` was found or made for `S`.
pub(crate) fn supervised<S: Start>(seat: &Seat) -> S::Ref {
    let slot = Arc::clone(seat.slot());
    S::make_ref(Address::<<S::Process as Server>::Message>::supervised::<S::Process>(slot))
}

pub(crate) fn optional<S: Start>(tree: &Tree, id: &str) -> Option<S::Ref> {
    let seat = tree.find::<S>(id, None)?;
    (!seat.is_ignored()).then(|| supervised::<S>(&seat))
}

pub(crate) fn many<S: Start>(tree: &Tree, id: &str) -> Vec<S::Ref> {
    (0..tree.count(id)).filter_map(|index| numbered::<S>(tree, id, index)).collect()
}

pub(crate) fn partitions<S: Start>(tree: &Tree, id: &str) -> Partitions<S::Ref> {
    let nobody = || vec![supervised::<S>(&tree.find_or_nobody::<S>(id))];
    let all = many::<S>(tree, id);
    let all = if all.is_empty() { nobody() } else { all };
    Partitions::new(all).expect("there is one at least")
}

/// The id of a dynamic child that is found by its key.
pub(crate) fn keyed_id(kind: &str, key: &str) -> Arc<str> {
    format!("{kind}:{key}").into()
}

/// The one that has a key.
pub(crate) fn partition<S: Start, K: Hash + ?Sized>(tree: &Tree, id: &str, key: &K) -> S::Ref {
    let index = partition::partition(key, tree.count(id));
    let found = numbered::<S>(tree, id, index);
    found.unwrap_or_else(|| supervised::<S>(&tree.find_or_nobody::<S>(id)))
}

pub(crate) fn numbered<S: Start>(tree: &Tree, id: &str, index: usize) -> Option<S::Ref> {
    tree.find::<S>(id, Some(index)).map(|seat| supervised::<S>(&seat))
}
