//! What this module's tests supervise, written by hand: a worker that keeps a diary, and a
//! supervisor of whatever it is given.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::channel::oneshot;

use super::{
    ChildSpec, Siblings, SupervisorMessage, SupervisorProcess, SupervisorRef, SupervisorSpec,
};
use crate::{
    actor::{
        Address, ChildKind, Context, Handle, Handled, Message, Next, Process, ReplyPort, Server,
        Start,
    },
    exit::ExitReason,
    pid::Pid,
};

/// What the workers of one test share: a diary of starts (`+a`), ends (`-a`) and messages (`a1`),
/// and whether the next starts fail.
#[derive(Clone, Default)]
pub(crate) struct House(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    diary: Vec<String>,
    faults: HashMap<String, Fault>,
    gates: HashMap<String, (oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

/// How the starts of a worker go.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// So many times wrong, then well.
    Fails(u32),
    /// It chooses not to start.
    Ignores,
    /// It panics.
    Panics,
}

impl House {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened since the last look.
    pub(crate) fn diary(&self) -> String {
        std::mem::take(&mut self.inside().diary).join(" ")
    }

    pub(crate) fn fault(&self, id: &str, fault: Fault) {
        self.inside().faults.insert(id.to_owned(), fault);
    }

    /// The next start of this worker tells the receiver that it has begun, and goes on when the
    /// sender is used.
    pub(crate) fn hold(&self, id: &str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((begun, told), (go, gate)) = (oneshot::channel(), oneshot::channel());
        self.inside().gates.insert(id.to_owned(), (begun, gate));
        (told, go)
    }

    fn note(&self, entry: String) {
        self.inside().diary.push(entry);
    }

    /// What a worker's start function does.
    pub(crate) async fn lamp(self, siblings: Siblings) -> Result<Option<Lamp>, ExitReason> {
        let gate = self.inside().gates.remove(siblings.id());
        if let Some((begun, gate)) = gate {
            begun.send(()).expect("the test waits");
            gate.await.expect("the test lets go");
        }
        self.make(siblings.id())
    }

    fn make(&self, id: &str) -> Result<Option<Lamp>, ExitReason> {
        let mut inside = self.inside();
        match inside.faults.get_mut(id) {
            Some(Fault::Ignores) => return Ok(None),
            Some(Fault::Panics) => panic!("short circuit"),
            Some(Fault::Fails(times)) if *times > 0 => {
                *times -= 1;
                inside.diary.push(format!("?{id}"));
                return Err(ExitReason::error("no bulb"));
            }
            _ => {}
        }
        inside.diary.push(format!("+{id}"));
        Ok(Some(Lamp { house: self.clone(), id: id.to_owned() }))
    }

    /// The spec of a worker.
    pub(crate) fn child(&self, id: &str) -> ChildSpec {
        let house = self.clone();
        ChildSpec::new(id, move |siblings| house.clone().lamp(siblings))
    }
}

/// A worker. It stops when asked, and notes it.
pub(crate) struct Lamp {
    house: House,
    id: String,
}

/// What can be said to a lamp.
#[derive(Debug)]
pub(crate) enum LampMessage {
    /// Asks for its pid.
    Pid,
    /// Something to note.
    Note(u32),
    /// Ends it.
    End(ExitReason),
    /// Makes it deaf: it will not stop when asked.
    Stick,
}

pub(crate) type LampRef = Address<LampMessage>;

impl Message for LampMessage {
    type Reply = Pid;
}

impl Process for Lamp {
    type Ref = LampRef;
    const NAME: &'static str = "Lamp";
}

impl Server for Lamp {
    type Message = LampMessage;
    const HAS_TERMINATE: bool = true;
    const TRAP_EXIT: bool = true;

    async fn terminate(&mut self, _: &mut Context<Self>, reason: &ExitReason) {
        if *reason == ExitReason::Shutdown {
            self.house.note(format!("-{}", self.id));
        }
    }
}

impl Handle<LampMessage> for Lamp {
    fn handle(
        &mut self,
        message: LampMessage,
        reply: ReplyPort<Pid>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        match message {
            LampMessage::Pid => reply.send(cx.pid()),
            LampMessage::Note(number) => self.house.note(format!("{}{number}", self.id)),
            LampMessage::End(reason) => return Handled::Done(Next::Stop(reason)),
            LampMessage::Stick => return Handled::Future(std::future::pending()),
        }
        Handled::Done(Next::Continue)
    }
}

impl Start for Lamp {
    type Ref = LampRef;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: LampRef) -> LampRef {
        address
    }
}

/// A supervisor of a given tree.
pub(crate) struct Desk(pub(crate) SupervisorSpec);

impl Desk {
    /// As a child.
    pub(crate) fn child(spec: SupervisorSpec) -> ChildSpec {
        let id = spec.name().to_owned();
        ChildSpec::new(id, move |_| {
            let spec = spec.clone();
            async move { Ok(Some(Self(spec))) }
        })
    }
}

impl Start for Desk {
    type Ref = SupervisorRef;
    type Process = SupervisorProcess;
    const KIND: ChildKind = ChildKind::Supervisor;

    fn into_process(self) -> SupervisorProcess {
        SupervisorProcess::of(|| self.0)
    }

    fn make_ref(address: Address<SupervisorMessage>) -> SupervisorRef {
        SupervisorRef::from_address(address)
    }
}
