//! The manager: the process that has the handlers.

use std::{any::Any, fmt, mem};

use super::{
    EventManagerRef,
    handler::{After, Erased, HandlerError, HandlerExit, Left, Removal, Successor},
};
use crate::{
    actor::{
        Address, ChildKind, Context, Handle, Handled, Message, Next, Process, ReplyPort, Server,
        Start, caught,
    },
    exit::ExitReason,
    limits,
    pid::Pid,
};

/// The process that has the handlers of events `E`, before it is started.
///
/// ```
/// use actor_core::{event::*, prelude::*};
///
/// struct Login(&'static str);
///
/// /// Counts logins, up to a limit.
/// struct Counter { seen: u32, limit: u32 }
/// impl EventHandler<Login> for Counter {
///     fn event(&mut self, _: &Login) -> After {
///         self.seen += 1;
///         if self.seen < self.limit { After::Keep } else { After::Remove }
///     }
/// }
/// struct Seen;
/// impl EventCall<Seen> for Counter {
///     type Reply = u32;
///     fn call(&mut self, _: Seen) -> u32 { self.seen }
/// }
///
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let logins = EventManager::new().start().await?;
/// logins.add_handler("counter", Counter { seen: 0, limit: 9 }).await?;
/// logins.notify(Login("ann"))?;
/// logins.sync_notify(Login("bob")).await?;
/// assert_eq!(logins.call::<Counter, _>("counter", Seen).await?, 2);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EventManager<E: Send + 'static> {
    handlers: Vec<Entry<E>>,
}

/// Tells who added a supervised handler that it is removed; once more for each that it is swapped
/// for.
pub(super) type Tell = Box<dyn FnMut(HandlerExit) + Send>;

/// The other end of a supervised handler.
pub(super) struct Adder {
    pub(super) pid: Option<Pid>,
    pub(super) tell: Tell,
}

struct Entry<E> {
    id: String,
    handler: Box<dyn Erased<E>>,
    adder: Option<Adder>,
}

pub(super) type Answer = Box<dyn Any + Send>;

/// What is to be done by the manager, which is asked by that process.
pub(super) type Request<E> = Box<
    dyn FnOnce(&mut EventManager<E>, &mut Context<EventManager<E>>, Option<Pid>) -> Answer + Send,
>;

/// What is sent to a manager: made by the methods of [`EventManagerRef`], which the
/// [manager's example](EventManager) uses.
pub struct EventMessage<E: Send + 'static>(pub(super) Kind<E>);

pub(super) enum Kind<E: Send + 'static> {
    Event(E),
    Request(Request<E>),
}

impl<E: Send + 'static> fmt::Debug for EventMessage<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Event(_) => "Event",
            Kind::Request(_) => "Request",
        })
    }
}

impl<E: Send + 'static> Message for EventMessage<E> {
    type Reply = Answer;

    fn name(&self) -> &'static str {
        match self.0 {
            Kind::Event(_) => "Event",
            Kind::Request(_) => "Request",
        }
    }
}

impl<E: Send + 'static> EventManager<E> {
    /// One without handlers. The [type's example](Self) uses it.
    pub const fn new() -> Self {
        Self { handlers: Vec::new() }
    }

    /// All handlers see the event, one after the other.
    fn notify(&mut self, event: &E, cx: &mut Context<Self>) {
        let mut at = 0;
        while let Some(entry) = self.handlers.get_mut(at) {
            let after = contained(|| entry.handler.event(event));
            if let Ok(After::Keep) = after {
                at += 1;
                continue;
            }
            let entry = self.handlers.remove(at);
            match after {
                Ok(_) => drop(self.retire(entry, &Removal::Itself, cx)),
                Err(reason) => self.crashed(entry, &reason, cx),
            }
        }
    }

    pub(super) fn add(
        &mut self,
        id: String,
        mut handler: Box<dyn Erased<E>>,
        before: Option<Left>,
        adder: Option<Adder>,
        cx: &mut Context<Self>,
    ) -> Result<(), HandlerError> {
        let refused = if self.position(&id).is_some() {
            Some(HandlerError::AlreadyAdded)
        } else if self.handlers.len() >= limits::EVENT_HANDLERS {
            Some(HandlerError::TooMany)
        } else {
            let init = contained(|| handler.init(before));
            init.and_then(|init| init).err().map(HandlerError::Failed)
        };
        if let Some(error) = refused {
            let _ = contained(|| drop(handler));
            return Err(error);
        }
        if let Some(pid) = adder.as_ref().and_then(|adder| adder.pid) {
            cx.link(&pid);
        }
        self.handlers.push(Entry { id, handler, adder });
        Ok(())
    }

    /// Removes a handler; answers what it left.
    pub(super) fn remove(
        &mut self,
        id: &str,
        why: &Removal,
        cx: &mut Context<Self>,
    ) -> Result<Left, HandlerError> {
        let at = self.position(id).ok_or(HandlerError::BadModule)?;
        let entry = self.handlers.remove(at);
        self.retire(entry, why, cx).map_err(HandlerError::Failed)
    }

    /// Removes a handler, if there is one, and adds another in its stead: `owner`'s, or else that
    /// of whose handler it was.
    pub(super) fn swap(
        &mut self,
        old: &str,
        (id, handler): (String, Box<dyn Erased<E>>),
        mut owner: Option<Adder>,
        cx: &mut Context<Self>,
    ) -> Result<(), HandlerError> {
        let mut before = None;
        if let Some(at) = self.position(old) {
            let mut entry = self.handlers.remove(at);
            let prior = entry.adder.take();
            let outcome = self.retire(entry, &Removal::Swapped, cx);
            if let Some(mut prior) = prior {
                let next = owner.as_ref().unwrap_or(&prior).pid;
                prior.hear(HandlerExit {
                    id: old.to_owned(),
                    reason: outcome.as_ref().err().cloned().unwrap_or(ExitReason::Normal),
                    swapped: Some(Successor { id: id.clone(), owner: next }),
                });
                match owner {
                    Some(_) if next != prior.pid => self.let_go(prior.pid, cx),
                    Some(_) => {}
                    None => owner = Some(prior),
                }
            }
            before = outcome.ok();
        }
        let pid = owner.as_ref().and_then(|owner| owner.pid);
        let added = self.add(id, handler, before, owner, cx);
        if added.is_err() {
            self.let_go(pid, cx);
        }
        added
    }

    /// Does something with a handler of this type.
    pub(super) fn with<H: 'static, T>(
        &mut self,
        id: &str,
        act: impl FnOnce(&mut H) -> T,
        cx: &mut Context<Self>,
    ) -> Result<T, HandlerError> {
        let at = self.position(id).ok_or(HandlerError::BadModule)?;
        let handler = self.handlers[at].handler.any().downcast_mut::<H>();
        let handler = handler.ok_or(HandlerError::BadModule)?;
        contained(|| act(handler)).map_err(|reason| {
            let entry = self.handlers.remove(at);
            self.crashed(entry, &reason, cx);
            HandlerError::Failed(reason)
        })
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.handlers.iter().map(|entry| entry.id.clone()).collect()
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.handlers.iter().position(|entry| entry.id == id)
    }

    /// A handler goes in order: it may say so, and its adder hears of it.
    fn retire(
        &mut self,
        mut entry: Entry<E>,
        why: &Removal,
        cx: &mut Context<Self>,
    ) -> Result<Left, ExitReason> {
        match contained(|| entry.handler.terminate(why)) {
            Ok(left) => {
                let reason = match why {
                    Removal::Itself | Removal::Deleted | Removal::Swapped => ExitReason::Normal,
                    Removal::AdderEnded(reason) => reason.clone(),
                    Removal::ManagerEnds(_) => ExitReason::Shutdown,
                };
                self.gone(entry, reason, cx);
                Ok(left)
            }
            Err(reason) => {
                self.crashed(entry, &reason, cx);
                Err(reason)
            }
        }
    }

    /// A handler has panicked.
    fn crashed(&mut self, entry: Entry<E>, reason: &ExitReason, cx: &mut Context<Self>) {
        let pid = cx.pid();
        cx.report(format_args!("event handler {:?} of {pid} crashed: {reason}", entry.id));
        self.gone(entry, reason.clone(), cx);
    }

    fn gone(&mut self, entry: Entry<E>, reason: ExitReason, cx: &mut Context<Self>) {
        let Entry { id, handler, adder } = entry;
        let _ = contained(|| drop(handler));
        let Some(mut adder) = adder else { return };
        self.let_go(adder.pid, cx);
        adder.hear(HandlerExit { id, reason, swapped: None });
    }

    /// That process is linked no more, unless another handler is its own.
    fn let_go(&self, adder: Option<Pid>, cx: &mut Context<Self>) {
        let Some(pid) = adder else { return };
        let adds = |entry: &Entry<E>| entry.adder.as_ref().and_then(|it| it.pid) == Some(pid);
        if !self.handlers.iter().any(adds) {
            cx.unlink(&pid);
        }
    }

    /// Removes all handlers that `from` added, which has ended.
    fn adder_ended(&mut self, from: Pid, reason: &ExitReason, cx: &mut Context<Self>) {
        let adds = |entry: &Entry<E>| entry.adder.as_ref().and_then(|it| it.pid) == Some(from);
        while let Some(at) = self.handlers.iter().position(adds) {
            let mut entry = self.handlers.remove(at);
            // There is nobody to be told.
            entry.adder = None;
            let _ = self.retire(entry, &Removal::AdderEnded(reason.clone()), cx);
        }
    }
}

impl Adder {
    fn hear(&mut self, exit: HandlerExit) {
        let _ = contained(|| (self.tell)(exit));
    }
}

/// Runs a handler's own code.
fn contained<T>(code: impl FnOnce() -> T) -> Result<T, ExitReason> {
    caught(code, "EventManager").map_err(|report| ExitReason::Panic(report.into()))
}

impl<E: Send + 'static> Default for EventManager<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Send + 'static> fmt::Debug for EventManager<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.handlers.iter().map(|entry| &entry.id);
        f.write_str("EventManager")?;
        f.debug_list().entries(ids).finish()
    }
}

impl<E: Send + 'static> Process for EventManager<E> {
    type Ref = EventManagerRef<E>;
    const NAME: &'static str = "EventManager";
}

impl<E: Send + 'static> Server for EventManager<E> {
    type Message = EventMessage<E>;
    const HAS_TERMINATE: bool = true;
    const TRAP_EXIT: bool = true;

    async fn terminate(&mut self, cx: &mut Context<Self>, reason: &ExitReason) {
        for entry in mem::take(&mut self.handlers) {
            let _ = self.retire(entry, &Removal::ManagerEnds(reason.clone()), cx);
        }
    }

    async fn exit(&mut self, cx: &mut Context<Self>, from: Pid, reason: ExitReason) -> Next {
        self.adder_ended(from, &reason, cx);
        Next::Continue
    }
}

impl<E: Send + 'static> Handle<EventMessage<E>> for EventManager<E> {
    fn handle(
        &mut self,
        message: EventMessage<E>,
        reply: ReplyPort<Answer>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        let answer = match message.0 {
            Kind::Event(event) => {
                self.notify(&event, cx);
                Box::new(())
            }
            Kind::Request(request) => request(self, cx, reply.caller()),
        };
        reply.send(answer);
        Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    }
}

impl<E: Send + 'static> Start for EventManager<E> {
    type Ref = EventManagerRef<E>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<EventMessage<E>>) -> EventManagerRef<E> {
        crate::actor::ProcessRef::from_address(address)
    }
}
