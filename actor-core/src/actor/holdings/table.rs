//! Tables (OTP's `ets`).

use std::{
    fmt,
    hash::Hash as HashKey,
    ops::{Bound, Deref, RangeBounds},
    sync::Arc,
};

use super::{
    Stranger, local, notify,
    owned::{Heir, Owned},
    table_options::{Made, TableError, TableInfo, TableOptions, Transfer},
};
use crate::{
    actor::ProcessRef,
    pid::Pid,
    tables::{Hash, Single, Store as _, Tree},
};

impl From<Stranger> for TableError {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::NoProc => Self::NoProc,
            Stranger::NotLocal => Self::NotLocal,
        }
    }
}

/// A table that processes share: one value for each key. A handle; cheap to clone.
///
/// A table belongs to the process that made it, and is gone with it, before anybody hears of that
/// end, unless an heir gets it ([`TableOptions::heir`]). Anybody reads it, from processes and from
/// plain threads, without asking its owner; who may write, [`TableOptions::access`] says. Each
/// operation on one key is one step: no reader sees a half of it.
///
/// Values are cloned when they are read; a large one is best kept in an `Arc`.
///
/// ```
/// use actor_core::{ets::{Table, TableError}, prelude::*};
/// #[derive(Process)]
/// struct Stock(Option<Table<String, u32>>);
/// #[handlers]
/// impl Stock {
///     #[init] fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), TableError> {
///         let stock = Table::set().name("stock").create(cx)?;
///         stock.insert("tea".into(), 3)?;
///         assert!(!stock.insert_new("tea".into(), 9)?); // it is there
///         assert_eq!(stock.update(&"tea".into(), |left| left + 4)?, Some(7));
///         stock.insert("milk".into(), 1)?;
///         assert_eq!(stock.take(&"milk".into())?, Some(1));
///         self.0 = Some(stock);
///         Ok(())
///     }
///     #[cast] fn sell(&mut self) {
///         let stock = self.0.as_ref().expect("it was made in the beginning");
///         let _ = stock.delete(&"tea".into());
///         let _ = stock.delete_all();
///     }
/// }
/// let rt = Runtime::new()?;
/// let owner = rt.block_on(rt.start(Stock(None)))?;
/// let stock: Table<String, u32> = rt.table("stock")?.expect("it was made");
/// assert_eq!(stock.lookup(&"tea".into())?, Some(7));
/// assert!(stock.member(&"tea".into())?);
/// assert_eq!(stock.select(|key, left| (*left > 5).then(|| key.clone()))?, ["tea"]);
/// assert_eq!((stock.size()?, stock.entries()?), (1, vec![("tea".into(), 7)]));
/// assert_eq!((stock.name(), stock.owner()), (Some("stock"), owner.pid()));
/// assert_eq!(stock.insert("rum".into(), 1), Err(TableError::NotOwner));
/// owner.stop(ExitReason::Normal).blocking();
/// assert_eq!(stock.lookup(&"tea".into()), Err(TableError::Gone));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Table<K: 'static, V: 'static>(Arc<Owned<dyn Single<K, V>>>);

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings();
        f.debug_struct("Table")
            .field("id", &settings.id)
            .field("name", &settings.name)
            .field("owner", &self.0.owner())
            .finish()
    }
}

impl<K, V> Table<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A table without order. Its reads take no lock, but for one that nobody waits for while it
    /// holds few entries and no two threads have met at it: until then it is small, and costs some
    /// tens of kilobytes less. Keys must not use the table when they are compared, hashed or
    /// cloned. The [type's example](Self) uses it.
    pub fn set() -> TableOptions<Self> {
        TableOptions::new(|settings| {
            let fixed = settings.core.environment().is_some();
            let owned = Owned::new(settings, Hash::<K, V>::new(fixed));
            let again = Arc::downgrade(&owned);
            let again = move || again.upgrade().map(|owned| Self(owned));
            Made { handle: Self(owned.clone()), table: owned, again: Box::new(again) }
        })
    }
}

impl<K, V> Table<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A table whose keys are in order. [`OrderedTable`] has the example.
    pub fn ordered_set() -> TableOptions<OrderedTable<K, V>> {
        TableOptions::new(|settings| {
            let owned = Owned::new(settings, Tree::<K, V>::new());
            let handle = OrderedTable { table: Self(owned.clone()), tree: owned.clone() };
            let again = Arc::downgrade(&owned);
            let again = move || {
                let tree = again.upgrade()?;
                Some(OrderedTable { table: Self(tree.clone()), tree })
            };
            Made { handle, table: owned, again: Box::new(again) }
        })
    }
}

impl<K, V> Table<K, V> {
    fn put<T>(&self, key: K, put: impl FnOnce(&dyn Single<K, V>, K) -> T) -> Result<T, TableError>
    where
        K: Clone,
    {
        let entries = self.0.write()?;
        let limit = self.0.settings().limit;
        if entries.len() >= limit && !entries.has(&key) {
            return Err(TableError::Full(limit));
        }
        let done = put(entries, key.clone());
        if self.0.written() {
            return Ok(done);
        }
        drop(entries.take(&key));
        Err(TableError::Gone)
    }

    /// Puts a value in, in the place of the one that the key has. The [type's example](Self) uses
    /// it.
    ///
    /// # Errors
    /// [`TableError::NotOwner`], [`TableError::Full`], [`TableError::Gone`].
    pub fn insert(&self, key: K, value: V) -> Result<(), TableError>
    where
        K: Clone,
    {
        self.put(key, |entries, key| entries.put(key, value))
    }

    /// Puts a value in if the key has none; false: it has one. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    pub fn insert_new(&self, key: K, value: V) -> Result<bool, TableError>
    where
        K: Clone,
    {
        self.put(key, |entries, key| entries.put_new(key, value).is_none())
    }

    /// The key's value. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`TableError::Gone`]; [`TableError::NotOwner`] of a private table.
    pub fn lookup(&self, key: &K) -> Result<Option<V>, TableError> {
        Ok(self.0.read()?.get(key))
    }

    /// Whether the key has a value. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn member(&self, key: &K) -> Result<bool, TableError> {
        Ok(self.0.read()?.has(key))
    }

    /// Takes a key out; false: it was not in. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`TableError::NotOwner`], [`TableError::Gone`].
    pub fn delete(&self, key: &K) -> Result<bool, TableError> {
        Ok(!self.0.write()?.take(key).is_empty())
    }

    /// Takes a key out, and gives its value. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`delete`](Self::delete).
    pub fn take(&self, key: &K) -> Result<Option<V>, TableError> {
        Ok(self.0.write()?.take(key).pop())
    }

    /// Changes the key's value in one step, and gives the new one; `None`: it has none. No change
    /// by another is lost: if one comes in between, `change` is asked again, so it may run several
    /// times and should do nothing else. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`delete`](Self::delete).
    pub fn update(&self, key: &K, change: impl Fn(&V) -> V) -> Result<Option<V>, TableError> {
        let changed = self.0.write()?.update(key, &change);
        if self.0.written() { Ok(changed) } else { Err(TableError::Gone) }
    }

    /// The same, beginning with `first` if the key has no value (OTP's `update_counter` with a
    /// default): then it gets the change of that. [`TableOptions::access`] has the example.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    pub fn update_or_insert(
        &self,
        key: K,
        first: V,
        change: impl Fn(&V) -> V,
    ) -> Result<V, TableError>
    where
        K: Clone,
        V: Clone,
    {
        loop {
            if let Some(changed) = self.update(&key, &change)? {
                return Ok(changed);
            }
            let new = change(&first);
            if self.insert_new(key.clone(), new.clone())? {
                return Ok(new);
            }
        }
    }

    /// What `pick` makes of the entries that it chooses. Each entry that is there all the while is
    /// shown once; one that is put in, changed or taken out meanwhile may be shown as it was before
    /// or after. In the order of the keys, if the table has one, and then all of one moment. `pick`
    /// runs when the look is over, so it may use the table. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn select<T>(
        &self,
        mut pick: impl FnMut(&K, &V) -> Option<T>,
    ) -> Result<Vec<T>, TableError> {
        let all = self.0.read()?.all();
        Ok(all.iter().filter_map(|(key, value)| pick(key, value)).collect())
    }

    /// All entries, as [`select`](Self::select) sees them (OTP's `tab2list`). The [type's
    /// example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn entries(&self) -> Result<Vec<(K, V)>, TableError> {
        Ok(self.0.read()?.all())
    }

    /// How many entries there are. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn size(&self) -> Result<usize, TableError> {
        Ok(self.0.read()?.len())
    }

    /// Takes all entries out (OTP's `delete_all_objects`). What others put in meanwhile may stay.
    /// The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`delete`](Self::delete).
    pub fn delete_all(&self) -> Result<(), TableError> {
        let entries = self.0.write()?;
        while !entries.clear(&mut || true) {}
        Ok(())
    }

    /// The end of the table, by its owner or by anybody if it is public (OTP's `delete/1`).
    ///
    /// # Errors
    /// As for [`delete`](Self::delete).
    ///
    /// ```
    /// use actor_core::{ets::{Table, TableError}, prelude::*};
    /// # #[derive(Process)] struct Owner;
    /// # #[handlers]
    /// # impl Owner {
    /// #     #[call] fn brief(&mut self, cx: &mut Context<Self>) -> Option<TableError> {
    /// let table: Table<u32, u32> = Table::set().create(cx).ok()?;
    /// table.delete_table().ok()?;
    /// table.size().err()
    /// #     }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # assert_eq!(rt.spawn(Owner)?.brief().blocking()?, Some(TableError::Gone));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete_table(&self) -> Result<(), TableError> {
        self.0.delete()
    }

    /// Whose it is; `None`: it is gone. The [type's example](Self) uses it.
    pub fn owner(&self) -> Option<Pid> {
        self.0.owner()
    }

    /// Its name. The [type's example](Self) uses it.
    pub fn name(&self) -> Option<&str> {
        self.0.settings().name.as_deref()
    }

    /// Gives the table to another process, which owns it when this returns, and is told by the
    /// message that `notice` makes, for which it needs no room.
    ///
    /// # Errors
    /// [`TableError::NotOwner`] unless the owner asks, [`TableError::NotLocal`] for a process of
    /// another runtime.
    ///
    /// # If the process is gone
    /// [`TableError::NoProc`], and the table stays.
    ///
    /// ```
    /// use actor_core::{ets::{Table, Transfer}, prelude::*};
    /// #[derive(Process)]
    /// struct Keeper { kept: Option<Table<u32, u32>> }
    /// #[handlers]
    /// impl Keeper {
    ///     #[cast] fn keep(&mut self, transfer: Transfer<Table<u32, u32>>) {
    ///         self.kept = Some(transfer.table);
    ///     }
    ///     #[call] fn hand_over(&mut self, cx: &mut Context<Self>, to: KeeperRef) -> bool {
    ///         let Ok(table) = Table::<u32, u32>::set().create(cx) else { return false };
    ///         table.give_away(&to, |transfer| KeeperMessage::Keep { transfer }).is_ok()
    ///     }
    ///     #[call] fn owns(&self) -> bool {
    ///         self.kept.as_ref().is_some_and(|table| table.insert(1, 1).is_ok())
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (one, other) = (rt.spawn(Keeper { kept: None })?, rt.spawn(Keeper { kept: None })?);
    /// assert!(one.hand_over(other.clone()).blocking()?);
    /// assert!(other.owns().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_away<R: ProcessRef>(
        &self,
        to: &R,
        notice: impl FnOnce(Transfer<Self>) -> R::Message,
    ) -> Result<(), TableError> {
        let (cell, address) = local(&self.0.settings().core, to)?;
        let from = self.0.give_away(&cell)?;
        let table = self.clone();
        notify(&cell, || address.mail(notice(Transfer { table, from })));
        Ok(())
    }

    /// Names who gets the table when its owner ends, in the place of who was named before (OTP's
    /// `setopts` with `heir`). That one is told by the message that `notice` makes, as with
    /// [`TableOptions::heir`].
    ///
    /// # Errors
    /// [`TableError::NotOwner`] unless the owner asks, [`TableError::NotLocal`] for a process of
    /// another runtime, [`TableError::Gone`].
    ///
    /// # If the process is gone
    /// [`TableError::NoProc`] for a supervised ref in its gap. One that is dead when it would
    /// inherit does not, and the table ends with its owner.
    ///
    /// ```
    /// use actor_core::{ets::{Table, Transfer}, prelude::*};
    /// #[derive(Process)]
    /// struct Keeper { kept: Option<Table<u32, u32>> }
    /// #[handlers]
    /// impl Keeper {
    ///     #[cast] fn keep(&mut self, transfer: Transfer<Table<u32, u32>>) {
    ///         self.kept = Some(transfer.table);
    ///     }
    ///     #[call] fn begin(&mut self, cx: &mut Context<Self>, heir: KeeperRef) -> bool {
    ///         let Ok(table) = Table::<u32, u32>::set().create(cx) else { return false };
    ///         let set = table.set_heir(&heir, |transfer| KeeperMessage::Keep { transfer });
    ///         assert_eq!(table.info().expect("it is there").heir, heir.pid());
    ///         set.is_ok()
    ///     }
    ///     #[call] fn owner(&self) -> Option<actor_core::Pid> { self.kept.as_ref()?.owner() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (one, heir) = (rt.spawn(Keeper { kept: None })?, rt.spawn(Keeper { kept: None })?);
    /// assert!(one.begin(heir.clone()).blocking()?);
    /// one.stop(ExitReason::Normal).blocking();
    /// assert_eq!(heir.owner().blocking()?, heir.pid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_heir<R: ProcessRef>(
        &self,
        heir: &R,
        notice: impl Fn(Transfer<Self>) -> R::Message + Send + Sync + 'static,
    ) -> Result<(), TableError> {
        let (cell, address) = local(&self.0.settings().core, heir)?;
        let again = Arc::downgrade(&self.0);
        let notice = move |from| {
            let table = Self(again.upgrade()?);
            Some(address.mail(notice(Transfer { table, from })))
        };
        self.0.replace_heir(Some(Heir { cell, notice: Arc::new(notice) }))
    }

    /// Nobody gets the table when its owner ends. [`set_heir`](Self::set_heir) is the opposite, and
    /// has the example.
    ///
    /// # Errors
    /// As there.
    pub fn no_heir(&self) -> Result<(), TableError> {
        self.0.replace_heir(None)
    }

    /// What is known of it, to anybody; `None`: it is gone. [`set_heir`](Self::set_heir) has the
    /// example.
    pub fn info(&self) -> Option<TableInfo> {
        self.0.info()
    }
}

/// A table whose keys are in order: all that a [`Table`] does, and walks. A walk by
/// [`next`](Self::next) from a key goes on behind it, whether or not that is there still.
///
/// ```
/// use actor_core::{ets::Table, prelude::*};
/// #[derive(Process)]
/// struct Steps;
/// #[handlers]
/// impl Steps {
///     #[call] fn walk(&mut self, cx: &mut Context<Self>) -> Vec<u32> {
///         let Ok(table) = Table::ordered_set().create(cx) else { return Vec::new() };
///         for key in [30, 10, 20] {
///             let _ = table.insert(key, key * 2);
///         }
///         assert_eq!(table.first(), Ok(Some((10, 20))));
///         assert_eq!(table.last(), Ok(Some((30, 60))));
///         assert_eq!(table.next(&15), Ok(Some((20, 40))));
///         assert_eq!(table.prev(&10), Ok(None));
///         assert_eq!(table.range(15..), Ok(vec![(20, 40), (30, 60)]));
///         table.entries().unwrap_or_default().into_iter().map(|(key, _)| key).collect()
///     }
/// }
/// # let rt = Runtime::new()?;
/// assert_eq!(rt.spawn(Steps)?.walk().blocking()?, [10, 20, 30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OrderedTable<K: 'static, V: 'static> {
    table: Table<K, V>,
    tree: Arc<Owned<Tree<K, V>>>,
}

impl<K, V> Clone for OrderedTable<K, V> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), tree: self.tree.clone() }
    }
}

impl<K, V> fmt::Debug for OrderedTable<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

impl<K, V> Deref for OrderedTable<K, V> {
    type Target = Table<K, V>;

    fn deref(&self) -> &Table<K, V> {
        &self.table
    }
}

impl<K, V> OrderedTable<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Puts several entries in, in one step: who walks or reads a range sees all of them or none,
    /// and if there is no room for all, none goes in. Of two with one key the last one counts.
    ///
    /// A table without order has no such step: its reads take no lock.
    ///
    /// # Errors
    /// As for [`Table::insert`].
    ///
    /// ```
    /// use actor_core::{ets::Table, prelude::*};
    /// # #[derive(Process)] struct Steps;
    /// # #[handlers]
    /// # impl Steps {
    /// #     #[call] fn walk(&mut self, cx: &mut Context<Self>) -> usize {
    /// let Ok(table) = Table::ordered_set().create(cx) else { return 0 };
    /// let moved = [("from", -5), ("to", 5)];
    /// table.insert_all(moved).map_or(0, |()| table.size().unwrap_or(0))
    /// #     }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # assert_eq!(rt.spawn(Steps)?.walk().blocking()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_all(&self, entries: impl IntoIterator<Item = (K, V)>) -> Result<(), TableError> {
        let all: Vec<(K, V)> = entries.into_iter().collect();
        let keys: Vec<K> = all.iter().map(|(key, _)| key.clone()).collect();
        let tree = self.tree.write()?;
        let limit = self.tree.settings().limit;
        if !tree.put_all(all, limit) {
            return Err(TableError::Full(limit));
        }
        if self.tree.written() {
            return Ok(());
        }
        keys.iter().for_each(|key| drop(tree.take(key)));
        Err(TableError::Gone)
    }

    /// The entry with the least key. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`Table::lookup`].
    pub fn first(&self) -> Result<Option<(K, V)>, TableError> {
        Ok(self.tree.read()?.first(Bound::Unbounded, Bound::Unbounded))
    }

    /// The entry with the greatest key. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`Table::lookup`].
    pub fn last(&self) -> Result<Option<(K, V)>, TableError> {
        Ok(self.tree.read()?.last(Bound::Unbounded, Bound::Unbounded))
    }

    /// The first entry behind this key. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`Table::lookup`].
    pub fn next(&self, key: &K) -> Result<Option<(K, V)>, TableError> {
        Ok(self.tree.read()?.first(Bound::Excluded(key), Bound::Unbounded))
    }

    /// The last entry before this key. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`Table::lookup`].
    pub fn prev(&self, key: &K) -> Result<Option<(K, V)>, TableError> {
        Ok(self.tree.read()?.last(Bound::Unbounded, Bound::Excluded(key)))
    }

    /// All entries with these keys at one moment, in order. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`Table::lookup`].
    pub fn range(&self, keys: impl RangeBounds<K>) -> Result<Vec<(K, V)>, TableError> {
        Ok(self.tree.read()?.range(keys.start_bound(), keys.end_bound()))
    }
}
