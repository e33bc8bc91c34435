//! How a process begins: a pid, a cell, a state or the promise of one, a name, its first relations;
//! then it is published, and told to run if it has something to do.

use std::{any::Any, ptr::NonNull, sync::Arc, time::Duration};

use super::{
    Core,
    env::{Access, Event},
    steps::Steps,
};
use crate::{
    error::{StartError, SystemLimit},
    exit::ExitReason,
    limits,
    overflow::Overflow,
    pid::{MonitorRef, Pid},
    priority::Priority,
    process::{
        self, ArmIdle, Birthmarks, Body, CellRef, Ended, Machine, Mail, Make, Phase, Running,
        Starter, current, size_of_cell,
    },
    registry::Holder,
    signal::Signal,
    table::Key,
};

/// What a process is born with.
pub(crate) struct Options {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) mailbox: u32,
    pub(crate) overflow: Overflow,
    pub(crate) priority: Priority,
    /// It hibernates when it was idle so long.
    pub(crate) rest: Option<(Duration, ArmIdle)>,
    /// Link it to the running process, in one step.
    pub(crate) link: bool,
    /// Let the running process watch it, in one step.
    pub(crate) monitor: bool,
    pub(crate) supervisor: bool,
    pub(crate) slot: Option<Arc<dyn Any + Send + Sync>>,
    pub(crate) starter: Option<Starter>,
    /// Registers it elsewhere than under a name.
    pub(crate) register: Option<Register>,
}

/// Registers a process that cannot run yet; if it fails, that never was. The program's own code.
pub(crate) type Register = Box<dyn FnOnce(&CellRef) -> Result<(), StartError> + Send>;

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            mailbox: u32::try_from(limits::MAILBOX).unwrap_or(u32::MAX),
            overflow: Overflow::Hold,
            priority: Priority::Normal,
            rest: None,
            link: false,
            monitor: false,
            supervisor: false,
            slot: None,
            starter: None,
            register: None,
        }
    }
}

/// The state, or how to make it inside the new process.
pub(crate) enum Birth<B> {
    State(B),
    Make(Make),
}

/// Registers a new process under its name, and wherever else it is to be known; all or none.
fn name(core: &Core, pin: &CellRef, options: &mut Options) -> Result<(), StartError> {
    let pid = pin.pid();
    if let Some(name) = &options.name {
        core.shared(name, Access::Write);
        let holder = Holder { pid, cell: pin.raw().erase() };
        if let Err(owner) = core.registry.register(name.clone(), holder) {
            return Err(StartError::NameTaken { name: name.to_string(), pid: owner });
        }
    }
    let Some(register) = options.register.take() else { return Ok(()) };
    registered(register, pin).inspect_err(|_| {
        if let Some(name) = &options.name {
            core.shared(name, Access::Write);
            core.registry.unregister(name, pid);
        }
    })
}

/// Starts a process with these options, of which what is owned is taken. It may be running, or
/// over, before this returns.
pub(crate) fn spawn<B: Body>(
    core: &Core,
    birth: Birth<B>,
    options: &mut Options,
) -> Result<(CellRef, Option<MonitorRef>), StartError> {
    if core.is_closed() {
        return Err(StartError::ShuttingDown);
    }
    if current::is_taken_here() {
        return Err(StartError::Exiting);
    }
    let key = core.reserve()?;
    if core.has_closed_meanwhile() {
        core.table.release(key);
        core.one_less();
        return Err(StartError::ShuttingDown);
    }
    let pid = Pid::local(key.index(), key.generation());
    let Some(memory) = core.allocate(size_of_cell::<B>()) else {
        core.table.release(key);
        return Err(SystemLimit::Memory.into());
    };
    let pin = process::begin::<B>(memory, pid, core.environment.is_some());
    let raw = pin.raw();
    let table = pin.table();
    pin.state().begin(Birthmarks {
        trap_exit: table.trap_exit,
        priority: options.priority,
        mailbox: options.mailbox,
        overflow: options.overflow,
        holdable: !options.supervisor && options.priority <= Priority::Normal,
    });
    // It cannot run yet, so the right to act for it is ours.
    let newborn = raw.take_turn();
    if let Err(error) = name(core, &pin, options) {
        core.discard(newborn, key, birth);
        return Err(error);
    }
    let parent = current::running();
    let is_root = options.supervisor && !options.link;
    let linked = options.link;
    let monitor = core.relate(&newborn, parent.as_ref(), options);
    if core.traces.exist() {
        core.trace_birth(&newborn, parent.as_ref(), linked);
    }
    let event = Event::Spawned { pid, parent: parent.as_ref().map(Running::pid), name: table.name };
    let works = match birth {
        Birth::State(body) => {
            process::put(raw, body);
            table.has_init
        }
        Birth::Make(make) => {
            newborn.extras(|extras| {
                extras.is_hollow = true;
                extras.make = Some(make);
            });
            true
        }
    };
    core.observe(&event);
    core.table.publish(key, raw.erase());
    if is_root {
        core.add_root(pid);
    }
    if works {
        core.ready(raw, pin.state().priority());
    } else {
        pin.state().advance(Phase::Running);
        if let Some(starter) = newborn.extras_if_any(|extras| extras.starter.take()).flatten() {
            starter.tell(Ok(()));
        }
        // From here on anybody may run it.
        if !newborn.try_idle() {
            core.ready(raw, pin.state().priority());
        }
    }
    Ok((pin, monitor))
}

#[cold]
fn registered(register: Register, newborn: &CellRef) -> Result<(), StartError> {
    let outcome = process::caught(|| register(newborn), newborn.table().name);
    outcome.unwrap_or_else(|panic| Err(StartError::Init(ExitReason::Panic(Arc::new(panic)))))
}

impl Core {
    fn reserve(&self) -> Result<Key, StartError> {
        self.table.reserve().ok_or_else(|| SystemLimit::Processes(self.processes_max).into())
    }

    fn allocate(&self, size: usize) -> Option<NonNull<u8>> {
        self.slab.alloc(self.shard(), size)
    }

    /// Parent, link, monitor and the rest of the extras, before anybody can see the process.
    fn relate(
        &self,
        newborn: &Running,
        parent: Option<&Running>,
        options: &mut Options,
    ) -> Option<MonitorRef> {
        let pid = newborn.pid();
        let &mut Options { link, monitor, rest, .. } = options;
        if let Some((after, arm)) = rest {
            newborn.rest_after(after, arm);
        }
        if options.name.is_some() || options.slot.is_some() || options.starter.is_some() {
            newborn.extras(|extras| {
                extras.name = options.name.take();
                extras.slot = options.slot.take();
                extras.starter = options.starter.take();
            });
        }
        let parent = parent.filter(|_| link || monitor)?;
        if link {
            newborn.extras(|extras| {
                extras.parent = Some(parent.pid());
                extras.links.linked_by(parent.pid());
            });
            let _ = parent.extras(|extras| extras.links.link(pid, false));
        }
        monitor.then(|| {
            let monitor = parent.extras(|extras| extras.links.monitor(parent.pid(), pid, None));
            let record = Mail::signal(Signal::Monitor { monitor });
            newborn.extras(|extras| extras.links.watched_by(monitor, record));
            monitor
        })
    }

    /// Takes back a process that never was.
    fn discard<B: Body>(&self, newborn: Running, key: Key, birth: Birth<B>) {
        let (mut pile, _) = newborn.close_inbox();
        // It may have been registered in one place, and not in another.
        if self.holdings.may_hold(newborn.pid()) {
            let _entered = current::enter(&newborn);
            self.give_back(&newborn, &mut None, &mut Steps::all());
        }
        debug_assert!(pile.order(0), "nobody could send to it");
        newborn.state().advance(Phase::Exiting);
        newborn.state().advance(Phase::Dead);
        self.table.release(key);
        newborn.release();
        drop(birth);
    }

    /// A process that ends before it began: for a simulation's end.
    pub(super) fn kill_now(&self, running: Running) {
        let ended = Ended { reason: ExitReason::Killed, ignored: false, follows: true };
        self.finish_at_once(running, ended);
    }
}
