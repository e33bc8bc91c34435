//! Function processes: a process that is one async function, and receives its mail itself.
//!
//! How mail reaches it is written in `process::function`. Here is what a program sees: the
//! [`FnProcess`] that is started, the [`Inbox`] that its function owns, and the [`Receive`] by
//! which it takes what it wants from there.

mod inbox;
mod letters;
mod outcome;
mod receive;

use std::{fmt, future::Future, sync::Arc};

use self::letters::Letterbox;
pub use self::{
    inbox::{Inbox, Item, Received},
    outcome::IntoExit,
    receive::{Receive, ReceiveAfter},
};
use super::{
    Address, ChildKind, Context, FunctionBody, Handle, Handled, Message, Next, Process, ReplyPort,
    Server, Start,
};
use crate::{error::StartError, pool::PooledFuture, process::current, runtime::RuntimeHandle};

type Begin<M> = Box<dyn FnOnce(Inbox<M>) -> PooledFuture<'static, Next> + Send>;

/// A process that is one function, before it is started.
///
/// It is started as any process is: by [`spawn_fn`], with options ([`Start::with`]), or as a
/// supervisor's child. The function gets the [`Inbox`], and its return is the end of the process:
/// with `()` or `Ok(())` by `Normal`, with an `Err` by that reason, with a panic by the panic. It
/// is ready as soon as it runs: `start` does not wait for anything in it.
///
/// As in OTP, it hears of the end of a linked process only if it traps exits; and if it does, its
/// parent's exit is an [`Item`] like all others, on which it should return. It has no `terminate`.
///
/// ```
/// use actor_core::{FnProcess, Inbox, prelude::*};
/// # use actor_core::Message;
/// struct Add(u64);
/// impl Message for Add {
///     type Reply = u64;
/// }
///
/// fn adder(mut sum: u64) -> FnProcess<Add> {
///     FnProcess::new(async move |mut inbox: Inbox<Add>| {
///         loop {
///             let add = inbox.receive().await;
///             sum += add.message.0;
///             add.reply.send(sum);
///         }
///     })
/// }
///
/// let rt = Runtime::new()?;
/// let adder = adder(40).with().name("adder").on(&rt).spawn()?;
/// assert_eq!(adder.call_message(Add(2)).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FnProcess<M: Message> {
    begin: Option<Begin<M>>,
    letters: Arc<Letterbox<M>>,
}

impl<M: Message> FnProcess<M> {
    /// A process that will be this function. The [type's example](Self) uses it.
    pub fn new<F, Fut>(function: F) -> Self
    where
        F: FnOnce(Inbox<M>) -> Fut + Send + 'static,
        Fut: Future<Output: IntoExit> + Send + 'static,
    {
        let begin = move |inbox| {
            let body = function(inbox);
            PooledFuture::new(async move { Next::Stop(body.await.into_exit()) })
        };
        Self { begin: Some(Box::new(begin)), letters: Arc::new(Letterbox::new()) }
    }
}

impl<M: Message> fmt::Debug for FnProcess<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnProcess")
    }
}

impl<M: Message> Process for FnProcess<M> {
    type Ref = Address<M>;
    const NAME: &'static str = "FnProcess";
}

impl<M: Message> Server for FnProcess<M> {
    type Message = M;
    // It has a turn before its first message.
    const HAS_INIT: bool = true;
    const IS_FUNCTION: bool = true;

    fn begin_function(&mut self) -> Option<FunctionBody> {
        let (running, begin) = (current::running()?, self.begin.take()?);
        let letters = self.letters.clone();
        running.extras(|extras| extras.letters = Some(letters));
        let inbox = Inbox::new(running.pin(), self.letters.clone());
        Some(FunctionBody::new(begin(inbox)))
    }
}

impl<M: Message> Handle<M> for FnProcess<M> {
    fn handle(
        &mut self,
        message: M,
        reply: ReplyPort<M::Reply>,
        _: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        self.letters.put(Received { message, reply });
        Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    }
}

impl<M: Message> Start for FnProcess<M> {
    type Ref = Address<M>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<M>) -> Address<M> {
        address
    }
}

/// Starts a process that is this function, in the runtime of this thread. [`FnProcess`] says what
/// the function may do and return; `FnProcess::new(f).with()` starts it with a name, a link, a
/// mailbox of another size, and all other options.
///
/// # Errors
/// See [`StartError`]; [`StartError::NoRuntime`] if there is no runtime here.
///
/// ```
/// use actor_core::{Inbox, Message, prelude::*, spawn_fn};
/// enum Door { Open, Knock }
/// impl Message for Door {
///     type Reply = &'static str;
/// }
///
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let door = spawn_fn(|mut inbox: Inbox<Door>| async move {
///     // Whatever came before, the door is opened first.
///     inbox.receive_match(|door| matches!(door, Door::Open)).await;
///     inbox.receive().await.reply.send("come in");
/// })?;
/// let knock = door.call_message(Door::Knock).request();
/// door.send(Door::Open)?;
/// assert_eq!(knock.await?, "come in");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawn_fn<M, F, Fut>(function: F) -> Result<Address<M>, StartError>
where
    M: Message,
    F: FnOnce(Inbox<M>) -> Fut + Send + 'static,
    Fut: Future<Output: IntoExit> + Send + 'static,
{
    FnProcess::new(function).with().spawn()
}

impl RuntimeHandle {
    /// [`spawn_fn`] in this runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// ```
    /// use actor_core::{Inbox, Message, prelude::*};
    /// struct Ping;
    /// impl Message for Ping {
    ///     type Reply = ();
    /// }
    /// let rt = Runtime::new()?;
    /// let once = rt.spawn_fn(async |mut inbox: Inbox<Ping>| {
    ///     inbox.receive().await.reply.send(());
    /// })?;
    /// let closed = once.closed();
    /// once.call_message(Ping).blocking()?;
    /// assert_eq!(closed.blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_fn<M, F, Fut>(&self, function: F) -> Result<Address<M>, StartError>
    where
        M: Message,
        F: FnOnce(Inbox<M>) -> Fut + Send + 'static,
        Fut: Future<Output: IntoExit> + Send + 'static,
    {
        FnProcess::new(function).with().on(self).spawn()
    }
}

impl<P: Server> Context<P> {
    /// [`spawn_fn`] from inside a process; `FnProcess::new(f).with().link()` links the two.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// ```
    /// use actor_core::{Inbox, Message, prelude::*};
    /// struct Ping;
    /// impl Message for Ping {
    ///     type Reply = ();
    /// }
    /// # #[derive(Process)] struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] async fn ping(&mut self, cx: &mut Context<Self>) -> bool {
    ///         let echo = cx.spawn_fn(async |mut inbox: Inbox<Ping>| {
    ///             inbox.receive().await.reply.send(());
    ///         });
    ///         let Ok(echo) = echo else { return false };
    ///         echo.call_message(Ping).await.is_ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert!(rt.spawn(Clerk)?.ping().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_fn<M, F, Fut>(&mut self, function: F) -> Result<Address<M>, StartError>
    where
        M: Message,
        F: FnOnce(Inbox<M>) -> Fut + Send + 'static,
        Fut: Future<Output: IntoExit> + Send + 'static,
    {
        FnProcess::new(function).with().spawn()
    }
}
