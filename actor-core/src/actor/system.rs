//! OTP's `sys`: looking into any process, changing its state, suspending it.
//!
//! What is asked here is served between two messages, in the order of the queue, by the turn
//! (`process::detour`); a process's own code has no part in it.

use std::{fmt, marker::PhantomData, sync::Arc};

use super::{
    Address, Call, Handle, Info, ProcessRef, Server,
    ask::{ask, tell},
    info,
};
use crate::{
    error::CallError,
    exit::{ExitReason, PanicReport},
    pid::Pid,
    process::{CellRef, Message, Running, Statistics, SysEvent, caught},
    runtime::{Core, RuntimeHandle},
};

/// A ref that knows the type of its process: what `#[derive(Process)]` and `#[derive(Supervisor)]`
/// generate. In the prelude, for [`sys`](Self::sys).
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process, Clone)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter: CounterRef = rt.spawn(Counter(42))?;
/// assert_eq!(counter.sys().get_state().blocking()?.0, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ServerRef: ProcessRef {
    /// The type of the process behind it.
    type Process: Server;

    /// The process as a system: to look into it, to change its state, to suspend it.
    fn sys(&self) -> Sys<Self::Process> {
        self.as_address().sys().of_type()
    }

    /// Where foreign messages of type `T` can be sent to it. [`Info`] has the example. Behind
    /// another's ref (a probe's, a forwarder's) there is nobody who takes them.
    ///
    /// # If the process is gone
    /// What is sent there is refused, as by any [`Address`].
    fn info_address<T: Send + 'static>(&self) -> Address<Info<T>>
    where
        Self::Process: Handle<Self::Message> + Handle<Info<T>>,
    {
        info::of_ref(self)
    }
}

/// A process as a system: OTP's `sys`. It works on every process without code of its own.
///
/// `P` is the process's type; without one ([`Address::sys`], [`RuntimeHandle::sys`]) all works but
/// what is about the state. Each request is a [`Call`]: lazy, with 5 s to wait unless told
/// otherwise, and [`CallFailure::CallingSelf`](crate::CallFailure::CallingSelf) from within the
/// process itself. It keeps its place in the queue: what was sent to the process before is handled
/// before, unless it is suspended.
///
/// # If the process is gone
/// Requests fail with [`CallFailure::NoProc`](crate::CallFailure::NoProc), and with
/// [`CallFailure::Exited`](crate::CallFailure::Exited) if it ends before it comes to them. Of a
/// supervised child the present incarnation is meant; in its gap there is none.
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process, Clone)]
/// struct Counter(u64);
/// #[handlers]
/// impl Counter {
///     #[cast] fn add(&mut self, by: u64) { self.0 += by }
/// }
/// # let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(1))?;
/// let sys = counter.sys();
/// sys.suspend().blocking()?;
/// counter.add(1)?; // waits
/// assert_eq!(sys.get_state().blocking()?.0, 1);
/// sys.replace_state(|counter| counter.0 = 41).blocking()?;
/// sys.resume().blocking()?;
/// assert_eq!(sys.with_state(|counter| counter.0).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sys<P = ()> {
    cell: Option<CellRef>,
    process: PhantomData<fn() -> P>,
}

impl<P> Clone for Sys<P> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone(), process: PhantomData }
    }
}

impl<P> fmt::Debug for Sys<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cell {
            Some(cell) => write!(f, "Sys({})", cell.pid()),
            None => f.write_str("Sys(none)"),
        }
    }
}

impl<M: Message> Address<M> {
    /// The process as a system, whatever its type: [`Sys`] without what is about the state.
    ///
    /// # If the process is gone
    /// Requests fail, as [`Sys`] says.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter: actor_core::Address<_> = rt.spawn(Counter(0))?.into();
    /// assert_eq!(counter.sys().get_status().blocking()?.process, "Counter");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sys(&self) -> Sys {
        Sys { cell: self.cell(), process: PhantomData }
    }
}

impl RuntimeHandle {
    /// The process of that pid as a system, whatever its type.
    ///
    /// # If the process is gone
    /// Requests fail, as [`Sys`] says.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let pid = counter.pid().expect("it was started");
    /// rt.sys(pid).terminate(ExitReason::Shutdown).blocking()?;
    /// assert_eq!(counter.closed().blocking(), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sys(&self, pid: Pid) -> Sys {
        Sys { cell: self.core().pin(pid), process: PhantomData }
    }
}

/// Keeps a process suspended: what [`Sys::suspend_process`] answers. Dropping it is OTP's
/// `resume_process`.
///
/// # If the process is gone
/// Nothing happens when it is dropped.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(40))?;
/// let (first, second) = (counter.sys().suspend_process(), counter.sys().suspend_process());
/// let (first, second) = (first.blocking()?, second.blocking()?);
/// let sum = counter.add(2).request();
/// drop(first);
/// assert!(counter.sys().get_status().blocking()?.suspended);
/// drop(second);
/// assert_eq!(rt.block_on(sum), Ok(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it resumes the process"]
pub struct Suspension {
    of: CellRef,
}

impl fmt::Debug for Suspension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suspension({})", self.of.pid())
    }
}

impl Drop for Suspension {
    fn drop(&mut self) {
        tell(&self.of, |running| {
            if running.unkeep_suspended() {
                running.machine_as::<Core>().resumed(&running.pin());
            }
        });
    }
}

/// What is known of every process: what [`Sys::get_status`] answers.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(0))?;
/// let status = counter.sys().get_status().blocking()?;
/// assert_eq!((status.process, status.suspended), ("Counter", false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SysStatus {
    /// Its identity.
    pub pid: Pid,
    /// The name of its type.
    pub process: &'static str,
    /// Its registered name.
    pub name: Option<String>,
    /// Who started it with a link.
    pub parent: Option<Pid>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it traps exits.
    pub trap_exit: bool,
    /// How many messages wait.
    pub mailbox_len: usize,
    /// What of debugging is switched on.
    pub debug: Vec<String>,
}

/// Why a request about the state came to nothing. It is the `E` of a [`CallError`] then.
///
/// ```
/// use actor_core::{StateError, prelude::*};
/// # #[derive(Process, Clone)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(42))?;
/// let failed = counter.sys().replace_state(|_| panic!("no")).blocking().map(drop);
/// let Err(CallError::Handler(StateError::CallbackFailed(panic))) = failed else { panic!() };
/// assert_eq!(panic.message, "no");
/// assert_eq!(counter.add(0).blocking(), Ok(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The function, or the state's `clone`, panicked. The state is as it was.
    #[error("callback_failed: {0}")]
    CallbackFailed(Arc<PanicReport>),
    /// A process of another type stands behind the ref: a probe, a mock or a forwarder.
    #[error("it is another type of process: {0}")]
    WrongType(&'static str),
}

/// A request about the state.
type StateCall<T> = Call<T, CallError<StateError>>;

/// What the request's function came to, inside the process.
fn called<T>(running: &Running, done: Option<Result<T, PanicReport>>) -> Result<T, StateError> {
    match done {
        Some(Ok(value)) => Ok(value),
        Some(Err(panic)) => Err(StateError::CallbackFailed(Arc::new(panic))),
        None => Err(StateError::WrongType(running.table().name)),
    }
}

impl<P> Sys<P> {
    fn of_type<Q>(self) -> Sys<Q> {
        Sys { cell: self.cell, process: PhantomData }
    }

    fn ask<T: Send + 'static>(&self, work: impl FnOnce(&Running) -> T + Send + 'static) -> Call<T> {
        ask(self.cell.clone(), work, Ok)
    }

    /// Suspends the process: from here on it handles no message and no hook, and what comes waits
    /// in its mailbox. Requests of `Sys` are served all the same, `stop` ends it, and so does its
    /// parent's end, with `terminate`. A second `suspend` changes nothing. The [type's
    /// example](Self) uses it.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn suspend(&self) -> Call<()> {
        self.ask(|running| {
            running.suspend();
            running.machine_as::<Core>().suspended(&running.pin());
        })
    }

    /// Resumes it, however often it was suspended by that: the messages that came meanwhile are
    /// handled, in the order in which they came. Nothing happens if it is not suspended, or a
    /// [`Suspension`] keeps it so. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn resume(&self) -> Call<()> {
        self.ask(|running| {
            if running.resume() {
                running.machine_as::<Core>().resumed(&running.pin());
            }
        })
    }

    /// Suspends the process for as long as the [`Suspension`] is kept that it answers: OTP's
    /// `suspend_process`. Suspensions count: the process goes on when the last of them is dropped,
    /// and not suspended by [`suspend`](Self::suspend) as well. One that is kept in a process's
    /// state is undone by the end of that process. [`Suspension`] has the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn suspend_process(&self) -> Call<Suspension> {
        self.ask(|running| {
            running.keep_suspended();
            running.machine_as::<Core>().suspended(&running.pin());
            Suspension { of: running.pin() }
        })
    }

    /// What is known of it. [`SysStatus`] has the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn get_status(&self) -> Call<SysStatus> {
        self.ask(|running| {
            let (parent, name) = running
                .extras_if_any(|extras| (extras.parent, extras.name.clone()))
                .unwrap_or_default();
            SysStatus {
                pid: running.pid(),
                process: running.table().name,
                name: name.map(|name| name.to_string()),
                parent,
                suspended: running.is_suspended(),
                trap_exit: running.state().traps_exit(),
                mailbox_len: running.pin().mailbox_len(),
                debug: running.debug_if_any(|debug| debug.options()).unwrap_or_default(),
            }
        })
    }

    /// Has the process end with this reason, its `terminate` included; answers before it does. What
    /// [`Address::stop`] asks for is the same, and waits for the end. [`RuntimeHandle::sys`] has
    /// the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn terminate(&self, reason: ExitReason) -> Call<()> {
        self.ask(move |running| running.stop_later(reason))
    }

    /// Counts its traffic from now on, or no longer; switching it on anew begins anew.
    /// [`get_statistics`](Self::get_statistics) has the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn statistics(&self, on: bool) -> Call<()> {
        self.ask(move |running| {
            let now = running.machine_as::<Core>().instant_now();
            let fresh = Statistics {
                start_time: now,
                current_time: now,
                reductions: 0,
                messages_in: 0,
                messages_out: 0,
            };
            running.debug(|debug| debug.statistics = on.then_some(fresh));
        })
    }

    /// What was counted since then; `None` if it is switched off (OTP's `no_statistics`).
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process, Clone)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(42))?;
    /// assert_eq!(counter.sys().get_statistics().blocking()?, None);
    /// counter.sys().statistics(true).blocking()?;
    /// counter.add(1).blocking()?;
    /// let counted = counter.sys().get_statistics().blocking()?.expect("they are on");
    /// assert_eq!((counted.messages_in, counted.messages_out), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_statistics(&self) -> Call<Option<Statistics>> {
        self.ask(|running| {
            let counted = running.debug_if_any(|debug| debug.statistics).flatten()?;
            let current_time = running.machine_as::<Core>().instant_now();
            Some(Statistics { current_time, ..counted })
        })
    }

    /// Keeps the last so many events from now on, [`limits::SYS_LOG`](crate::limits::SYS_LOG) at
    /// most; 0 keeps none any more. [`get_log`](Self::get_log) has the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn log(&self, events: usize) -> Call<()> {
        self.ask(move |running| running.debug(|debug| debug.keep_log(events)))
    }

    /// The events that were kept, oldest first.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    ///
    /// ```
    /// use actor_core::SysEvent;
    /// # use actor_core::prelude::*;
    /// # #[derive(Process, Clone)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(42))?;
    /// counter.sys().log(10).blocking()?;
    /// counter.add(1).blocking()?;
    /// let log = counter.sys().get_log().blocking()?;
    /// assert_eq!(log[0], SysEvent::In { message: "Add", call: true, from: None });
    /// assert_eq!(log[1], SysEvent::Out { message: "Add", to: None });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_log(&self) -> Call<Vec<SysEvent>> {
        self.ask(|running| running.debug_if_any(|debug| debug.log()).unwrap_or_default())
    }

    /// Has a function hear of each event, inside the process: a trace of this one process. A second
    /// one of the same `id` is not installed; one that panics hears no more. Answers whether there
    /// is one of that `id` now: false if there are
    /// [`limits::SYS_FUNCTIONS`](crate::limits::SYS_FUNCTIONS) others.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process, Clone)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(42))?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// counter.sys().install("trace", move |event| drop(tell.send(event.clone()))).blocking()?;
    /// counter.add(1).blocking()?;
    /// counter.sys().remove("trace").blocking()?;
    /// assert_eq!(told.iter().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn install(
        &self,
        id: impl Into<String>,
        function: impl FnMut(&SysEvent) + Send + 'static,
    ) -> Call<bool> {
        let (id, function) = (id.into(), Box::new(function));
        self.ask(move |running| running.debug(|debug| debug.install(id, function)))
    }

    /// Takes that function out. [`install`](Self::install) has the example.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn remove(&self, id: impl Into<String>) -> Call<()> {
        let id = id.into();
        self.ask(move |running| {
            let removed = running.debug_if_any(|debug| debug.remove(&id));
            // Its drop is the caller's code; and what is off goes.
            drop(removed);
            running.debug(|_| ());
        })
    }

    /// Switches all of that off: statistics, log and functions.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process, Clone)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(42))?;
    /// counter.sys().statistics(true).blocking()?;
    /// counter.sys().no_debug().blocking()?;
    /// assert_eq!(counter.sys().get_statistics().blocking()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn no_debug(&self) -> Call<()> {
        self.ask(Running::no_debug)
    }
}

impl<P: Server> Sys<P> {
    fn ask_state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Running) -> Option<Result<T, PanicReport>> + Send + 'static,
    ) -> StateCall<T> {
        let work = move |running: &Running| called(running, work(running));
        ask(self.cell.clone(), work, |answer| answer.map_err(CallError::Handler))
    }

    /// Looks at the state, between two messages.
    ///
    /// # Errors
    /// [`StateError`] if the function panics.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(42))?;
    /// assert_eq!(counter.sys().with_state(|counter| counter.0).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_state<T: Send + 'static>(
        &self,
        look: impl FnOnce(&P) -> T + Send + 'static,
    ) -> StateCall<T> {
        self.ask_state(move |running| running.look(|state: &P| caught(|| look(state), P::NAME)))
    }

    /// A copy of the state. What cannot be cloned can be looked at:
    /// [`with_state`](Self::with_state).
    /// The [trait's example](ServerRef) uses it.
    ///
    /// # Errors
    /// [`StateError`] if its `clone` panics.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn get_state(&self) -> StateCall<P>
    where
        P: Clone,
    {
        self.with_state(P::clone)
    }

    /// Changes the state, between two messages; answers the new one. The function works on a copy,
    /// which takes the state's place when it is done: so one that panics changes nothing. The
    /// [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`StateError`] if the function panics.
    ///
    /// # If the process is gone
    /// As for all of [`Sys`].
    pub fn replace_state(&self, change: impl FnOnce(&mut P) + Send + 'static) -> StateCall<P>
    where
        P: Clone,
    {
        self.ask_state(move |running| {
            let changed = |state: &P| {
                let mut new = state.clone();
                change(&mut new);
                let answer = new.clone();
                (new, answer)
            };
            let changed = running.look(|state: &P| caught(|| changed(state), P::NAME))?;
            Some(changed.map(|(new, answer)| {
                let old = running.alter(|state: &mut P| std::mem::replace(state, new));
                // A panic of its destructor is one of the process, which has its new state by now.
                drop(old);
                answer
            }))
        })
    }
}
