//! The ref of an event manager.

use std::{fmt, ops::Deref};

use super::{
    EventCall, EventHandler, HandlerError, HandlerExit, Left, Removal,
    manager::{Adder, Answer, EventManager, EventMessage, Kind},
};
use crate::{
    actor::{Address, Call, Context, DEFAULT_CALL_TIMEOUT, ProcessRef, call},
    error::{CallError, CallFailure, SendError},
    pid::Pid,
};

/// A running [`EventManager`], which has an example. It derefs to its address.
pub struct EventManagerRef<E: Send + 'static>(Address<EventMessage<E>>);

type HandlerCall<T> = Call<T, CallError<HandlerError>>;

impl<E: Send + 'static> EventManagerRef<E> {
    /// Tells all handlers, and waits for nothing. The [manager's example](EventManager) uses it.
    ///
    /// # Errors
    /// As for every cast: see [`SendError`].
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`].
    pub fn notify(&self, event: E) -> Result<(), SendError> {
        self.0.send(EventMessage(Kind::Event(event)))
    }

    /// Tells all handlers, and waits until all of them have seen it. The
    /// [manager's example](EventManager) uses it.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn sync_notify(&self, event: E) -> Call<(), CallFailure> {
        let message = EventMessage(Kind::Event(event));
        call(&self.0, message, DEFAULT_CALL_TIMEOUT, |_: Answer| Some(Ok(())))
    }

    fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(
            &mut EventManager<E>,
            &mut Context<EventManager<E>>,
            Option<Pid>,
        ) -> Result<T, HandlerError>
        + Send
        + 'static,
    ) -> HandlerCall<T> {
        let request = Kind::Request(Box::new(|manager, cx, from| Box::new(act(manager, cx, from))));
        let unpack = |answer: Answer| {
            let outcome = answer.downcast::<Result<T, HandlerError>>().ok()?;
            Some(outcome.map_err(CallError::Handler))
        };
        call(&self.0, EventMessage(request), DEFAULT_CALL_TIMEOUT, unpack)
    }

    /// Adds a handler, after those that are there, under an id of its own. The
    /// [manager's example](EventManager) uses it.
    ///
    /// # Errors
    /// `AlreadyAdded`, `TooMany` ([`limits::EVENT_HANDLERS`](crate::limits::EVENT_HANDLERS)), or
    /// `Failed` if its `init` did; nothing was added then.
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn add_handler<H: EventHandler<E>>(
        &self,
        id: impl Into<String>,
        handler: H,
    ) -> HandlerCall<()> {
        let id = id.into();
        self.ask(move |manager, cx, _| manager.add(id, Box::new(handler), None, None, cx))
    }

    /// Adds a handler that belongs to the calling process: the two processes are linked. When that
    /// ends, the handler is removed. When the handler is removed otherwise, `tell` is called, in
    /// the manager, to send word of it; when the manager ends by a kill, the link tells. If it is
    /// swapped, the new one is the calling process's, and `tell` is called for each.
    ///
    /// # Errors
    /// As for [`add_handler`](Self::add_handler).
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    ///
    /// ```
    /// use actor_core::{event::*, prelude::*, Inbox, Message};
    /// struct Fragile;
    /// impl EventHandler<u32> for Fragile {
    ///     fn event(&mut self, event: &u32) -> After { panic!("{event} was too much") }
    /// }
    /// impl Message for Lost { type Reply = (); }
    /// struct Lost(HandlerExit);
    ///
    /// # let rt = Runtime::new()?;
    /// let manager = rt.spawn(EventManager::<u32>::new())?;
    /// let adder = rt.spawn_fn(async move |mut inbox: Inbox<Lost>| {
    ///     let me = inbox.me();
    ///     let tell = move |exit| _ = me.send(Lost(exit));
    ///     manager.add_sup_handler("fragile", Fragile, tell).await?;
    ///     manager.notify(7)?;
    ///     let Lost(exit) = inbox.receive().await.message;
    ///     assert!(exit.id == "fragile" && exit.reason.is_panic("7 was too much"));
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(adder.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_sup_handler<H: EventHandler<E>>(
        &self,
        id: impl Into<String>,
        handler: H,
        tell: impl FnMut(HandlerExit) + Send + 'static,
    ) -> HandlerCall<()> {
        let id = id.into();
        self.ask(move |manager, cx, pid| {
            let adder = Adder { pid, tell: Box::new(tell) };
            manager.add(id, Box::new(handler), None, Some(adder), cx)
        })
    }

    /// Removes a handler; answers what its `terminate` did.
    /// [`swap_handler`](Self::swap_handler) has an example.
    ///
    /// # Errors
    /// `BadModule` if there is none, `Failed` if its `terminate` panicked.
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn delete_handler(&self, id: impl Into<String>) -> HandlerCall<Left> {
        let id = id.into();
        self.ask(move |manager, cx, _| manager.remove(&id, &Removal::Deleted, cx))
    }

    /// Removes a handler and adds another, with no event between: what `terminate` of the old one
    /// answers, `init` of the new one is given; `None` if there was no old one, or it panicked. The
    /// new one is the last of all, and belongs to whom the old one belonged to.
    ///
    /// # Errors
    /// As for [`add_handler`](Self::add_handler); the old one is gone all the same.
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    ///
    /// ```
    /// use actor_core::{event::*, prelude::*};
    /// #[derive(Default)]
    /// struct Log(Vec<u32>);
    /// impl EventHandler<u32> for Log {
    ///     fn init(&mut self, before: Option<Left>) -> Result<(), ExitReason> {
    ///         self.0 = before.and_then(|it| it.downcast().ok()).map_or(vec![], |it| *it);
    ///         Ok(())
    ///     }
    ///     fn event(&mut self, event: &u32) -> After { self.0.push(*event); After::Keep }
    ///     fn terminate(&mut self, _: &Removal) -> Left { Box::new(std::mem::take(&mut self.0)) }
    /// }
    ///
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let manager = EventManager::new().start().await?;
    /// manager.add_handler("log", Log::default()).await?;
    /// manager.notify(1)?;
    /// manager.swap_handler("log", "better log", Log::default()).await?;
    /// manager.notify(2)?;
    /// let left = manager.delete_handler("better log").await?;
    /// assert_eq!(left.downcast_ref(), Some(&vec![1_u32, 2]));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn swap_handler<H: EventHandler<E>>(
        &self,
        old: impl Into<String>,
        new: impl Into<String>,
        handler: H,
    ) -> HandlerCall<()> {
        let (old, new) = (old.into(), new.into());
        self.ask(move |manager, cx, _| manager.swap(&old, (new, Box::new(handler)), None, cx))
    }

    /// The same as [`swap_handler`](Self::swap_handler), but the new handler belongs to the calling
    /// process, as if it had been added by [`add_sup_handler`](Self::add_sup_handler). Whoever the
    /// old one belonged to hears so.
    ///
    /// # Errors
    /// As for [`add_handler`](Self::add_handler); the old one is gone all the same.
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    ///
    /// ```
    /// use actor_core::{event::*, prelude::*, Inbox, Message};
    /// struct Ear;
    /// impl EventHandler<u32> for Ear {
    ///     fn event(&mut self, _: &u32) -> After { After::Keep }
    /// }
    /// impl Message for Lost { type Reply = (); }
    /// struct Lost(HandlerExit);
    ///
    /// # let rt = Runtime::new()?;
    /// let manager = rt.spawn(EventManager::<u32>::new())?;
    /// let first = rt.spawn_fn(async move |mut inbox: Inbox<Lost>| {
    ///     let me = inbox.me();
    ///     manager.add_sup_handler("ear", Ear, move |exit| _ = me.send(Lost(exit))).await?;
    ///     let second = actor_core::spawn_fn(async move |_: Inbox<Lost>| {
    ///         manager.swap_sup_handler("ear", "better", Ear, |_| ()).await?;
    ///         Ok::<_, ExitReason>(())
    ///     })?;
    ///     let Lost(exit) = inbox.receive().await.message;
    ///     let successor = exit.swapped.expect("it was swapped");
    ///     assert_eq!((successor.id.as_str(), successor.owner), ("better", second.pid()));
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(first.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn swap_sup_handler<H: EventHandler<E>>(
        &self,
        old: impl Into<String>,
        new: impl Into<String>,
        handler: H,
        tell: impl FnMut(HandlerExit) + Send + 'static,
    ) -> HandlerCall<()> {
        let (old, new) = (old.into(), new.into());
        self.ask(move |manager, cx, pid| {
            let adder = Adder { pid, tell: Box::new(tell) };
            manager.swap(&old, (new, Box::new(handler)), Some(adder), cx)
        })
    }

    /// Asks one handler. The [manager's example](EventManager) uses it.
    ///
    /// # Errors
    /// `BadModule` if there is none with this id and of this type, `Failed` if it panicked.
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn call<H, R>(&self, id: impl Into<String>, request: R) -> HandlerCall<H::Reply>
    where
        H: EventHandler<E> + EventCall<R>,
        R: Send + 'static,
    {
        let id = id.into();
        self.ask(move |manager, cx, _| manager.with(&id, |it: &mut H| it.call(request), cx))
    }

    /// The ids of all handlers, in the order in which they see events.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    ///
    /// ```
    /// use actor_core::{event::EventManager, prelude::*};
    /// # let rt = Runtime::new()?;
    /// let manager = rt.spawn(EventManager::<u32>::new())?;
    /// assert_eq!(manager.which_handlers().blocking()?, Vec::<String>::new());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn which_handlers(&self) -> HandlerCall<Vec<String>> {
        self.ask(|manager, _, _| Ok(manager.ids()))
    }
}

impl<E: Send + 'static> Clone for EventManagerRef<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Send + 'static> fmt::Debug for EventManagerRef<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Send + 'static> Deref for EventManagerRef<E> {
    type Target = Address<EventMessage<E>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<E: Send + 'static> ProcessRef for EventManagerRef<E> {
    type Message = EventMessage<E>;

    fn from_address(address: Address<EventMessage<E>>) -> Self {
        Self(address)
    }

    fn as_address(&self) -> &Address<EventMessage<E>> {
        &self.0
    }
}
