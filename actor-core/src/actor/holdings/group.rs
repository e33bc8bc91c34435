//! Process groups (OTP's `pg`, the local part).

use std::{fmt, marker::PhantomData, sync::Arc};

use super::{Notices, Stranger, local, scope::Scope, shared};
use crate::{
    actor::{Address, Context, Handle, ProcessRef, Server},
    error::SystemLimit,
    group::{Changed, Event, Key, State, Unchanged, Watcher},
    process::{Accepts, Mail, Message, ReplyPort, Running},
    runtime::{
        Core, RuntimeHandle,
        env::Access,
        holdings::{Holding, HoldingId, Unheld},
        steps::Steps,
    },
};

/// The scope of groups that name none; as in OTP.
const DEFAULT_SCOPE: &str = "pg";

impl RuntimeHandle {
    /// The group of this name in OTP's default scope, `pg`. [`Group`] has the example.
    pub fn group<R: ProcessRef>(&self, name: impl Into<Arc<str>>) -> Group<R> {
        self.scope(DEFAULT_SCOPE).group(name)
    }

    /// The scope of this name. [`Scope`] has the example.
    pub fn scope(&self, name: impl Into<Arc<str>>) -> Scope {
        Scope::new(self.core().clone(), name.into())
    }
}

/// A group of processes under a name: whoever has the name finds its members.
///
/// A process may be in a group several times, and is listed as often; it leaves once for each time,
/// or by its end altogether: who hears of the end finds it in no group. A group is there as long as
/// somebody is in it. Groups of one name whose members take different messages are different
/// groups. The members are plain refs: a process that is restarted joins anew, in its `#[init]`.
///
/// ```
/// use actor_core::{pg::Group, prelude::*};
/// #[derive(Process)]
/// struct Clerk { served: u64 }
/// #[handlers]
/// impl Clerk {
///     #[init] fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
///         let clerks: Group<ClerkRef> = cx.runtime().group("clerks");
///         clerks.join(&cx.me()).map_err(ExitReason::error)
///     }
///     #[call] fn served(&self) -> u64 { self.served }
/// }
/// let rt = Runtime::new()?;
/// let (ann, _bob) = (rt.block_on(rt.start(Clerk { served: 3 }))?,
///                    rt.block_on(rt.start(Clerk { served: 4 }))?);
/// let clerks: Group<ClerkRef> = rt.group("clerks");
/// let mut sum = 0;
/// for clerk in clerks.members() {
///     sum += clerk.served().blocking()?;
/// }
/// assert_eq!(sum, 7);
/// ann.stop(ExitReason::Normal).blocking();
/// assert_eq!(clerks.members().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Group<R> {
    core: Arc<Core>,
    key: Key,
    member: PhantomData<fn() -> R>,
}

impl<R> Group<R> {
    pub(super) fn new(core: Arc<Core>, key: Key) -> Self {
        Self { core, key, member: PhantomData }
    }
}

impl<R> Clone for Group<R> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), key: self.key.clone(), member: PhantomData }
    }
}

impl<R> fmt::Debug for Group<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Group").field(&self.key.scope).field(&self.key.name).finish()
    }
}

/// Why a group stayed as it was. [`Group::leave`] has an example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// There is no such process any more.
    #[error("noproc: there is no such process any more")]
    NoProc,
    /// It is a process of another runtime.
    #[error("nolocal: the process belongs to another runtime")]
    NotLocal,
    /// It is not in the group.
    #[error("not_joined: the process is not in this group")]
    NotJoined,
    /// It holds as much as a process may.
    #[error(transparent)]
    SystemLimit(#[from] SystemLimit),
}

impl From<Stranger> for GroupError {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::NoProc => Self::NoProc,
            Stranger::NotLocal => Self::NotLocal,
        }
    }
}

impl From<Unheld> for GroupError {
    fn from(unheld: Unheld) -> Self {
        match unheld {
            Unheld::NoProc => Self::NoProc,
            Unheld::Limit(limit) => Self::SystemLimit(limit),
        }
    }
}

/// What happened to a member: part of [`GroupEvent`]. [`Group::monitor`] has the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It joined.
    Join,
    /// It left, or ended: then there is one of these for each time it had joined.
    Leave,
}

/// What who watches a group is told. [`Group::monitor`] has the example.
#[derive(Clone, Debug)]
pub struct GroupEvent<R> {
    /// What [`Group::monitor`] answered.
    pub monitor: GroupMonitor,
    /// The group's name.
    pub group: Arc<str>,
    /// What happened.
    pub change: Change,
    /// To whom.
    pub member: R,
}

/// Names one watch on a group or a scope: the answer of [`Group::monitor`], which has the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupMonitor(pub(super) u64);

type Found<M> = State<Address<M>>;

impl<R: ProcessRef> Group<R> {
    /// Its name.
    ///
    /// ```
    /// # use actor_core::{Address, Message, Runtime};
    /// # enum Word { Word }
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.group::<Address<Word>>("clerks").name(), "clerks");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// Puts a process into the group, once more if it is in it. Anybody may do that; a process
    /// itself does it by `join(&cx.me())`. Of a supervised ref, the present process is meant.
    ///
    /// # Errors
    /// [`GroupError::NotLocal`] for a process of another runtime, and
    /// [`GroupError::SystemLimit`] for one that holds [`limits::HOLDINGS`](crate::limits::HOLDINGS)
    /// things.
    ///
    /// # If the process is gone
    /// [`GroupError::NoProc`].
    ///
    /// ```
    /// # use actor_core::{pg::{Group, GroupError}, prelude::*};
    /// # #[derive(Process)] struct Clerk;
    /// # #[handlers] impl Clerk {}
    /// # let rt = Runtime::new()?;
    /// let clerks: Group<ClerkRef> = rt.group("clerks");
    /// let clerk = rt.spawn(Clerk)?;
    /// clerks.join(&clerk)?;
    /// clerks.join(&clerk)?;
    /// assert_eq!(clerks.members().len(), 2);
    /// clerk.stop(ExitReason::Normal).blocking();
    /// assert_eq!(clerks.join(&clerk), Err(GroupError::NoProc));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(&self, member: &R) -> Result<(), GroupError> {
        self.touch(Access::Write);
        let (cell, who) = local(&self.core, member)?;
        loop {
            let group = self.group();
            let holding: Arc<dyn Holding> = group.clone();
            let admit = || self.core.entrust(&cell, group.id, &holding);
            let error = match group.join(cell.pid(), who.clone(), admit) {
                Ok(changed) => {
                    after(&self.core, &group, changed);
                    return Ok(());
                }
                Err((Unchanged::Over, _)) => continue,
                Err((Unchanged::Refused(unheld), over)) => {
                    if over {
                        self.core.groups.forget(&*group);
                    }
                    unheld.into()
                }
                Err((Unchanged::TooOften | Unchanged::NotJoined, _)) => {
                    SystemLimit::Holdings(u32::MAX as usize).into()
                }
            };
            return Err(error);
        }
    }

    /// Takes one membership of the process back. Anybody may do that.
    ///
    /// # Errors
    /// [`GroupError::NotJoined`] if it is not in the group.
    ///
    /// # If the process is gone
    /// It is in no group any more: [`GroupError::NotJoined`].
    ///
    /// ```
    /// # use actor_core::{pg::{Group, GroupError}, prelude::*};
    /// # #[derive(Process)] struct Clerk;
    /// # #[handlers] impl Clerk {}
    /// # let rt = Runtime::new()?;
    /// let clerks: Group<ClerkRef> = rt.group("clerks");
    /// let clerk = rt.spawn(Clerk)?;
    /// clerks.join(&clerk)?;
    /// assert_eq!(clerks.leave(&clerk), Ok(()));
    /// assert_eq!(clerks.leave(&clerk), Err(GroupError::NotJoined));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leave(&self, member: &R) -> Result<(), GroupError> {
        self.touch(Access::Write);
        let pid = member.as_address().pid().ok_or(GroupError::NotJoined)?;
        let group = self.found().ok_or(GroupError::NotJoined)?;
        let give_up = || _ = self.core.let_go(pid, group.id);
        let changed = group.leave::<()>(pid, give_up).map_err(|_| GroupError::NotJoined)?;
        after(&self.core, &group, changed);
        Ok(())
    }

    /// Its members on all nodes, each as often as it is in the group, in the order of their pids.
    /// There is one node so far. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// It is not among them, from before anybody hears of its end.
    pub fn members(&self) -> Vec<R> {
        self.touch(Access::Read);
        let members = self.found().map(|group| group.members()).unwrap_or_default();
        members.into_iter().map(R::from_address).collect()
    }

    /// Its members on this node (OTP's `get_local_members`).
    ///
    /// ```
    /// # use actor_core::{Address, Message, Runtime};
    /// # enum Word { Word }
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// assert!(rt.group::<Address<Word>>("clerks").local_members().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_members(&self) -> Vec<R> {
        self.members()
    }

    /// Casts a message to every member, as often as it is in the group; answers how many of these
    /// casts entered a mailbox.
    ///
    /// # If the process is gone
    /// It is not counted.
    ///
    /// ```
    /// # use actor_core::{pg::Group, prelude::*};
    /// #[derive(Process)]
    /// struct Clerk { open: bool }
    /// #[handlers]
    /// impl Clerk {
    ///     #[cast] fn close(&mut self) { self.open = false }
    ///     #[call] fn is_open(&self) -> bool { self.open }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerks: Group<ClerkRef> = rt.group("clerks");
    /// let clerk = rt.spawn(Clerk { open: true })?;
    /// clerks.join(&clerk)?;
    /// assert_eq!(clerks.broadcast(|| ClerkMessage::Close), 1);
    /// assert!(!clerk.is_open().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn broadcast(&self, mut message: impl FnMut() -> R::Message) -> usize {
        let members = self.members();
        members.iter().filter(|to| to.as_address().send(message()).is_ok()).count()
    }

    /// Watches the group: the members of this moment, and from then on one message of this process
    /// for every membership that begins or ends. No change is missed and none is told twice. `wrap`
    /// makes the message of the event; it is called wherever the change happens. Like a `#[down]`,
    /// the message needs no room in the mailbox, up to its [hard
    /// mark](crate::limits::mailbox_hard): a process that has fallen so far behind is killed. The
    /// watch ends with the process.
    ///
    /// # Errors
    /// [`GroupError::SystemLimit`] if the process holds
    /// [`limits::HOLDINGS`](crate::limits::HOLDINGS) things, [`GroupError::NoProc`] if it was
    /// killed.
    ///
    /// ```
    /// use actor_core::{pg::{Change, Group, GroupEvent}, prelude::*};
    /// # #[derive(Process)] struct Clerk;
    /// # #[handlers] impl Clerk {}
    /// #[derive(Process)]
    /// struct Board { present: usize }
    /// #[handlers]
    /// impl Board {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
    ///         let clerks: Group<ClerkRef> = cx.runtime().group("clerks");
    ///         let watched = clerks.monitor(cx, |event| BoardMessage::Changed { event });
    ///         let (present, _monitor) = watched.map_err(ExitReason::error)?;
    ///         self.present = present.len();
    ///         Ok(())
    ///     }
    ///     #[cast] fn changed(&mut self, event: GroupEvent<ClerkRef>) {
    ///         match event.change {
    ///             Change::Join => self.present += 1,
    ///             Change::Leave => self.present -= 1,
    ///         }
    ///     }
    ///     #[call] fn present(&self) -> usize { self.present }
    /// }
    /// # let rt = Runtime::new()?;
    /// let board = rt.block_on(rt.start(Board { present: 0 }))?;
    /// rt.group("clerks").join(&rt.spawn(Clerk)?)?;
    /// assert_eq!(board.present().blocking()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor<P>(
        &self,
        cx: &Context<P>,
        wrap: impl Fn(GroupEvent<R>) -> <P as Server>::Message + Send + Sync + 'static,
    ) -> Result<(Vec<R>, GroupMonitor), GroupError>
    where
        P: Handle<<P as Server>::Message>,
    {
        self.touch(Access::Write);
        let (id, cell, name) = (self.core.next_holding(), cx.pin(), self.key.name.clone());
        let monitor = GroupMonitor(id);
        let me = Notices::new(cell.clone());
        let watcher = Arc::new(Watcher::new(move |event: Event<Address<R::Message>>| {
            me.send(|| {
                let change = if event.joined { Change::Join } else { Change::Leave };
                let member = R::from_address(event.member);
                let event = GroupEvent { monitor, group: name.clone(), change, member };
                Mail::message(Accepts::by::<P>(), wrap(event), ReplyPort::none())
            });
        }));
        loop {
            let group = self.group();
            let watch = Arc::new(Watch { group: group.clone(), id });
            let Ok(members) = group.watch(id, watcher.clone()) else { continue };
            let holding: Arc<dyn Holding> = watch.clone();
            if let Err(unheld) = self.core.entrust(&cell, id, &holding) {
                watch.end(&self.core);
                return Err(unheld.into());
            }
            return Ok((members.into_iter().map(R::from_address).collect(), monitor));
        }
    }

    /// Watches no longer. False: that watch was not on this group, or is over. No message is sent
    /// for it from here on; one that is in the mailbox stays, and says by
    /// [`GroupEvent::monitor`] what it belongs to.
    ///
    /// ```
    /// # use actor_core::{pg::{Group, GroupEvent}, prelude::*};
    /// # #[derive(Process)] struct Clerk;
    /// # #[handlers]
    /// # impl Clerk {
    /// #     #[call] fn glance(&mut self, cx: &mut Context<Self>) -> bool {
    /// let clerks: Group<ClerkRef> = cx.runtime().group("clerks");
    /// let Ok((_, monitor)) = clerks.monitor(cx, |event| ClerkMessage::Changed { event }) else {
    ///     return false;
    /// };
    /// clerks.demonitor(cx, monitor)
    /// #     }
    /// #     #[cast] fn changed(&mut self, event: GroupEvent<ClerkRef>) { drop(event) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # assert!(rt.spawn(Clerk)?.glance().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn demonitor<P: Server>(&self, cx: &Context<P>, monitor: GroupMonitor) -> bool {
        self.touch(Access::Write);
        let Some(group) = self.found() else { return false };
        let is_ours = group.is_watched(monitor.0) && self.core.let_go(cx.pid(), monitor.0);
        is_ours && Watch { group, id: monitor.0 }.end(&self.core)
    }

    fn touch(&self, access: Access) {
        shared(&self.core, || format!("pg {}", self.key.scope), access);
        shared(&self.core, || format!("pg {}/{}", self.key.scope, self.key.name), access);
    }

    fn found(&self) -> Option<Arc<Found<R::Message>>> {
        self.core.groups.get(&self.key)
    }

    fn group(&self) -> Arc<Found<R::Message>> {
        self.core.groups.get_or_make(&self.key, || self.core.next_holding())
    }
}

/// What a change leaves to do.
fn after<M: Message>(core: &Core, group: &Found<M>, changed: Changed<Address<M>>) {
    if changed.over {
        core.groups.forget(group);
    }
    changed.tell();
}

/// Each membership of a process that ends is a step, and tells the watchers.
impl<M: Message> Holding for Found<M> {
    fn give_back(&self, core: &Core, holder: &Running, steps: &mut Steps) -> bool {
        while steps.next() {
            let Ok(changed) = self.leave::<()>(holder.pid(), || ()) else { return true };
            after(core, self, changed);
        }
        false
    }
}

/// A watch on a group, as its owner holds it.
struct Watch<M: Message> {
    group: Arc<Found<M>>,
    id: HoldingId,
}

impl<M: Message> Watch<M> {
    /// False: it was over.
    fn end(&self, core: &Core) -> bool {
        let Some(changed) = self.group.unwatch(self.id) else { return false };
        after(core, &self.group, changed);
        true
    }
}

impl<M: Message> Holding for Watch<M> {
    fn give_back(&self, core: &Core, _: &Running, _: &mut Steps) -> bool {
        self.end(core);
        true
    }
}
