//! Aliases: ways to this process that it can close. What happens to what comes by one is in
//! `process::alias`.

use std::{fmt, sync::Arc};

use super::{Address, Context, Handle, Server};
use crate::{
    error::SendError,
    process::{Gate, Message},
};

/// How an alias behaves: for [`Context::alias_with`].
///
/// ```
/// use actor_core::AliasOptions;
/// assert_eq!(AliasOptions::new(), AliasOptions::default());
/// assert_ne!(AliasOptions::new().reply(), AliasOptions::new().priority());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AliasOptions {
    reply: bool,
    priority: bool,
}

impl AliasOptions {
    /// Active until [`Context::unalias`], for ordinary messages. The [type's example](Self) uses
    /// it.
    pub const fn new() -> Self {
        Self { reply: false, priority: false }
    }

    /// For one message: the first that is received deactivates it. [`Context::alias_with`] has the
    /// example.
    #[must_use]
    pub const fn reply(mut self) -> Self {
        self.reply = true;
        self
    }

    /// Lets senders choose priority, by [`Alias::send_priority`]. A *priority message* waits behind
    /// the priority messages that came before it and before all ordinary ones. It takes room in the
    /// mailbox as any other.
    ///
    /// ```
    /// use actor_core::{Alias, AliasOptions, prelude::*};
    /// #[derive(Process)]
    /// struct Clerk(Vec<u32>);
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn bell(&mut self, cx: &mut Context<Self>) -> Alias<ClerkMessage> {
    ///         cx.alias_with(AliasOptions::new().priority())
    ///     }
    ///     #[cast] fn serve(&mut self, customer: u32) { self.0.push(customer) }
    ///     #[call] async fn rest(&mut self, cx: &mut Context<Self>) {
    ///         cx.sleep(std::time::Duration::from_millis(5)).await
    ///     }
    ///     #[call] fn served(&self) -> Vec<u32> { self.0.clone() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk(Vec::new()))?;
    /// let bell = clerk.bell().blocking()?;
    /// let resting = clerk.rest().request();
    /// clerk.serve(1)?;
    /// bell.send_priority(ClerkMessage::Serve { customer: 2 })?;
    /// rt.block_on(resting)?;
    /// assert_eq!(clerk.served().blocking()?, [2, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn priority(mut self) -> Self {
        self.priority = true;
        self
    }
}

/// A way to send to one process, which that process can close again (OTP's process alias): what it
/// hands out to be answered by, when it may lose interest in the answer. [`Context::alias`] has the
/// example.
///
/// Nothing can be asked of it: neither who is behind it nor whether it is active.
pub struct Alias<M: Message> {
    address: Address<M>,
    gate: Arc<Gate>,
}

impl<M: Message> Clone for Alias<M> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), gate: self.gate.clone() }
    }
}

impl<M: Message> fmt::Debug for Alias<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alias")
    }
}

impl<M: Message> Alias<M> {
    /// Sends a message by the alias, a cast. If the alias is not active when the process receives
    /// it, it is dropped there, without a word, and never handled; one that was received before
    /// stays. By whatever refs one process sends to another, what it sends arrives in one order.
    ///
    /// # Errors
    /// As for [`Address::send`]; an alias that is not active is no error.
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`].
    ///
    /// ```
    /// use actor_core::{Alias, prelude::*};
    /// #[derive(Process)]
    /// struct Poll { yes: u32 }
    /// #[handlers]
    /// impl Poll {
    ///     #[call] fn open(&mut self, cx: &mut Context<Self>) -> Alias<PollMessage> { cx.alias() }
    ///     #[cast] fn vote(&mut self) { self.yes += 1 }
    ///     #[call] fn close(&mut self, cx: &mut Context<Self>, box_: Alias<PollMessage>) -> u32 {
    ///         cx.unalias(&box_);
    ///         self.yes
    ///     }
    ///     #[call] fn votes(&self) -> u32 { self.yes }
    /// }
    /// # let rt = Runtime::new()?;
    /// let poll = rt.spawn(Poll { yes: 0 })?;
    /// let ballot_box = poll.open().blocking()?;
    /// ballot_box.send(PollMessage::Vote)?;
    /// assert_eq!(poll.close(ballot_box.clone()).blocking()?, 1);
    /// ballot_box.send(PollMessage::Vote)?; // too late, and nobody hears of it
    /// assert_eq!(poll.votes().blocking()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send(&self, message: M) -> Result<(), SendError> {
        self.address.post_by(&self.gate, message, false)
    }

    /// The same with priority, if the alias was made [for that](AliasOptions::priority), which has
    /// the example; else as [`send`](Self::send) does.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`].
    pub fn send_priority(&self, message: M) -> Result<(), SendError> {
        self.address.post_by(&self.gate, message, true)
    }
}

impl<P: Handle<<P as Server>::Message>> Context<P> {
    /// Makes an alias of this process: a ref to hand out that it can take back by
    /// [`unalias`](Self::unalias). It ends with the process.
    ///
    /// ```
    /// use actor_core::{Alias, prelude::*};
    /// # #[derive(Process)] struct Oracle;
    /// #[handlers]
    /// impl Oracle {
    ///     #[cast] fn ask(&self, answer_to: Alias<SeekerMessage>) {
    ///         let _ = answer_to.send(SeekerMessage::Hear { answer: 42 });
    ///     }
    /// }
    /// #[derive(Process)]
    /// struct Seeker { oracle: OracleRef, open: Option<Alias<SeekerMessage>>, answer: Option<u32> }
    /// #[handlers]
    /// impl Seeker {
    ///     #[cast] fn seek(&mut self, cx: &mut Context<Self>) {
    ///         let alias = cx.alias();
    ///         let _ = self.oracle.ask(alias.clone());
    ///         self.open = Some(alias);
    ///     }
    ///     #[cast] fn hear(&mut self, answer: u32) { self.answer = Some(answer) }
    ///     #[cast] fn give_up(&mut self, cx: &mut Context<Self>) {
    ///         // From here on no answer is received any more.
    ///         if let Some(alias) = self.open.take() { cx.unalias(&alias); }
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// # let oracle = rt.spawn(Oracle)?;
    /// # let seeker = rt.spawn(Seeker { oracle, open: None, answer: None })?;
    /// # seeker.seek()?; seeker.give_up()?;
    /// # assert_eq!(seeker.stop(ExitReason::Normal).blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alias(&mut self) -> Alias<P::Message> {
        self.alias_with(AliasOptions::new())
    }

    /// The same with options: for one message, say.
    ///
    /// ```
    /// use actor_core::{Alias, AliasOptions, prelude::*};
    /// #[derive(Process)]
    /// struct Lottery { winners: u32 }
    /// #[handlers]
    /// impl Lottery {
    ///     #[call] fn ticket(&mut self, cx: &mut Context<Self>) -> Alias<LotteryMessage> {
    ///         cx.alias_with(AliasOptions::new().reply())
    ///     }
    ///     #[cast] fn claim(&mut self) { self.winners += 1 }
    ///     #[call] fn winners(&self) -> u32 { self.winners }
    /// }
    /// # let rt = Runtime::new()?;
    /// let lottery = rt.spawn(Lottery { winners: 0 })?;
    /// let ticket = lottery.ticket().blocking()?;
    /// (0..3).try_for_each(|_| ticket.send(LotteryMessage::Claim))?;
    /// assert_eq!(lottery.winners().blocking()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alias_with(&mut self, options: AliasOptions) -> Alias<P::Message> {
        if options.priority {
            self.running().expect_urgent();
        }
        let gate = Gate::new(self.pid(), options.reply, options.priority);
        Alias { address: Address::plain::<P>(self.pin()), gate }
    }

    /// Deactivates an alias: no message by it is received from here on. Those that were received
    /// stay in the queue. False: it was not active, or is another process's.
    /// [`Alias::send`] has the example.
    pub fn unalias(&mut self, alias: &Alias<P::Message>) -> bool {
        alias.gate.owner() == self.pid() && alias.gate.close()
    }
}
