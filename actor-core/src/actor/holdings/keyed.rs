//! Registries by key (Elixir's `Registry`), and starts under a key (OTP's `via`).

use std::{fmt, hash::Hash, sync::Arc};

use super::{Notices, Stranger, local, shared};
use crate::{
    actor::{Address, Context, Handle, ProcessRef, Server},
    error::{StartError, SystemLimit},
    pid::Pid,
    process::{Accepts, CellRef, Mail, Message, ReplyPort, Running},
    registry::keyed::{Entry, Keyed, Unregistered},
    runtime::{
        Core, RuntimeHandle,
        env::Access,
        holdings::{Holding, HoldingId, Unheld},
        steps::Steps,
    },
    sync::Mutex,
};

/// Why a process was not registered. [`Registry::register`] has an example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The key is another process's.
    #[error("already_registered: the key belongs to {0}")]
    AlreadyRegistered(Pid),
    /// There is no such process any more.
    #[error("noproc: there is no such process any more")]
    NoProc,
    /// It is a process of another runtime.
    #[error("nolocal: the process belongs to another runtime")]
    NotLocal,
    /// It holds as much as a process may.
    #[error(transparent)]
    SystemLimit(#[from] SystemLimit),
}

impl From<Stranger> for RegistryError {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::NoProc => Self::NoProc,
            Stranger::NotLocal => Self::NotLocal,
        }
    }
}

impl From<Unregistered<Unheld>> for RegistryError {
    fn from(unregistered: Unregistered<Unheld>) -> Self {
        match unregistered {
            Unregistered::Taken(by) => Self::AlreadyRegistered(by),
            Unregistered::Ended | Unregistered::Refused(Unheld::NoProc) => Self::NoProc,
            Unregistered::Refused(Unheld::Limit(limit)) => Self::SystemLimit(limit),
        }
    }
}

/// What a listener is told: a key was registered, or is no longer. [`Registry::listen`] has the
/// example.
#[derive(Clone, Debug)]
pub struct RegistryEvent<K, R, V> {
    /// True: it was registered; false: its process has unregistered it, or ended.
    pub registered: bool,
    /// The key.
    pub key: K,
    /// The process.
    pub process: R,
    /// What was beside the key.
    pub value: V,
}

/// What is beside a key: who, and what the program wants.
type What<M, V> = (Address<M>, V);

type Tell<K, M, V> = Arc<dyn Fn(bool, &K, &What<M, V>) + Send + Sync>;

type Listeners<K, M, V> = Vec<(HoldingId, Tell<K, M, V>)>;

struct Inner<K, M: Message, V> {
    core: Arc<Core>,
    id: HoldingId,
    keyed: Keyed<K, What<M, V>>,
    listeners: Mutex<Listeners<K, M, V>>,
}

/// Processes by keys of the program's own type, each with a value: what a name is, for as many and
/// as rich names as wanted. A handle; cheap to clone. It lives as long as somebody has it.
///
/// In a *unique* registry a key belongs to one process at most, in a *duplicate* one to any number.
/// A process has any number of keys; all are gone with it, before anybody hears of its end, and who
/// is dead never keeps a key from others. The refs in it are plain: a process that is restarted
/// registers anew, in its `#[init]` or by its start ([`via`](Self::via)).
///
/// ```
/// use actor_core::{keyed::Registry, prelude::*};
/// #[derive(Process)]
/// struct Room { topic: String }
/// #[handlers]
/// impl Room {
///     #[call] fn topic(&self) -> String { self.topic.clone() }
/// }
/// let rt = Runtime::new()?;
/// let rooms: Registry<(u32, String), RoomRef, u32> = Registry::unique(&rt);
/// let room = rt.spawn(Room { topic: "rust".into() })?;
/// rooms.register(&room, (7, "attic".into()), 40)?;
///
/// let found = rooms.whereis(&(7, "attic".into())).expect("it is there");
/// assert_eq!(found.topic().blocking()?, "rust");
/// assert_eq!(rooms.lookup(&(7, "attic".into()))[0].1, 40);
/// assert_eq!(rooms.update_value(&room, &(7, "attic".into()), |seats| seats - 1), Some(39));
/// assert_eq!(rooms.keys(&room), [(7, "attic".into())]);
/// assert_eq!(rooms.select(|key, _, seats| (*seats > 30).then_some(key.0)), [7]);
/// assert_eq!(rooms.count(), 1);
/// assert!(rooms.unregister(&room, &(7, "attic".into())));
/// assert!(rooms.whereis(&(7, "attic".into())).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registry<K, R: ProcessRef, V = ()>(Arc<Inner<K, R::Message, V>>);

impl<K, R: ProcessRef, V> Clone for Registry<K, R, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, R: ProcessRef, V> fmt::Debug for Registry<K, R, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.0.id).finish()
    }
}

impl<K, R, V> Registry<K, R, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    R: ProcessRef,
    V: Clone + Send + Sync + 'static,
{
    /// A registry in which a key belongs to one process at most. The [type's example](Self) uses
    /// it.
    pub fn unique(runtime: &RuntimeHandle) -> Self {
        Self::new(runtime, true)
    }

    /// A registry in which several processes may have a key, and one may have it several times.
    ///
    /// ```
    /// use actor_core::{keyed::Registry, prelude::*};
    /// # #[derive(Process)] struct Reader { read: u32 }
    /// # #[handlers]
    /// # impl Reader {
    /// #     #[cast] fn page(&mut self) { self.read += 1 }
    /// #     #[call] fn read(&self) -> u32 { self.read }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let topics: Registry<&str, ReaderRef> = Registry::duplicate(&rt);
    /// let (ann, bob) = (rt.spawn(Reader { read: 0 })?, rt.spawn(Reader { read: 0 })?);
    /// topics.register(&ann, "rust", ())?;
    /// topics.register(&bob, "rust", ())?;
    /// assert_eq!(topics.dispatch(&"rust", |reader, ()| drop(reader.page())), 2);
    /// assert_eq!(ann.read().blocking()? + bob.read().blocking()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn duplicate(runtime: &RuntimeHandle) -> Self {
        Self::new(runtime, false)
    }

    fn new(runtime: &RuntimeHandle, unique: bool) -> Self {
        let core = runtime.core().clone();
        let id = core.next_holding();
        Self(Arc::new(Inner { core, id, keyed: Keyed::new(unique), listeners: Mutex::default() }))
    }

    /// Registers a process under a key, with a value beside it. Of a supervised ref, the present
    /// process is meant.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyRegistered`] if the key of a unique registry belongs to a living
    /// process, this one included; [`RegistryError::NotLocal`] for a process of another runtime.
    ///
    /// # If the process is gone
    /// [`RegistryError::NoProc`].
    ///
    /// ```
    /// use actor_core::{keyed::{Registry, RegistryError}, prelude::*};
    /// # #[derive(Process)] struct Room;
    /// # #[handlers] impl Room {}
    /// # let rt = Runtime::new()?;
    /// let rooms: Registry<&str, RoomRef> = Registry::unique(&rt);
    /// let (one, other) = (rt.spawn(Room)?, rt.spawn(Room)?);
    /// rooms.register(&one, "attic", ())?;
    /// let taken = RegistryError::AlreadyRegistered(one.pid().expect("it was started"));
    /// assert_eq!(rooms.register(&other, "attic", ()), Err(taken));
    /// one.stop(ExitReason::Normal).blocking();
    /// assert_eq!(rooms.register(&other, "attic", ()), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register(&self, who: &R, key: K, value: V) -> Result<(), RegistryError> {
        let (cell, address) = local(&self.0.core, who)?;
        self.put(&cell, address, key, value).map_err(RegistryError::from)
    }

    fn put(
        &self,
        cell: &CellRef,
        who: Address<R::Message>,
        key: K,
        value: V,
    ) -> Result<(), Unregistered<Unheld>> {
        let Inner { core, id, keyed, .. } = &*self.0;
        self.0.touch(Access::Write);
        let holding: Arc<dyn Holding> = self.0.clone();
        let what = (who, value);
        let (told, event) = (key.clone(), what.clone());
        let admit = || core.entrust(cell, *id, &holding);
        let give_up = || _ = core.let_go(cell.pid(), *id);
        let lives = |(who, _): &What<R::Message, V>| who.is_alive();
        keyed.register(key, cell.pid(), what, admit, give_up, lives)?;
        self.0.tell(true, &told, &event);
        Ok(())
    }

    /// Takes a key from a process, as often as it has it; false: it has it not. Anybody may do
    /// that. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// It has no keys: false.
    pub fn unregister(&self, who: &R, key: &K) -> bool {
        let Inner { core, id, keyed, .. } = &*self.0;
        self.0.touch(Access::Write);
        let Some(pid) = who.as_address().pid() else { return false };
        let removed = keyed.unregister(key, pid, || _ = core.let_go(pid, *id));
        removed.iter().for_each(|entry| self.0.tell(false, key, &entry.what));
        !removed.is_empty()
    }

    fn living(&self, key: &K) -> impl Iterator<Item = (R, V)> {
        self.0.touch(Access::Read);
        let entries = self.0.keyed.get(key).into_iter().map(|entry| entry.what);
        let living = entries.filter(|(who, _)| who.is_alive());
        living.map(|(who, value)| (R::from_address(who), value))
    }

    /// Who has the key, with what is beside it, in the order in which they came. The [type's
    /// example](Self) uses it.
    ///
    /// # If the process is gone
    /// It is not among them.
    pub fn lookup(&self, key: &K) -> Vec<(R, V)> {
        self.living(key).collect()
    }

    /// Who has the key; of several, who came first. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// It has no key: `None`.
    pub fn whereis(&self, key: &K) -> Option<R> {
        self.living(key).next().map(|(who, _)| who)
    }

    /// Does something with each who has the key, here, in the caller; with how many. The example is
    /// at [`duplicate`](Self::duplicate).
    pub fn dispatch(&self, key: &K, mut with: impl FnMut(&R, &V)) -> usize {
        let living = self.lookup(key);
        living.iter().for_each(|(who, value)| with(who, value));
        living.len()
    }

    /// The keys of a process, in the order in which they came. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// None.
    pub fn keys(&self, who: &R) -> Vec<K> {
        self.0.touch(Access::Read);
        who.as_address().pid().map(|pid| self.0.keyed.keys(pid)).unwrap_or_default()
    }

    /// Changes what is beside a process's key, in one step, and gives the new value; `None`: it has
    /// not that key. If another changes it meanwhile, `change` is asked again. The [type's
    /// example](Self) uses it.
    pub fn update_value(&self, who: &R, key: &K, change: impl Fn(&V) -> V) -> Option<V> {
        self.0.touch(Access::Write);
        let pid = who.as_address().pid()?;
        let change = |(who, value): &What<R::Message, V>| (who.clone(), change(value));
        self.0.keyed.update(key, pid, change).map(|(_, value)| value)
    }

    /// What `pick` makes of the entries that it chooses, the oldest first. The [type's
    /// example](Self) uses it.
    pub fn select<T>(&self, mut pick: impl FnMut(&K, &R, &V) -> Option<T>) -> Vec<T> {
        self.0.touch(Access::Read);
        let all = self.0.keyed.all().into_iter();
        let living = all.filter(|(_, Entry { what: (who, _), .. })| who.is_alive());
        let picked = living.filter_map(|(key, Entry { what: (who, value), .. })| {
            pick(&key, &R::from_address(who), &value)
        });
        picked.collect()
    }

    /// How many entries there are. The [type's example](Self) uses it.
    pub fn count(&self) -> usize {
        self.select(|_, _, _| Some(())).len()
    }

    /// Tells this process of every key that is registered or unregistered from now on, by a message
    /// that `wrap` makes, for which it needs no room. It ends with the process.
    ///
    /// # Errors
    /// [`RegistryError::SystemLimit`], [`RegistryError::NoProc`] if it was killed.
    ///
    /// ```
    /// use actor_core::{keyed::{Registry, RegistryEvent}, prelude::*};
    /// # #[derive(Process)] struct Room;
    /// # #[handlers] impl Room {}
    /// type Rooms = Registry<u32, RoomRef>;
    /// #[derive(Process)]
    /// struct Porter { open: usize }
    /// #[handlers]
    /// impl Porter {
    ///     #[call] fn listen(&self, cx: &mut Context<Self>, rooms: Rooms) -> bool {
    ///         rooms.listen(cx, |event| PorterMessage::Changed { event }).is_ok()
    ///     }
    ///     #[cast] fn changed(&mut self, event: RegistryEvent<u32, RoomRef, ()>) {
    ///         if event.registered { self.open += 1 } else { self.open -= 1 }
    ///     }
    ///     #[call] fn open(&self) -> usize { self.open }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (rooms, porter) = (Rooms::unique(&rt), rt.spawn(Porter { open: 0 })?);
    /// porter.listen(rooms.clone()).blocking()?;
    /// let room = rt.spawn(Room)?;
    /// rooms.register(&room, 7, ())?;
    /// assert_eq!(porter.open().blocking()?, 1);
    /// room.stop(ExitReason::Normal).blocking();
    /// assert_eq!(porter.open().blocking()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn listen<P>(
        &self,
        cx: &Context<P>,
        wrap: impl Fn(RegistryEvent<K, R, V>) -> <P as Server>::Message + Send + Sync + 'static,
    ) -> Result<(), RegistryError>
    where
        P: Handle<<P as Server>::Message>,
    {
        let (core, cell) = (&self.0.core, cx.pin());
        let (id, me) = (core.next_holding(), Notices::new(cell.clone()));
        let tell = move |registered, key: &K, (who, value): &What<R::Message, V>| {
            me.send(|| {
                let process = R::from_address(who.clone());
                let (key, value) = (key.clone(), value.clone());
                let event = RegistryEvent { registered, key, process, value };
                Mail::message(Accepts::by::<P>(), wrap(event), ReplyPort::none())
            });
        };
        self.0.listeners.lock().push((id, Arc::new(tell)));
        let listening: Arc<dyn Holding> = Arc::new(Listening { inner: self.0.clone(), id });
        core.entrust(&cell, id, &listening).map_err(|unheld| {
            self.0.unlisten(id);
            Unregistered::Refused(unheld).into()
        })
    }

    /// A place for a start ([`StartOptions::via`](crate::StartOptions::via)) under this key.
    ///
    /// ```
    /// use actor_core::{keyed::Registry, prelude::*};
    /// # #[derive(Process)] struct Room;
    /// # #[handlers] impl Room {}
    /// # let rt = Runtime::new()?;
    /// let rooms: Registry<u32, RoomRef> = Registry::unique(&rt);
    /// let room = rt.block_on(Room.with().via(rooms.via(7, ())).start())?;
    /// assert_eq!(rooms.whereis(&7).and_then(|found| found.pid()), room.pid());
    /// let taken = rt.block_on(Room.with().via(rooms.via(7, ())).start());
    /// assert!(matches!(taken, Err(StartError::NameTaken { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn via(&self, key: K, value: V) -> Via<R>
    where
        K: fmt::Debug,
    {
        let registry = self.clone();
        Via::new(move |who: &R| {
            let name = format!("{key:?}");
            registry.register(who, key, value).map_err(|error| match error {
                RegistryError::AlreadyRegistered(pid) => StartError::NameTaken { name, pid },
                RegistryError::SystemLimit(limit) => StartError::SystemLimit(limit),
                other => StartError::Options(other.to_string()),
            })
        })
    }
}

impl<K, M: Message, V> Inner<K, M, V> {
    fn touch(&self, access: Access) {
        shared(&self.core, || format!("registry {}", self.id), access);
    }

    fn tell(&self, registered: bool, key: &K, what: &What<M, V>) {
        let listeners: Vec<_> =
            self.listeners.lock().iter().map(|(_, tell)| tell.clone()).collect();
        listeners.iter().for_each(|tell| tell(registered, key, what));
    }

    fn unlisten(&self, id: HoldingId) {
        let mut listeners = self.listeners.lock();
        let at = listeners.iter().position(|(listener, _)| *listener == id);
        let gone = at.map(|at| listeners.remove(at));
        drop(listeners);
        // What it captured is the program's.
        crate::runtime::guarded("a registry's listener", || drop(gone));
    }
}

/// Each key of a process that ends is a step, and tells the listeners.
impl<K, M, V> Holding for Inner<K, M, V>
where
    K: Hash + Eq + Clone + Send + Sync,
    M: Message,
    V: Clone + Send + Sync,
{
    fn give_back(&self, _: &Core, holder: &Running, steps: &mut Steps) -> bool {
        self.touch(Access::Write);
        while steps.next() {
            let Some((key, entry)) = self.keyed.pop(holder.pid()) else { return true };
            crate::runtime::guarded("a registry's entry", move || {
                if let Some(entry) = &entry {
                    self.tell(false, &key, &entry.what);
                }
            });
        }
        false
    }
}

/// A listener, as its process holds it.
struct Listening<K, M: Message, V> {
    inner: Arc<Inner<K, M, V>>,
    id: HoldingId,
}

impl<K, M, V> Holding for Listening<K, M, V>
where
    K: Send + Sync,
    M: Message,
    V: Send + Sync,
{
    fn give_back(&self, _: &Core, _: &Running, _: &mut Steps) -> bool {
        self.inner.unlisten(self.id);
        true
    }
}

/// Where a start registers its process (OTP's `{via, Module, Name}`): in a registry of this crate
/// ([`Registry::via`]), or in any other.
///
/// ```
/// use actor_core::{keyed::Via, prelude::*};
/// use std::sync::{Arc, Mutex};
/// # #[derive(Process)] struct Room;
/// # #[handlers] impl Room {}
/// # let rt = Runtime::new()?;
/// let all: Arc<Mutex<Vec<RoomRef>>> = Arc::default();
/// let list = all.clone();
/// let via = Via::new(move |room: &RoomRef| {
///     list.lock().unwrap().push(room.clone());
///     Ok(())
/// });
/// let room = rt.block_on(Room.with().via(via).start())?;
/// assert_eq!(all.lock().unwrap()[0].pid(), room.pid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Via<R>(Register<R>);

type Register<R> = Box<dyn FnOnce(&R) -> Result<(), StartError> + Send>;

impl<R> Via<R> {
    /// Registers by this function: before the process can run, and before its `#[init]`. If it
    /// fails, the process does not start. The [type's example](Self) uses it.
    pub fn new(register: impl FnOnce(&R) -> Result<(), StartError> + Send + 'static) -> Self {
        Self(Box::new(register))
    }

    pub(in crate::actor) fn register(self, who: &R) -> Result<(), StartError> {
        (self.0)(who)
    }
}

impl<R> fmt::Debug for Via<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Via")
    }
}
