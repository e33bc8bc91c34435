//! What a table is made with.

use std::{any::Any, fmt, marker::PhantomData, sync::Arc};

use super::owned::{Heir, Ownable, Settings};
use crate::{
    actor::{Context, ProcessRef, Server},
    error::SystemLimit,
    limits,
    pid::Pid,
    process::CellRef,
    runtime::{Core, RuntimeHandle, env::Access},
};

/// Why a table did not do what was asked. [`Table`](super::Table) has an example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The table is gone: its owner has ended, or it was deleted.
    #[error("badarg: the table is gone")]
    Gone,
    /// It is the owner alone who may do that.
    #[error("badarg: only the owner of the table may do that")]
    NotOwner,
    /// Another table has the name.
    #[error("badarg: the name {0:?} is taken by another table")]
    NameTaken(String),
    /// It holds as many entries as it may.
    #[error("system_limit: the table holds {0} entries, as many as it may")]
    Full(usize),
    /// Who should own it has ended.
    #[error("noproc: there is no such process any more")]
    NoProc,
    /// Who should own it is a process of another runtime.
    #[error("nolocal: the process belongs to another runtime")]
    NotLocal,
    /// Who should own it holds as much as a process may.
    #[error(transparent)]
    SystemLimit(#[from] SystemLimit),
}

/// The table of that name is of another type. [`RuntimeHandle::table`] has the example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} names a table of another type")]
pub struct WrongTable {
    /// The name asked for.
    pub name: String,
}

/// Who may do what with a table. [`TableOptions::access`] has the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableAccess {
    /// Anybody reads and writes.
    Public,
    /// Anybody reads, the owner writes. The default.
    #[default]
    Protected,
    /// The owner reads and writes.
    Private,
}

/// What is known of a table: the answer of [`Table::info`](super::Table::info), which has the
/// example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableInfo {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Whose it is.
    pub owner: Pid,
    /// Who gets it when that one ends. It may be dead.
    pub heir: Option<Pid>,
    /// Who may touch it.
    pub access: TableAccess,
    /// How many entries it holds at most.
    pub limit: usize,
    /// How many it has.
    pub size: usize,
}

/// What the new owner of a table is told. [`TableOptions::heir`] has the example.
#[derive(Clone, Debug)]
pub struct Transfer<T> {
    /// The table.
    pub table: T,
    /// Whose it was.
    pub from: Pid,
}

/// How a table is to be made: by [`Table::set`](super::Table::set) and its like; then
/// [`create`](Self::create), which has the example.
#[must_use = "options make no table; finish with `.create(cx)`"]
pub struct TableOptions<T> {
    name: Option<Arc<str>>,
    access: TableAccess,
    limit: usize,
    heir: Option<(CellRef, Wrap<T>)>,
    make: Box<dyn FnOnce(Settings) -> Made<T> + Send>,
    table: PhantomData<fn() -> T>,
}

/// What makes an heir's mail.
type Wrap<T> = Arc<dyn Fn(Transfer<T>) -> crate::process::Mail + Send + Sync>;

/// A new table.
pub(super) struct Made<T> {
    pub(super) handle: T,
    pub(super) table: Arc<dyn Ownable>,
    /// The handle again, as long as there is one.
    pub(super) again: Box<dyn Fn() -> Option<T> + Send + Sync>,
}

impl<T> fmt::Debug for TableOptions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T: Clone + Send + Sync + 'static> TableOptions<T> {
    pub(super) fn new(make: impl FnOnce(Settings) -> Made<T> + Send + 'static) -> Self {
        Self {
            name: None,
            access: TableAccess::default(),
            limit: limits::TABLE,
            heir: None,
            make: Box::new(make),
            table: PhantomData,
        }
    }

    /// Gives it a name, by which [`RuntimeHandle::table`] finds it (and has the example). It is
    /// free again when the table is gone.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Who may read and write it; unless said otherwise, anybody and the owner.
    ///
    /// ```
    /// use actor_core::{ets::{Table, TableAccess}, prelude::*};
    /// #[derive(Process)]
    /// struct Hits(Option<Table<u32, u64>>);
    /// #[handlers]
    /// impl Hits {
    ///     #[call] fn open(&mut self, cx: &mut Context<Self>) -> Option<Table<u32, u64>> {
    ///         Table::set().access(TableAccess::Public).create(cx).ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let hits = rt.spawn(Hits(None))?;
    /// let table = hits.open().blocking()?.expect("there is room");
    /// assert_eq!(table.update_or_insert(7, 0, |hits| hits + 1)?, 1); // from any thread
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn access(mut self, access: TableAccess) -> Self {
        self.access = access;
        self
    }

    /// How many entries it holds at most: [`limits::TABLE`] unless set. Who writes at the same time
    /// as others may overstep it by as many as these are.
    ///
    /// ```
    /// use actor_core::{ets::{Table, TableError}, prelude::*};
    /// #[derive(Process)]
    /// struct Small;
    /// #[handlers]
    /// impl Small {
    ///     #[call] fn fill(&mut self, cx: &mut Context<Self>) -> Option<TableError> {
    ///         let table = Table::set().limit(1).create(cx).ok()?;
    ///         table.insert("a", 1).ok()?;
    ///         table.insert("b", 2).err()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.spawn(Small)?.fill().blocking()?, Some(TableError::Full(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = entries;
        self
    }

    /// Who gets the table when its owner ends: the process behind the ref now. If that lives then,
    /// it owns the table from that moment on, before anybody hears of the end, and is told by a
    /// message that `notice` makes (OTP's `ETS-TRANSFER`), for which it needs no room in its
    /// mailbox. If it does not, the table is gone as without an heir.
    ///
    /// ```
    /// use actor_core::{ets::{Table, Transfer}, prelude::*};
    /// type Words = Table<String, u64>;
    /// #[derive(Process)]
    /// struct Keeper { kept: Option<Words> }
    /// #[handlers]
    /// impl Keeper {
    ///     #[cast] fn inherit(&mut self, transfer: Transfer<Words>) {
    ///         self.kept = Some(transfer.table);
    ///     }
    ///     #[call] fn kept(&self) -> usize {
    ///         self.kept.as_ref().map_or(0, |words| words.size().unwrap_or_default())
    ///     }
    /// }
    /// #[derive(Process)]
    /// struct Counter;
    /// #[handlers]
    /// impl Counter {
    ///     #[call] fn count(&mut self, cx: &mut Context<Self>, keeper: KeeperRef) -> bool {
    ///         let notice = |transfer| KeeperMessage::Inherit { transfer };
    ///         let words: Words = Table::set().heir(&keeper, notice).create(cx).unwrap();
    ///         words.insert("moo".into(), 3).is_ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (keeper, counter) = (rt.spawn(Keeper { kept: None })?, rt.spawn(Counter)?);
    /// assert!(counter.count(keeper.clone()).blocking()?);
    /// counter.kill();
    /// counter.closed().blocking();
    /// assert_eq!(keeper.kept().blocking()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heir<R: ProcessRef>(
        mut self,
        heir: &R,
        notice: impl Fn(Transfer<T>) -> R::Message + Send + Sync + 'static,
    ) -> Self {
        let address = heir.as_address().clone();
        let wrap: Wrap<T> = {
            let address = address.clone();
            Arc::new(move |transfer| address.mail(notice(transfer)))
        };
        self.heir = address.cell().map(|cell| (cell, wrap));
        self
    }

    /// Makes the table; this process owns it.
    ///
    /// # Errors
    /// [`TableError::NameTaken`]; [`TableError::SystemLimit`] if the process holds
    /// [`limits::HOLDINGS`] things; [`TableError::NotLocal`] for an heir of another runtime.
    ///
    /// ```
    /// use actor_core::{ets::{OrderedTable, Table, TableError}, prelude::*};
    /// #[derive(Process)]
    /// struct Prices { prices: Option<OrderedTable<u32, &'static str>> }
    /// #[handlers]
    /// impl Prices {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), TableError> {
    ///         let prices = Table::ordered_set().name("prices").create(cx)?;
    ///         prices.insert(30, "tea")?;
    ///         prices.insert(20, "milk")?;
    ///         self.prices = Some(prices);
    ///         Ok(())
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let owner = rt.block_on(rt.start(Prices { prices: None }))?;
    /// let prices: OrderedTable<u32, &str> = rt.table("prices")?.expect("it is open");
    /// assert_eq!(prices.first()?, Some((20, "milk")));
    /// # drop(owner);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create<P: Server>(self, cx: &Context<P>) -> Result<T, TableError> {
        let Self { name, access, limit, heir, make, .. } = self;
        let (core, cell) = (cx.core(), cx.pin());
        if heir.as_ref().is_some_and(|(heir, _)| !std::ptr::eq(Core::at(heir), &*core)) {
            return Err(TableError::NotLocal);
        }
        let id = core.next_holding();
        let settings =
            Settings { core: core.clone(), id, owner: cx.pid(), name: name.clone(), access, limit };
        let Made { handle, table, again } = make(settings);
        if let Some((cell, wrap)) = heir {
            let notice = move |from| Some(wrap(Transfer { table: again()?, from }));
            table.set_heir(Heir { cell, notice: Arc::new(notice) });
        }
        core.entrust(&cell, id, &table.as_holding())?;
        if let Some(name) = name {
            core.shared(&format!("ets {name}"), Access::Write);
            if !core.tables.name(name.clone(), id, Arc::new(handle.clone())) {
                let _ = core.let_go(cell.pid(), id);
                return Err(TableError::NameTaken(name.to_string()));
            }
        }
        Ok(handle)
    }
}

impl RuntimeHandle {
    /// The table of this name, if there is one.
    ///
    /// # Errors
    /// [`WrongTable`] if it is one of another kind, or with other keys or values.
    ///
    /// # If the process is gone
    /// A table and its name are gone before anybody hears of its owner's end, unless it has an
    /// heir.
    ///
    /// ```
    /// use actor_core::{ets::{Table, WrongTable}, prelude::*};
    /// # #[derive(Process)] struct Owner;
    /// # #[handlers]
    /// # impl Owner {
    /// #     #[call] fn open(&mut self, cx: &mut Context<Self>) -> bool {
    /// #         Table::<u32, u32>::set().name("hits").create(cx).is_ok()
    /// #     }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # let owner = rt.spawn(Owner)?;
    /// # assert!(owner.open().blocking()?);
    /// assert!(rt.table::<Table<u32, u32>>("hits")?.is_some());
    /// assert!(rt.table::<Table<u32, u32>>("misses")?.is_none());
    /// let wrong = rt.table::<Table<String, u32>>("hits").map(|_| ());
    /// assert_eq!(wrong, Err(WrongTable { name: "hits".into() }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn table<T: Clone + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Option<T>, WrongTable> {
        let core = self.core();
        if core.environment().is_some() {
            core.shared(&format!("ets {name}"), Access::Read);
        }
        let Some(found) = core.tables.find(name) else { return Ok(None) };
        let found: Arc<dyn Any + Send + Sync> = found;
        match found.downcast_ref::<T>() {
            Some(table) => Ok(Some(table.clone())),
            None => Err(WrongTable { name: name.to_owned() }),
        }
    }
}
