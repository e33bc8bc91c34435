//! Tables with several values a key.

use std::{fmt, hash::Hash as HashKey, sync::Arc};

use super::{
    local, notify,
    owned::{Heir, Owned},
    table_options::{Made, TableError, TableInfo, TableOptions, Transfer},
};
use crate::{
    actor::ProcessRef,
    pid::Pid,
    tables::{Bag, Entries as _, Store as _},
};

/// A table with several values a key, in the order in which they came (OTP's `bag` and
/// `duplicate_bag`). As a [`Table`](super::Table) it belongs to a process, is gone with it, and is
/// read by anybody. To put a value in takes time in proportion to those that its key has.
///
/// ```
/// use actor_core::{ets::{BagTable, TableAccess, TableError}, prelude::*};
/// #[derive(Process)]
/// struct Topics;
/// #[handlers]
/// impl Topics {
///     #[call] fn open(&mut self, cx: &mut Context<Self>) -> Option<BagTable<String, u32>> {
///         BagTable::bag().name("topics").access(TableAccess::Public).create(cx).ok()
///     }
/// }
/// # let rt = Runtime::new()?;
/// let owner = rt.spawn(Topics)?;
/// let topics = owner.open().blocking()?.expect("the name is free");
/// for reader in [3, 1, 3] {
///     topics.insert("rust".into(), reader)?; // 3 is there: it stays once
/// }
/// assert_eq!(topics.lookup(&"rust".into())?, [3, 1]);
/// assert!(topics.member(&"rust".into())?);
/// assert_eq!(topics.delete_object(&"rust".into(), |reader| *reader == 3)?, 1);
/// assert_eq!((topics.size()?, topics.entries()?), (1, vec![("rust".into(), 1)]));
/// assert_eq!(topics.take(&"rust".into())?, [1]);
/// assert_eq!((topics.name(), topics.owner()), (Some("topics"), owner.pid()));
/// owner.stop(ExitReason::Normal).blocking();
/// assert_eq!(topics.size(), Err(TableError::Gone));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BagTable<K: 'static, V: 'static>(Arc<Owned<Bag<K, V>>>);

impl<K, V> Clone for BagTable<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> fmt::Debug for BagTable<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings();
        f.debug_struct("BagTable").field("id", &settings.id).field("name", &settings.name).finish()
    }
}

impl<K, V> BagTable<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A key has each value once: another that equals it is not put in. What keys do when they are
    /// compared, hashed and cloned must not use the table. The [type's example](Self) uses it.
    pub fn bag() -> TableOptions<Self>
    where
        V: PartialEq,
    {
        Self::with(Some(V::eq))
    }

    /// A key may have a value several times.
    ///
    /// ```
    /// use actor_core::{ets::BagTable, prelude::*};
    /// # #[derive(Process)] struct Owner;
    /// # #[handlers]
    /// # impl Owner {
    /// #     #[call] fn twice(&mut self, cx: &mut Context<Self>) -> usize {
    /// let Ok(log) = BagTable::duplicate_bag().create(cx) else { return 0 };
    /// let _ = (log.insert("door", "open"), log.insert("door", "open"));
    /// log.lookup(&"door").map_or(0, |values| values.len())
    /// #     }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # assert_eq!(rt.spawn(Owner)?.twice().blocking()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn duplicate_bag() -> TableOptions<Self> {
        Self::with(None)
    }

    fn with(same: Option<fn(&V, &V) -> bool>) -> TableOptions<Self> {
        TableOptions::new(move |settings| {
            let fixed = settings.core.environment().is_some();
            let owned = Owned::new(settings, Bag::new(same, fixed));
            let again = Arc::downgrade(&owned);
            let again = move || again.upgrade().map(|owned| Self(owned));
            Made { handle: Self(owned.clone()), table: owned, again: Box::new(again) }
        })
    }

    /// Puts a value in, behind those that the key has. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`TableError::NotOwner`], [`TableError::Full`], [`TableError::Gone`].
    pub fn insert(&self, key: K, value: V) -> Result<(), TableError> {
        let entries = self.0.write()?;
        let limit = self.0.settings().limit;
        if entries.len() >= limit {
            return Err(TableError::Full(limit));
        }
        entries.put(key.clone(), value);
        if self.0.written() {
            return Ok(());
        }
        drop(entries.take(&key));
        Err(TableError::Gone)
    }

    /// The key's values, in the order in which they came. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`TableError::Gone`]; [`TableError::NotOwner`] of a private table.
    pub fn lookup(&self, key: &K) -> Result<Vec<V>, TableError> {
        Ok(self.0.read()?.get(key))
    }

    /// Whether the key has a value. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn member(&self, key: &K) -> Result<bool, TableError> {
        Ok(self.0.read()?.has(key))
    }

    /// Takes a key out, and gives its values. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`TableError::NotOwner`], [`TableError::Gone`].
    pub fn take(&self, key: &K) -> Result<Vec<V>, TableError> {
        Ok(self.0.write()?.take(key))
    }

    /// Takes those values of a key out that `chosen` says; how many. `chosen` may be asked several
    /// times for one. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    pub fn delete_object(&self, key: &K, chosen: impl Fn(&V) -> bool) -> Result<usize, TableError> {
        Ok(self.0.write()?.remove(key, &chosen))
    }

    /// All entries; [`Table::select`](super::Table::select) says which are seen. The [type's
    /// example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn entries(&self) -> Result<Vec<(K, V)>, TableError> {
        Ok(self.0.read()?.all())
    }

    /// How many values there are, of all keys. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    pub fn size(&self) -> Result<usize, TableError> {
        Ok(self.0.read()?.len())
    }

    /// The end of the table; as [`Table::delete_table`](super::Table::delete_table), which has the
    /// example.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
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

    /// Gives the table to another process; as [`Table::give_away`](super::Table::give_away), which
    /// has the example.
    ///
    /// # Errors
    /// As there.
    ///
    /// # If the process is gone
    /// [`TableError::NoProc`], and the table stays.
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
    /// [`TableOptions::heir`]. [`Table::set_heir`](super::Table::set_heir) has the example.
    ///
    /// # Errors
    /// [`TableError::NotOwner`] unless the owner asks, [`TableError::NotLocal`] for a process of
    /// another runtime, [`TableError::Gone`].
    ///
    /// # If the process is gone
    /// [`TableError::NoProc`] for a supervised ref in its gap. One that is dead when it would
    /// inherit does not, and the table ends with its owner.
    ///
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
