//! What the handlers of a state machine see of their process.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use super::{
    Machine, MachineEvent, StateMachine, TimerName,
    engine::{Actions, TimerAction},
};
use crate::actor::Context;

/// What a handler asks for, beside what it returns.
pub(super) type Asked<M> = Actions<MachineEvent<M>, <M as StateMachine>::Timeout>;

/// A state machine's process as its own handlers see it: take it as a parameter, `cx: &mut
/// StateContext<Self>`. It derefs to the [`Context`] that every process has, and adds what
/// `gen_statem` calls actions: events inserted and timers. They are carried out when the handler
/// has returned and the new state was entered, in the order in which they were asked for.
///
/// ```
/// use actor_core::prelude::*;
/// use std::time::Duration;
///
/// #[derive(StateMachine)]
/// struct Lamp { blinks: u32 }
/// struct Off;
/// struct On;
///
/// #[machine(initial = Off)]
/// impl Lamp {
///     #[cast(in = Off, ignore = _)]
///     fn press(&mut self, cx: &mut StateContext<Self>) -> To<On> {
///         cx.start_timer(Duration::from_millis(1), LampTimeout::GoOut);
///         cx.next_event(LampEvent::Blink { times: 2 });
///         To::state(On)
///     }
///     #[internal] fn blink(&mut self, times: u32) { self.blinks += times }
///     #[timeout(state, in = On)] fn go_out(&mut self) -> To<Off> { To::state(Off) }
///     #[call(in = Off, postpone = On)] fn blinks(&self) -> u32 { self.blinks }
/// }
/// # let rt = Runtime::new()?;
/// let lamp = rt.spawn(Lamp { blinks: 0 })?;
/// lamp.press()?;
/// assert_eq!(lamp.blinks().blocking(), Ok(2)); // postponed until it is off again
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StateContext<M: StateMachine> {
    cx: Context<Machine<M>>,
    asked: Asked<M>,
}

impl<M: StateMachine> StateContext<M> {
    pub(super) fn of(cx: &Context<Machine<M>>) -> Self {
        Self { cx: Context::new(cx.running().again()), asked: Actions::none() }
    }

    pub(super) fn asked(&mut self) -> Asked<M> {
        std::mem::replace(&mut self.asked, Actions::none())
    }

    /// Has an internal event handled next, before anything that waits: in the mailbox, postponed,
    /// or inserted before. Several keep their order. More than
    /// [`limits::MACHINE_QUEUE`](crate::limits::MACHINE_QUEUE) at a time end the process. The
    /// [type's example](Self) uses it.
    pub fn next_event(&mut self, event: M::Event) {
        self.asked.next.push(MachineEvent::Internal(event));
    }

    /// The same with a message, as if it had been cast.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(StateMachine)] struct Lamp { pressed: u32 }
    /// # struct Off; struct On;
    /// #[machine(initial = Off)]
    /// impl Lamp {
    ///     #[cast(in = Off)] fn press(&mut self) -> To<On> { self.pressed += 1; To::state(On) }
    ///     #[cast(in = On, event = press)] fn off(&mut self) -> To<Off> { To::state(Off) }
    ///     #[cast]
    ///     fn press_twice(&mut self, cx: &mut StateContext<Self>) {
    ///         cx.next_message(LampMessage::Press);
    ///         cx.next_message(LampMessage::Press);
    ///     }
    ///     #[call(in = Off, ignore = _)] fn pressed(&self) -> u32 { self.pressed }
    /// }
    /// # let rt = Runtime::new()?;
    /// let lamp = rt.spawn(Lamp { pressed: 0 })?;
    /// lamp.press_twice()?;
    /// assert_eq!(lamp.pressed().blocking(), Ok(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_message(&mut self, message: M::Message) {
        let port = crate::process::ReplyPort::none();
        self.asked.next.push(MachineEvent::Message(message, port));
    }

    /// Starts a time-out: `timeout` is handled after so much time, never early. One that runs under
    /// the same name is replaced: there is one state time-out, one event time-out, and one of each
    /// name. Of no time: after all that is queued, before anything from outside. The
    /// [type's example](Self) uses it.
    pub fn start_timer(&mut self, after: Duration, timeout: M::Timeout) {
        let timer = M::timer(&timeout);
        self.asked.timers.push(TimerAction::Start(timer, after, timeout));
    }

    /// Replaces what a running time-out will bring, and not when. If none runs under that name, it
    /// is as if started with no time.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// use std::time::Duration;
    /// # #[derive(StateMachine)] struct Reminder;
    /// # struct Waiting { reply: Option<Reply<String>> }
    /// #[machine(initial = Waiting { reply: None })]
    /// impl Reminder {
    ///     #[call]
    ///     fn remind(
    ///         &mut self, state: &mut Waiting, reply: Reply<String>, cx: &mut StateContext<Self>,
    ///     ) {
    ///         state.reply = Some(reply);
    ///         let tea = ReminderTimeout::Ring { text: "tea".into() };
    ///         cx.start_timer(Duration::from_millis(1), tea);
    ///         cx.update_timer(ReminderTimeout::Ring { text: "coffee".into() });
    ///     }
    ///     #[timeout(name = "bell")]
    ///     fn ring(&mut self, state: &mut Waiting, text: String) {
    ///         state.reply.take().into_iter().for_each(|reply| reply.send(text.clone()));
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.spawn(Reminder)?.remind().blocking()?, "coffee");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update_timer(&mut self, timeout: M::Timeout) {
        let timer = M::timer(&timeout);
        self.asked.timers.push(TimerAction::Update(timer, timeout));
    }

    /// Cancels a time-out; nothing of it is heard any more, though its time may be up already.
    /// Cancelling one that does not run does nothing. `#[machine]` makes a constant of each name
    /// that time-outs have.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// use std::time::Duration;
    /// # #[derive(StateMachine)] struct Fuse;
    /// # struct Lit;
    /// #[machine(initial = Lit)]
    /// impl Fuse {
    ///     #[enter(Lit)]
    ///     fn light(&mut self, cx: &mut StateContext<Self>) {
    ///         cx.start_timer(Duration::ZERO, FuseTimeout::Bang);
    ///         cx.cancel_timer(FuseTimeout::BANG);
    ///     }
    ///     #[timeout(state, in = Lit)] fn bang(&mut self) { panic!("bang") }
    ///     #[call] fn is_whole(&self) -> bool { true }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.spawn(Fuse)?.is_whole().blocking(), Ok(true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_timer(&mut self, timer: TimerName) {
        self.asked.timers.push(TimerAction::Cancel(timer));
    }
}

impl<M: StateMachine> Deref for StateContext<M> {
    type Target = Context<Machine<M>>;

    fn deref(&self) -> &Self::Target {
        &self.cx
    }
}

impl<M: StateMachine> DerefMut for StateContext<M> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.cx
    }
}

impl<M: StateMachine> fmt::Debug for StateContext<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State{:?}", self.cx)
    }
}
