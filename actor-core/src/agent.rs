//! Agents: processes that keep a state, and do to it what they are told by closures.
//!
//! For state that needs no messages of its own. The closures run inside the agent, one at a time;
//! one that panics ends the agent, as a handler would.

use std::{any::Any, fmt};

use crate::{
    actor::{
        Address, Call, ChildKind, Context, DEFAULT_CALL_TIMEOUT, Handle, Handled, Message, Next,
        Process, ProcessRef, ReplyPort, Server, Start, call,
    },
    error::{CallFailure, SendError, StartError},
};

/// A process that keeps a state `S`, before it is started (Elixir's `Agent`).
///
/// ```
/// use actor_core::{agent::Agent, prelude::*};
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let words = Agent::spawn(vec!["to", "be"])?;
/// words.cast(|words| words.push("or"))?;
/// words.update(|words| words.push("not")).await?;
/// assert_eq!(words.get(|words| words.len()).await?, 4);
/// assert_eq!(words.get_and_update(|words| words.pop()).await?, Some("not"));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Agent<S>(S);

impl<S: Send + 'static> Agent<S> {
    /// An agent with this state, to be started with options, or as a supervisor's child.
    ///
    /// ```
    /// use actor_core::{agent::Agent, prelude::*};
    /// # #[derive(Supervisor)] struct Bank;
    /// #[supervisor]
    /// impl Bank {
    ///     #[child] fn rates(&self) -> Agent<Vec<f64>> { Agent::new(vec![1.5]) }
    /// }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// assert_eq!(bank.rates().get(|rates| rates[0]).await?, 1.5);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn new(state: S) -> Self {
        Self(state)
    }

    /// Starts an agent with this state, in the runtime of this thread. The
    /// [type's example](Self) uses it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn spawn(state: S) -> Result<AgentRef<S>, StartError> {
        Self(state).with().spawn()
    }
}

type Answer = Box<dyn Any + Send>;

/// What is to be done to an agent's state: made by the methods of [`AgentRef`], which the
/// [agent's example](Agent) uses.
pub struct AgentMessage<S>(Box<dyn FnOnce(&mut S) -> Answer + Send>);

impl<S> AgentMessage<S> {
    fn new<T: Send + 'static>(act: impl FnOnce(&mut S) -> T + Send + 'static) -> Self {
        Self(Box::new(|state| Box::new(act(state))))
    }
}

impl<S> fmt::Debug for AgentMessage<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentMessage")
    }
}

impl<S: Send + 'static> Message for AgentMessage<S> {
    type Reply = Answer;

    fn name(&self) -> &'static str {
        "Act"
    }
}

/// A running [`Agent`], which has the example. It derefs to its address.
pub struct AgentRef<S: Send + 'static>(Address<AgentMessage<S>>);

impl<S: Send + 'static> AgentRef<S> {
    fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Call<T, CallFailure> {
        let unpack = |answer: Answer| answer.downcast().ok().map(|value| Ok(*value));
        call(&self.0, AgentMessage::new(act), DEFAULT_CALL_TIMEOUT, unpack)
    }

    /// Asks for something of its state. The [agent's example](Agent) uses it.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn get<T: Send + 'static>(
        &self,
        look: impl FnOnce(&S) -> T + Send + 'static,
    ) -> Call<T, CallFailure> {
        self.ask(|state| look(state))
    }

    /// Changes its state, and waits until that is done. The [agent's example](Agent) uses it.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn update(&self, change: impl FnOnce(&mut S) + Send + 'static) -> Call<(), CallFailure> {
        self.ask(change)
    }

    /// Changes its state, and answers something of it. The [agent's example](Agent) uses it.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// `NoProc`, or `Exited` if it ends first.
    pub fn get_and_update<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Call<T, CallFailure> {
        self.ask(act)
    }

    /// Changes its state, and waits for nothing. The [agent's example](Agent) uses it.
    ///
    /// # Errors
    /// As for every cast: see [`SendError`].
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`].
    pub fn cast(&self, change: impl FnOnce(&mut S) + Send + 'static) -> Result<(), SendError> {
        self.0.send(AgentMessage::new(change))
    }
}

impl<S: Send + 'static> Clone for AgentRef<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Send + 'static> fmt::Debug for AgentRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Send + 'static> std::ops::Deref for AgentRef<S> {
    type Target = Address<AgentMessage<S>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + 'static> ProcessRef for AgentRef<S> {
    type Message = AgentMessage<S>;

    fn from_address(address: Address<AgentMessage<S>>) -> Self {
        Self(address)
    }

    fn as_address(&self) -> &Address<AgentMessage<S>> {
        &self.0
    }
}

impl<S: Send + 'static> Process for Agent<S> {
    type Ref = AgentRef<S>;
    const NAME: &'static str = "Agent";
}

impl<S: Send + 'static> Server for Agent<S> {
    type Message = AgentMessage<S>;
}

impl<S: Send + 'static> Handle<AgentMessage<S>> for Agent<S> {
    fn handle(
        &mut self,
        message: AgentMessage<S>,
        reply: ReplyPort<Answer>,
        _: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        reply.send((message.0)(&mut self.0));
        Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    }
}

impl<S: Send + 'static> Start for Agent<S> {
    type Ref = AgentRef<S>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<AgentMessage<S>>) -> AgentRef<S> {
        AgentRef(address)
    }
}
