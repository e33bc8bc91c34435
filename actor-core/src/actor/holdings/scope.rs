//! Scopes of process groups, and who watches all that happens in one.

use std::{any::TypeId, collections::BTreeMap, fmt, sync::Arc};

use super::{
    Notices,
    group::{Change, Group, GroupError, GroupMonitor},
    shared,
};
use crate::{
    actor::{Context, Handle, ProcessRef, Server},
    group::{Event, InScope, Key, ScopeWatcher},
    pid::Pid,
    process::{Accepts, Mail, ReplyPort, Running},
    runtime::{
        Core,
        env::Access,
        holdings::{Holding, HoldingId},
        steps::Steps,
    },
};

/// A set of groups of its own: groups of one name in different scopes have nothing to do with each
/// other. A scope is there as soon as it is named.
///
/// ```
/// use actor_core::{Address, Message, Runtime};
/// enum Word { Word }
/// impl Message for Word { type Reply = (); }
/// let rt = Runtime::new()?;
/// let (shop, bank) = (rt.scope("shop"), rt.scope("bank"));
/// assert!(shop.group::<Address<Word>>("clerks").members().is_empty());
/// assert!(bank.which_groups().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Scope {
    core: Arc<Core>,
    name: Arc<str>,
}

impl Scope {
    pub(super) fn new(core: Arc<Core>, name: Arc<str>) -> Self {
        Self { core, name }
    }

    /// Its name. The [type's example](Self) makes one by name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The group of this name, of processes that `R` is a ref to. The [type's example](Self) uses
    /// it.
    pub fn group<R: ProcessRef>(&self, name: impl Into<Arc<str>>) -> Group<R> {
        let kind = TypeId::of::<R::Message>();
        let key = Key { scope: self.name.clone(), name: name.into(), kind };
        Group::new(self.core.clone(), key)
    }

    /// The names of all groups that have members, sorted. The [type's example](Self) uses it.
    pub fn which_groups(&self) -> Vec<String> {
        shared(&self.core, || format!("pg {}", self.name), Access::Read);
        self.core.groups.names(&self.name).iter().map(ToString::to_string).collect()
    }

    /// Watches all groups of the scope, of whatever type (OTP's `monitor_scope`): who is in which
    /// at this moment, and from then on one message of this process for every membership that
    /// begins or ends in any of them, as [`Group::monitor`] does for one. Members are known by
    /// their pids, those of each group in order; a group that nobody is in is not there. Groups of
    /// one name and different types are one here.
    ///
    /// # Errors
    /// As for [`Group::monitor`].
    ///
    /// ```
    /// use actor_core::{pg::{Change, Group, ScopeEvent}, prelude::*};
    /// # #[derive(Process)] struct Clerk;
    /// # #[handlers] impl Clerk {}
    /// #[derive(Process)]
    /// struct Porter { present: usize }
    /// #[handlers]
    /// impl Porter {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
    ///         let shop = cx.runtime().scope("shop");
    ///         let watched = shop.monitor(cx, |event| PorterMessage::Changed { event });
    ///         let (present, _monitor) = watched.map_err(ExitReason::error)?;
    ///         self.present = present.values().map(Vec::len).sum();
    ///         Ok(())
    ///     }
    ///     #[cast] fn changed(&mut self, event: ScopeEvent) {
    ///         match event.change {
    ///             Change::Join => self.present += 1,
    ///             Change::Leave => self.present -= 1,
    ///         }
    ///     }
    ///     #[call] fn present(&self) -> usize { self.present }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (shop, clerk) = (rt.scope("shop"), rt.spawn(Clerk)?);
    /// shop.group("tills").join(&clerk)?;
    /// let porter = rt.block_on(rt.start(Porter { present: 0 }))?;
    /// shop.group("cellar").join(&clerk)?;
    /// assert_eq!(porter.present().blocking()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor<P>(
        &self,
        cx: &Context<P>,
        wrap: impl Fn(ScopeEvent) -> <P as Server>::Message + Send + Sync + 'static,
    ) -> Result<(BTreeMap<String, Vec<Pid>>, GroupMonitor), GroupError>
    where
        P: Handle<<P as Server>::Message>,
    {
        shared(&self.core, || format!("pg {}", self.name), Access::Write);
        let (id, cell) = (self.core.next_holding(), cx.pin());
        let (monitor, me) = (GroupMonitor(id), Notices::new(cell.clone()));
        let watcher = Arc::new(ScopeWatcher::new(move |event: Event<InScope>| {
            me.send(|| {
                let change = if event.joined { Change::Join } else { Change::Leave };
                let InScope { group, pid: member, .. } = event.member;
                let event = ScopeEvent { monitor, group, change, member };
                Mail::message(Accepts::by::<P>(), wrap(event), ReplyPort::none())
            });
        }));
        let found = self.core.groups.watch_scope(&self.name, id, &watcher);
        let holding: Arc<dyn Holding> = Arc::new(Watch { scope: self.name.clone(), id });
        if let Err(unheld) = self.core.entrust(&cell, id, &holding) {
            self.core.groups.unwatch_scope(&self.name, id);
            return Err(unheld.into());
        }
        let found = found.into_iter().map(|(name, members)| (name.to_string(), members));
        Ok((found.collect(), monitor))
    }

    /// Watches no longer. False: that watch was not on this scope, or is over. As with
    /// [`Group::demonitor`], a message that is in the mailbox stays.
    ///
    /// ```
    /// # use actor_core::{pg::ScopeEvent, prelude::*};
    /// # #[derive(Process)] struct Porter;
    /// # #[handlers]
    /// # impl Porter {
    /// #     #[call] fn glance(&mut self, cx: &mut Context<Self>) -> bool {
    /// let shop = cx.runtime().scope("shop");
    /// let Ok((_, monitor)) = shop.monitor(cx, |event| PorterMessage::Changed { event }) else {
    ///     return false;
    /// };
    /// shop.demonitor(cx, monitor)
    /// #     }
    /// #     #[cast] fn changed(&mut self, event: ScopeEvent) { drop(event) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # assert!(rt.spawn(Porter)?.glance().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn demonitor<P: Server>(&self, cx: &Context<P>, monitor: GroupMonitor) -> bool {
        shared(&self.core, || format!("pg {}", self.name), Access::Write);
        let is_it = self.core.groups.is_scope_watched(&self.name, monitor.0);
        let is_ours = is_it && self.core.let_go(cx.pid(), monitor.0);
        is_ours && self.core.groups.unwatch_scope(&self.name, monitor.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&self.name).finish()
    }
}

/// What who watches a scope is told. [`Scope::monitor`] has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeEvent {
    /// What [`Scope::monitor`] answered.
    pub monitor: GroupMonitor,
    /// The group's name.
    pub group: Arc<str>,
    /// What happened.
    pub change: Change,
    /// To whom.
    pub member: Pid,
}

/// A watch on a scope, as its owner holds it.
struct Watch {
    scope: Arc<str>,
    id: HoldingId,
}

impl Holding for Watch {
    fn give_back(&self, core: &Core, _: &Running, _: &mut Steps) -> bool {
        core.groups.unwatch_scope(&self.scope, self.id);
        true
    }
}
