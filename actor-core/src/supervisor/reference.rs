//! The ref to a running supervisor, and through it its children's refs.
//!
//! Its requests are in `requests`.

use std::{fmt, hash::Hash, ops::Deref, sync::Arc};

use super::{
    SupervisorProcess, message::SupervisorMessage, partition::Partitions, siblings, tree::Tree,
};
use crate::actor::{Address, ProcessRef, ServerRef, Start};

/// A supervisor, and through it its children. A generated `BankRef` derefs to it.
///
/// Requests wait for their answer without a timeout, as in OTP: a supervisor that is starting a
/// child answers when that is done. So a child's init must not ask its own supervisor.
///
/// ```
/// # use actor_core::{prelude::*, supervisor::*};
/// # #[derive(Process)] struct Shard(usize);
/// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
/// # #[derive(Process)] struct Teller { name: String }
/// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
/// # #[derive(Supervisor)] struct Bank;
/// # #[supervisor] impl Bank {
/// #     #[child] fn hall(&self) -> Shard { Shard(7) }
/// #     #[child] fn annex(&self) -> Option<Shard> { None }
/// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
/// # }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let bank = Bank.start().await?;
/// for child in bank.which_children().await? {
///     println!("{}: {:?}", child.id, child.status);
/// }
/// println!("{}", bank.tree().await?);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SupervisorRef {
    pub(super) address: Address<SupervisorMessage>,
    tree: Arc<Tree>,
}

impl SupervisorRef {
    /// The ref for an address. Refs to children need the supervisor's seat, which a ref that
    /// [`start`](crate::Start::start) or another supervisor gave has; through an address without
    /// one, requests work and every child is unknown.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// let address: actor_core::Address<SupervisorMessage> = (**bank).clone();
    /// assert_eq!(SupervisorRef::from_address(address).count_children().await?.specs, 5);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_address(address: Address<SupervisorMessage>) -> Self {
        let tree = match address.slot() {
            Some(slot) => Tree::of(slot),
            None => Arc::new(Tree::unseated()),
        };
        Self { address, tree }
    }

    /// The supervised ref of a single child.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// # If the process is gone
    /// The ref is made whether the child runs or not: in a restart gap calls wait and casts are
    /// kept; if the child is not coming back, or there is no such child, both end in noproc.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// assert_eq!(bank.child::<Shard>("hall").index().await?, 7);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn child<S: Start>(&self, id: &str) -> S::Ref {
        siblings::supervised::<S>(&self.tree.find_or_nobody::<S>(id))
    }

    /// The supervised ref of a child that may have chosen not to start: `None` if it has, or if
    /// there is no such child.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// assert!(bank.child_optional::<Shard>("annex").is_none());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn child_optional<S: Start>(&self, id: &str) -> Option<S::Ref> {
        siblings::optional::<S>(&self.tree, id)
    }

    /// The supervised ref of one of a counted child, by its number from 0; `None` if there are
    /// not so many.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// let second = bank.child_at::<Shard>("shard", 1).expect("there are three");
    /// assert_eq!(second.index().await?, 1);
    /// assert!(bank.child_at::<Shard>("shard", 3).is_none());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn child_at<S: Start>(&self, id: &str, index: usize) -> Option<S::Ref> {
        siblings::numbered::<S>(&self.tree, id, index)
    }

    /// The supervised refs of a counted child, in order of their numbers.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// assert_eq!(bank.children::<Shard>("shard").len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn children<S: Start>(&self, id: &str) -> Vec<S::Ref> {
        siblings::many::<S>(&self.tree, id)
    }

    /// The supervised ref of a dynamic child by its key, if it is there:
    /// [`start_keyed`](Self::start_keyed) has the example.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    pub fn keyed<S: Start>(&self, kind: &str, key: &str) -> Option<S::Ref> {
        let seat = self.tree.find::<S>(&siblings::keyed_id(kind, key), None)?;
        Some(siblings::supervised::<S>(&seat))
    }

    /// The supervised ref of the one of a partitioned child that has this key: of a number the one
    /// of its remainder, of anything else that of its hash ([`Partitions`] has the rule).
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// # If the process is gone
    /// As of [`child`](Self::child).
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// #[derive(Supervisor)]
    /// struct Bank;
    /// #[supervisor]
    /// impl Bank {
    ///     #[child(partitions = 3)]
    ///     fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// assert_eq!(bank.partition::<Shard, _>("shard", &7).index().await?, 1);
    /// assert_eq!(bank.shard(&7).index().await?, 1);
    /// assert!(bank.shard("Ann").index().await? < 3);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partition<S: Start, K: Hash + ?Sized>(&self, id: &str, key: &K) -> S::Ref {
        siblings::partition::<S, K>(&self.tree, id, key)
    }

    /// The supervised refs of a partitioned child, for whoever asks often: the keys are looked up
    /// without the supervisor's table.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// # If the process is gone
    /// As of [`child`](Self::child).
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// #[derive(Supervisor)]
    /// struct Bank;
    /// #[supervisor]
    /// impl Bank {
    ///     #[child(partitions = 3)]
    ///     fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// let shards = bank.partitions::<Shard>("shard");
    /// assert_eq!((shards.len(), bank.shard_refs().len()), (3, 3));
    /// assert_eq!(shards.of(&8).index().await?, 2);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partitions<S: Start>(&self, id: &str) -> Partitions<S::Ref> {
        siblings::partitions::<S>(&self.tree, id)
    }
}

impl Deref for SupervisorRef {
    type Target = Address<SupervisorMessage>;

    fn deref(&self) -> &Self::Target {
        &self.address
    }
}

impl ServerRef for SupervisorRef {
    type Process = SupervisorProcess;
}

impl ProcessRef for SupervisorRef {
    type Message = SupervisorMessage;

    fn from_address(address: Address<SupervisorMessage>) -> Self {
        Self::from_address(address)
    }

    fn as_address(&self) -> &Address<SupervisorMessage> {
        &self.address
    }
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.pid() {
            Some(pid) => write!(f, "SupervisorRef({pid})"),
            None => f.write_str("SupervisorRef(not running)"),
        }
    }
}
