//! What processes hold in services beside them, as programs see it: groups, tables, keys.
//!
//! All of it is given back at the end of a process, before anybody hears of that end:
//! `runtime/HOLDINGS.md` has the protocol. The structures are of lower layers and know only pids;
//! here they are joined with refs and messages.

mod bag_table;
mod group;
mod keyed;
mod owned;
mod scope;
mod table;
mod table_options;

use std::sync::Arc;

pub use bag_table::BagTable;
pub use group::{Change, Group, GroupError, GroupEvent, GroupMonitor};
pub use keyed::{Registry, RegistryError, RegistryEvent, Via};
pub use scope::{Scope, ScopeEvent};
pub use table::{OrderedTable, Table};
pub use table_options::{TableAccess, TableError, TableInfo, TableOptions, Transfer, WrongTable};

use super::{Address, ProcessRef};
use crate::{
    limits,
    process::{CellRef, Mail},
    runtime::{Core, env::Access, guarded, report, route},
    sync::{AtomicBool, Ordering},
};

/// The present process behind a ref, if it is one of this runtime.
fn local<R: ProcessRef>(core: &Core, of: &R) -> Result<(CellRef, Address<R::Message>), Stranger> {
    let cell = of.as_address().cell().ok_or(Stranger::NoProc)?;
    if !std::ptr::eq(Core::at(&cell), core) {
        return Err(Stranger::NotLocal);
    }
    let plain = of.as_address().plainly(cell.clone());
    Ok((cell, plain))
}

/// Why a ref leads to no process of this runtime.
enum Stranger {
    NoProc,
    NotLocal,
}

/// The notices of one who watches what others do, and so may be sent any number of them. None is
/// left out, so they need no room, up to the hard mark of the mailbox: who has fallen so far behind
/// is killed. Whoever comes after it begins with what is so then.
struct Notices {
    to: CellRef,
    over: AtomicBool,
}

impl Notices {
    fn new(to: CellRef) -> Self {
        Self { to, over: AtomicBool::new(false) }
    }

    fn send(&self, make: impl FnOnce() -> Mail) {
        let hard = limits::mailbox_hard(self.to.state().mailbox() as usize);
        if self.to.mailbox_len() < hard {
            return notify(&self.to, make);
        }
        // Relaxed: a process that is killed twice ends once.
        if !self.over.swap(true, Ordering::Relaxed) {
            if Core::at(&self.to).environment().is_none() {
                let (pid, name) = (self.to.pid(), self.to.table().name);
                report(format_args!(
                    "process {pid} ({name}) is killed: {hard} messages wait, and what it watches \
                     has more"
                ));
            }
            route::kill(&self.to);
        }
    }
}

/// Sends a notice of a service: like a DOWN it needs no room. It is made here, by the program.
fn notify(to: &CellRef, make: impl FnOnce() -> Mail) {
    guarded("a service's notice", || {
        drop(route::send_kept(crate::process::current::pid(), to, make()));
    });
}

/// Says that a shared object is touched. Its name is made for who wants to know.
fn shared(core: &Arc<Core>, object: impl FnOnce() -> String, access: Access) {
    if core.environment().is_some() {
        core.shared(&object(), access);
    }
}
