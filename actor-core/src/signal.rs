//! The signals: what one process does to another besides sending it a message.
//!
//! One enum holds them all, since all travel by the same inbox in one order. They are acted on when
//! the receiver next runs, before its backlog; a trapped exit and a fired monitor go to the end of
//! the queue and become messages.

use std::sync::Arc;

use crate::{
    exit::ExitReason,
    inspection::Inspection,
    pid::{MonitorRef, Pid},
    trace::TraceOrder,
};

/// A monitored process has ended; the argument of `#[down]`.
///
/// Exactly one arrives for each monitor, after the last message the dead process sent, and after
/// its name was freed. [`Context::monitor`](crate::Context::monitor) has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// What `Context::monitor` answered.
    pub monitor: MonitorRef,
    /// Who ended; `<0.0.0>` if nobody had the name of a monitor by name.
    pub pid: Pid,
    /// Why; `NoProc` if it was dead when the monitor was set.
    pub reason: ExitReason,
    note: Option<Arc<Note>>,
}

impl Down {
    /// The name by which the monitor was set: what OTP puts in the place of the pid.
    /// [`Context::monitor_name`](crate::Context::monitor_name) has the example.
    pub fn name(&self) -> Option<&str> {
        self.note.as_ref()?.name.as_deref()
    }

    /// The number with which the monitor was set.
    /// [`MonitorOptions::tag`](crate::MonitorOptions::tag) has the example.
    pub fn tag(&self) -> Option<u64> {
        self.note.as_ref()?.tag
    }
}

/// A DOWN as it is sent: with what its monitor was set, the watcher alone knows.
pub(crate) struct Fired {
    pub(crate) monitor: MonitorRef,
    pub(crate) pid: Pid,
    pub(crate) reason: ExitReason,
}

impl Fired {
    /// The signal by which the watcher handles it.
    pub(crate) fn noted(self, note: Option<Arc<Note>>) -> Signal {
        if note.is_none() {
            return Signal::Down(self);
        }
        Signal::Noted(Box::new(Down { note, ..self.into() }))
    }
}

impl From<Fired> for Down {
    fn from(Fired { monitor, pid, reason }: Fired) -> Self {
        Self { monitor, pid, reason, note: None }
    }
}

/// With what a monitor was set beside its target. Most are set with nothing of the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// It was set by this name.
    pub(crate) name: Option<Box<str>>,
    /// Its DOWN carries this.
    pub(crate) tag: Option<u64>,
    /// Its DOWN goes before ordinary messages.
    pub(crate) urgent: bool,
}

/// Who waits for the end of a process without being one; or of many.
pub(crate) trait Watch: Send + Sync {
    /// This one has ended. Called once for each that it was set on.
    fn ended(&self, who: Pid, reason: &ExitReason);
    /// Whether anybody still waits.
    fn is_wanted(&self) -> bool;
}

/// A request to a process itself and not to its handlers: OTP's system message.
pub(crate) trait SystemRequest: Send {
    /// The process has come to it in its queue, with nothing pending. Called inside it.
    fn serve(self: Box<Self>);
    /// It never will: it has ended with this reason, or was gone already.
    fn refuse(self: Box<Self>, reason: Option<ExitReason>);
}

/// All that enters an inbox besides messages.
pub(crate) enum Signal {
    /// An exit signal, by a link or explicit.
    Exit { from: Pid, reason: ExitReason, linked: bool },
    /// The sender has linked itself to the receiver.
    Link { from: Pid },
    /// The sender has removed its link.
    Unlink { from: Pid },
    /// The sender watches the receiver.
    Monitor { monitor: MonitorRef },
    /// It does so no longer.
    Demonitor { monitor: MonitorRef },
    /// A watched process has ended.
    Down(Fired),
    /// The same, received, of a monitor that was set with something.
    Noted(Box<Down>),
    /// Somebody waits for the end.
    Watch(Arc<dyn Watch>),
    /// The sender waits for the end of the receiver, has removed its link, and tells it to end, by
    /// a shutdown or by a kill: what a supervisor says to a child that it stops. In OTP a monitor,
    /// an unlink and an exit, which nothing of the sender's can come between.
    End { from: Pid, watch: Arc<dyn Watch>, kills: bool },
    /// The receiver is to stop when it comes to this in its queue, its `terminate` included.
    Stop(ExitReason),
    /// The receiver is to serve this when it comes to it in its queue, suspended or not.
    System(Box<dyn SystemRequest>),
    /// The receiver has had no message for so long as it wished to hear of: the number is that of
    /// its wish.
    Idle(u32),
    /// Another has aimed a timer at the receiver: it is at this place, and is to die with it.
    Timer { seat: u32, index: u32 },
    /// Somebody wants to know what the receiver is doing; dropped unasked, it is dead.
    Inspect(Box<dyn FnOnce(Inspection) + Send>),
    /// A tracer wants something of the receiver.
    Trace(Box<TraceOrder>),
}

// A monitor is kept by who is watched as the node of its DOWN: a block of the pool's fourth class.
const _: () = assert!(size_of::<Signal>() <= 48);

impl Signal {
    /// The signal's name in traces and charts.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Exit { .. } | Self::End { .. } => "exit",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::Monitor { .. } => "monitor",
            Self::Demonitor { .. } => "demonitor",
            Self::Down(_) | Self::Noted(_) => "down",
            Self::Watch(_) => "watch",
            Self::Stop(_) => "stop",
            Self::System(_) => "system",
            Self::Idle(_) => "idle",
            Self::Timer { .. } => "timer",
            Self::Inspect(_) => "inspect",
            Self::Trace(_) => "trace",
        }
    }
}
