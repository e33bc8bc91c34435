//! Whose a table is, and who may touch it.
//!
//! The owner's pid is one word: zero when the table is gone. It is changed under the lock of the
//! heir, by whoever passes the table on: its owner, that one's end, or who deletes it. The new
//! owner is made to hold the table before the word says so, so a table never belongs to somebody
//! whose end would not give it back.
//!
//! Who writes looks at the word before, and once more after, with a fence between; who deletes
//! clears the entries after it has set the word to zero, with a fence between. So an entry that is
//! put into a table that goes is seen by the one or the other, and does not stay.

use std::sync::{Arc, Weak};

use super::{notify, shared};
use crate::{
    actor::holdings::table_options::{TableAccess, TableError, TableInfo},
    pid::Pid,
    process::{CellRef, Mail, Running, contain, current},
    runtime::{
        Core,
        env::Access,
        holdings::{Holding, HoldingId, Unheld},
        report,
        steps::Steps,
    },
    sync::{AtomicU64, Mutex, Ordering, fence},
    tables::Entries,
};

/// Who gets a table when its owner ends, and how it is told.
#[derive(Clone)]
pub(super) struct Heir {
    pub(super) cell: CellRef,
    /// The notice of a table from this owner.
    pub(super) notice: Arc<dyn Fn(Pid) -> Option<Mail> + Send + Sync>,
}

/// What a table is made with.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) core: Arc<Core>,
    pub(super) id: HoldingId,
    pub(super) owner: Pid,
    pub(super) name: Option<Arc<str>>,
    pub(super) access: TableAccess,
    pub(super) limit: usize,
}

/// See the module.
pub(super) struct Owned<S: ?Sized> {
    settings: Settings,
    /// Zero: gone.
    owner: AtomicU64,
    heir: Mutex<Option<Heir>>,
    me: Weak<dyn Ownable>,
    entries: S,
}

/// A table, whatever is in it.
pub(super) trait Ownable: Holding {
    fn set_heir(&self, heir: Heir);
    fn as_holding(self: Arc<Self>) -> Arc<dyn Holding>;
}

impl<S: Entries + 'static> Owned<S> {
    pub(super) fn new(settings: Settings, entries: S) -> Arc<Self> {
        let owner = AtomicU64::new(settings.owner.bits());
        Arc::new_cyclic(|me: &Weak<Self>| {
            let me: Weak<dyn Ownable> = me.clone();
            Self { settings, owner, heir: Mutex::new(None), me, entries }
        })
    }
}

impl<S: Entries + ?Sized> Owned<S> {
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn owner(&self) -> Option<Pid> {
        Pid::from_bits(self.owner.load(Ordering::Acquire))
    }

    fn touch(&self, access: Access) {
        let Settings { core, id, name, .. } = &self.settings;
        let label = || match name {
            Some(name) => format!("ets {name}"),
            None => format!("ets {id}"),
        };
        shared(core, label, access);
    }

    /// Whether the running process owns it.
    fn is_mine(&self, owner: Pid) -> bool {
        let is_owner = |running: Running| {
            running.pid() == owner
                && std::ptr::eq(running.machine_as::<Core>(), &*self.settings.core)
        };
        current::running().is_some_and(is_owner)
    }

    /// To be read.
    pub(super) fn read(&self) -> Result<&S, TableError> {
        self.touch(Access::Read);
        let owner = self.owner().ok_or(TableError::Gone)?;
        if self.settings.access == TableAccess::Private && !self.is_mine(owner) {
            return Err(TableError::NotOwner);
        }
        Ok(&self.entries)
    }

    /// To be written; [`written`](Self::written) is asked afterwards.
    pub(super) fn write(&self) -> Result<&S, TableError> {
        self.touch(Access::Write);
        let owner = self.owner().ok_or(TableError::Gone)?;
        if self.settings.access != TableAccess::Public && !self.is_mine(owner) {
            return Err(TableError::NotOwner);
        }
        Ok(&self.entries)
    }

    /// Whether it was there still after something was put in.
    pub(super) fn written(&self) -> bool {
        // See the module.
        fence(Ordering::SeqCst);
        self.owner.load(Ordering::Relaxed) != 0
    }

    /// Its owner, who runs, says who gets it next.
    pub(super) fn replace_heir(&self, heir: Option<Heir>) -> Result<(), TableError> {
        self.touch(Access::Write);
        let mut place = self.heir.lock();
        let owner = self.owner().ok_or(TableError::Gone)?;
        if !self.is_mine(owner) {
            return Err(TableError::NotOwner);
        }
        let before = std::mem::replace(&mut *place, heir);
        drop(place);
        // What its notice holds is the program's.
        drop(before);
        Ok(())
    }

    /// What is known of it; `None`: it is gone.
    pub(super) fn info(&self) -> Option<TableInfo>
    where
        S: Entries,
    {
        self.touch(Access::Read);
        let Settings { name, access, limit, .. } = &self.settings;
        let heir = self.heir.lock().as_ref().map(|heir| heir.cell.pid());
        let (owner, size) = (self.owner()?, self.entries.len());
        let (access, limit) = (*access, *limit);
        Some(TableInfo { name: name.clone(), owner, heir, access, limit, size })
    }

    /// Passes it from its owner, who runs, to another process.
    pub(super) fn give_away(&self, to: &CellRef) -> Result<Pid, TableError> {
        self.touch(Access::Write);
        let Some(me) = self.me.upgrade() else { return Err(TableError::Gone) };
        let Settings { core, id, .. } = &self.settings;
        let heir = self.heir.lock();
        let owner = self.owner().ok_or(TableError::Gone)?;
        if !self.is_mine(owner) {
            return Err(TableError::NotOwner);
        }
        if to.pid() != owner {
            core.entrust(to, *id, &me.as_holding())?;
            self.owner.store(to.pid().bits(), Ordering::Release);
            let _ = core.let_go(owner, *id);
        }
        drop(heir);
        Ok(owner)
    }

    /// The end of the table by who may write to it.
    pub(super) fn delete(&self) -> Result<(), TableError> {
        self.write()?;
        let heir = self.heir.lock();
        let owner = Pid::from_bits(self.owner.swap(0, Ordering::SeqCst));
        let before = owner.map(|owner| self.settings.core.let_go(owner, self.settings.id));
        drop(heir);
        before.ok_or(TableError::Gone)?;
        self.vanish();
        while !self.entries.clear(&mut || true) {}
        Ok(())
    }

    /// Nobody finds it by name any more.
    fn vanish(&self) {
        fence(Ordering::SeqCst);
        let Settings { core, id, name, .. } = &self.settings;
        if let Some(name) = name {
            core.tables.forget(name, *id);
        }
    }

    /// What the end of `holder` leaves of it: an heir to be told, or entries to be dropped.
    fn pass(&self, core: &Core, holder: Pid) -> Option<Heir> {
        let heir = self.heir.lock();
        if self.owner() != Some(holder) {
            return None;
        }
        let other = heir.as_ref().filter(|heir| heir.cell.pid() != holder).zip(self.me.upgrade());
        if let Some((heir, me)) = other
            && core.entrust(&heir.cell, self.settings.id, &me.as_holding()).is_ok()
        {
            self.owner.store(heir.cell.pid().bits(), Ordering::Release);
            return Some(heir.clone());
        }
        self.owner.store(0, Ordering::SeqCst);
        None
    }
}

impl<S: Entries + ?Sized> Holding for Owned<S> {
    fn give_back(&self, core: &Core, holder: &Running, steps: &mut Steps) -> bool {
        if let Some(heir) = self.pass(core, holder.pid()) {
            tell(&heir, holder.pid());
            return true;
        }
        if self.owner().is_some() {
            // It was given away just before.
            return true;
        }
        self.touch(Access::Write);
        self.vanish();
        match contain(holder, || self.entries.clear(&mut || steps.next())) {
            Ok(done) => done,
            Err(panic) => {
                report(format_args!("a table's entry, dropped at the end of its owner: {panic}"));
                // That entry is gone; on with the others.
                false
            }
        }
    }
}

/// Tells an heir.
fn tell(heir: &Heir, from: Pid) {
    let mut made = None;
    crate::runtime::guarded("a table's notice", || made = (heir.notice)(from));
    if let Some(mail) = made {
        notify(&heir.cell, || mail);
    }
}

impl<S: Entries + 'static> Ownable for Owned<S> {
    fn set_heir(&self, heir: Heir) {
        *self.heir.lock() = Some(heir);
    }

    fn as_holding(self: Arc<Self>) -> Arc<dyn Holding> {
        self
    }
}

impl From<Unheld> for TableError {
    fn from(unheld: Unheld) -> Self {
        match unheld {
            Unheld::NoProc => Self::NoProc,
            Unheld::Limit(limit) => Self::SystemLimit(limit),
        }
    }
}
