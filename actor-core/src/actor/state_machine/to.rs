//! Where a handler goes: [`To`], checked against the states that its signature names.
//!
//! `To<(Open, Broken)>` can hold an `Open` or a `Broken` and nothing else: the tuple is turned into
//! a nest of choices that ends in the impossible, and [`Includes`] finds the place of a state in
//! it. The second parameter is the inferred path to that place; without it the impls would overlap.

use std::{convert::Infallible, fmt, marker::PhantomData};

use crate::exit::ExitReason;

/// A type that is a state of a machine. `#[machine]` implements it for each.
///
/// ```
/// use actor_core::prelude::*;
/// # #[derive(StateMachine)] struct Lamp;
/// struct Off;
/// struct On;
///
/// #[machine(initial = Off)]
/// impl Lamp {
///     #[cast(in = Off)] fn press(&mut self) -> To<On> { To::state(On) }
///     #[cast(in = On, event = press)] fn press_again(&mut self) -> To<Off> { To::state(Off) }
/// }
/// fn is_state<S: actor_core::machine::State>() {}
/// is_state::<On>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no state",
    note = "a state is a type that a `#[machine]` block names: `initial = ..`, `in = ..`, `To<..>`"
)]
pub trait State: Send + 'static {}

/// As a target of [`To`], says that the handler may postpone its event: `To<(Open, Postpone)>`. It
/// has no value. [`To::postpone`] has the example.
#[derive(Debug)]
pub enum Postpone {}

impl State for Postpone {}

/// A state, a tuple of up to eight, or `()`: what a [`To`] may hold. The example of [`To`] uses it.
pub trait Targets {
    /// One of them.
    type Value: Send;
}

impl Targets for () {
    type Value = Infallible;
}

impl<S: State> Targets for S {
    type Value = Choice<S, Infallible>;
}

macro_rules! choices {
    () => { Infallible };
    ($S:ident $($rest:ident)*) => { Choice<$S, choices!($($rest)*)> };
}
macro_rules! targets {
    ($($($S:ident)+;)*) => {$(
        impl<$($S: State),+> Targets for ($($S,)+) {
            type Value = choices!($($S)+);
        }
    )*};
}
targets! {
    A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
}

/// One state, or one of the rest.
#[doc(hidden)]
#[derive(Debug)]
pub enum Choice<S, Rest> {
    /// This one.
    This(S),
    /// Another.
    Rest(Rest),
}

/// That a state is among some targets; `At` is found by inference. [`To::state`] asks for it, and
/// its example uses it.
#[diagnostic::on_unimplemented(
    message = "this handler does not say that it goes to `{S}`",
    label = "not among the states of its `To<..>`",
    note = "name `{S}` in the return type: `-> To<({S}, ..)>`, or `-> To<({S}, ..), Reply>` of a \
            call"
)]
pub trait Includes<S, At> {
    /// The value that is this state.
    #[doc(hidden)]
    fn put(state: S) -> Self;
}

/// That [`Postpone`] is among some targets: what [`To::postpone`] asks for, whose example uses it.
#[diagnostic::on_unimplemented(
    message = "this handler does not say that it may postpone its event",
    label = "`Postpone` is not among the targets of its `To<..>`",
    note = "name it in the return type: `-> To<(Open, Postpone)>`, `-> To<Postpone, Reply>`"
)]
pub trait MayPostpone<At> {}

#[diagnostic::do_not_recommend]
impl<V: Includes<Postpone, At>, At> MayPostpone<At> for V {}

/// The first of a nest.
#[doc(hidden)]
#[derive(Debug)]
pub struct Here;

/// A later one.
#[doc(hidden)]
#[derive(Debug)]
pub struct There<At>(PhantomData<At>);

#[diagnostic::do_not_recommend]
impl<S, Rest> Includes<S, Here> for Choice<S, Rest> {
    fn put(state: S) -> Self {
        Self::This(state)
    }
}

#[diagnostic::do_not_recommend]
impl<S, Other, Rest: Includes<S, At>, At> Includes<S, There<At>> for Choice<Other, Rest> {
    fn put(state: S) -> Self {
        Self::Rest(Rest::put(state))
    }
}

/// A value of some targets as the machine's state.
#[doc(hidden)]
pub trait Settle<All> {
    /// As the machine has it.
    fn settle(self) -> All;
}

impl<All> Settle<All> for Infallible {
    fn settle(self) -> All {
        match self {}
    }
}

impl<All, S: Into<All>, Rest: Settle<All>> Settle<All> for Choice<S, Rest> {
    fn settle(self) -> All {
        match self {
            Self::This(state) => state.into(),
            Self::Rest(rest) => rest.settle(),
        }
    }
}

/// What becomes of the machine after a handler: where it may go (`S`, a state, a tuple of states,
/// or `()`), and what it replies (`R`, for a call). A handler that returns anything else stays in
/// its state.
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(StateMachine)]
/// struct Door { code: u32, tries: u32 }
///
/// struct Locked;
/// struct Open { by: u32 }
/// struct Broken;
///
/// #[machine(initial = Locked)]
/// impl Door {
///     #[call(in = Locked, ignore = _)]
///     fn enter(&mut self, code: u32) -> To<(Open, Broken), bool> {
///         self.tries += 1;
///         match code == self.code {
///             true => To::state(Open { by: code }).reply(true),
///             false if self.tries == 3 => To::state(Broken).reply(false),
///             false => To::keep().reply(false),
///         }
///     }
/// }
/// # impl Open { fn who(&self) -> u32 { self.by } }
///
/// # let rt = Runtime::new()?;
/// let door = rt.spawn(Door { code: 7, tries: 0 })?;
/// assert_eq!(door.enter(1).blocking(), Ok(false));
/// assert_eq!(door.enter(7).blocking(), Ok(true));
/// assert_eq!(door.enter(7).blocking(), Err(CallFailure::NoReply)); // ignored: it is open
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a handler returns it; nothing happens otherwise"]
pub struct To<S: Targets, R = ()> {
    pub(super) go: Go<S::Value>,
    pub(super) reply: Option<R>,
}

pub(super) enum Go<V> {
    Keep,
    Repeat,
    State(V),
    Postpone(Option<V>),
    Stop(ExitReason),
}

impl<S: Targets> To<S> {
    /// Goes to a state. The same state with other data in it is no change: nothing is retried, no
    /// enter call is made. The [type's example](Self) uses it.
    pub fn state<Next, At>(state: Next) -> Self
    where
        S::Value: Includes<Next, At>,
    {
        Self { go: Go::State(Includes::put(state)), reply: Some(()) }
    }

    /// Stays. The [type's example](Self) uses it.
    pub fn keep() -> Self {
        Self { go: Go::Keep, reply: Some(()) }
    }

    /// Stays, and makes the state's enter call again (OTP's `repeat_state`).
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(StateMachine)] struct Poller { asked: u32 }
    /// # struct Polling;
    /// #[machine(initial = Polling)]
    /// impl Poller {
    ///     #[enter(Polling)] fn ask(&mut self) { self.asked += 1 }
    ///     #[cast] fn again(&mut self) -> To<()> { To::repeat() }
    ///     #[call] fn asked(&self) -> u32 { self.asked }
    /// }
    /// # let rt = Runtime::new()?;
    /// let poller = rt.spawn(Poller { asked: 0 })?;
    /// poller.again()?;
    /// assert_eq!(poller.asked().blocking(), Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repeat() -> Self {
        Self { go: Go::Repeat, reply: Some(()) }
    }

    /// The same, with the reply of a call. The [type's example](Self) uses it.
    pub fn reply<R>(self, reply: R) -> To<S, R> {
        To { go: self.go, reply: Some(reply) }
    }
}

impl<S: Targets, R> To<S, R> {
    /// Leaves the event for after the next change of state; a call's caller waits on. The handler
    /// names [`Postpone`] among its targets, and what the event carries is `Clone`, since the
    /// handler has it already. If it can be said beforehand, `#[cast(postpone = [..])]` is shorter.
    ///
    /// At most [`limits::POSTPONED`](crate::limits::POSTPONED) wait so: see there.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(StateMachine)] struct Gate { open: u32 }
    /// # struct Shut; struct Ajar;
    /// #[machine(initial = Shut)]
    /// impl Gate {
    ///     #[cast(in = Shut, ignore = _)] fn push(&mut self) -> To<Ajar> { To::state(Ajar) }
    ///     #[call]
    ///     fn pass(&mut self, width: u32, state: &mut GateState) -> To<Postpone, u32> {
    ///         match state {
    ///             GateState::Shut(_) if width > 1 => To::postpone(),
    ///             _ => To::keep().reply(width),
    ///         }
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let gate = rt.spawn(Gate { open: 0 })?;
    /// # rt.run(async move {
    /// let wide = gate.pass(2).request();
    /// assert_eq!(gate.pass(1).await, Ok(1));
    /// gate.push()?;
    /// assert_eq!(wide.await, Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn postpone<At>() -> Self
    where
        S::Value: MayPostpone<At>,
    {
        Self { go: Go::Postpone(None), reply: None }
    }

    /// Goes to a state, where the event is handled again, after those that were postponed before
    /// it. [`postpone`](Self::postpone) has an example.
    pub fn postpone_to<Next, At, PostponeAt>(state: Next) -> Self
    where
        S::Value: Includes<Next, At> + MayPostpone<PostponeAt>,
    {
        Self { go: Go::Postpone(Some(Includes::put(state))), reply: None }
    }

    /// Ends the process with this reason. A call that is not replied to fails with it; with
    /// [`reply`](To::reply) it is OTP's `stop_and_reply`.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(StateMachine)] struct Job;
    /// # struct Running;
    /// #[machine(initial = Running)]
    /// impl Job {
    ///     #[call] fn finish(&mut self) -> To<(), u32> { To::stop(ExitReason::Normal).reply(42) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let job = rt.spawn(Job)?;
    /// assert_eq!(job.finish().blocking(), Ok(42));
    /// assert_eq!(job.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(reason: ExitReason) -> Self {
        Self { go: Go::Stop(reason), reply: None }
    }
}

impl<S: Targets, R> fmt::Debug for To<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.go {
            Go::Keep => "keep",
            Go::Repeat => "repeat",
            Go::State(_) => "state",
            Go::Postpone(_) => "postpone",
            Go::Stop(_) => "stop",
        };
        f.debug_struct("To").field("go", &name).finish_non_exhaustive()
    }
}
