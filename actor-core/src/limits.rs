//! Every bound of the runtime, by name.
//!
//! Nothing grows without a bound that somebody set; here is where to read, and in which option to
//! change it.

use std::time::Duration;

/// How many processes one runtime can hold at once: the BEAM's own maximum, and the default.
pub const PROCESSES: u32 = (1 << 27) - 1;

/// How many unhandled messages a mailbox holds unless the process says otherwise
/// (`ProcessOptions::mailbox`). A send beyond it is [`SendError::Full`](crate::SendError::Full).
/// Signals and replies never need room.
pub const MAILBOX: usize = 1 << 20;

/// The smallest and largest mailbox that can be asked for.
pub const MAILBOX_RANGE: std::ops::RangeInclusive<usize> = 1..=u32::MAX as usize;

/// How many casts a supervised ref keeps while its process is being restarted, unless the child's
/// own mailbox is smaller. A cast beyond it is [`SendError::Full`](crate::SendError::Full).
pub const GAP_MAIL: usize = 1 << 16;

/// How long a call waits for its reply unless told otherwise, as in OTP.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How many messages a process handles before it gives way to the next (its reductions).
pub const TURN_MESSAGES: u32 = 256;

/// How long a process may handle messages before it gives way to the next, checked between
/// messages.
pub const TURN_TIME: Duration = Duration::from_micros(50);

/// Worker threads of one runtime at most.
pub const WORKERS: usize = 1024;

/// How long `Runtime::shutdown` waits for processes that no supervisor stops (each is asked with
/// `shutdown`, then killed), and then for its threads.
pub const SHUTDOWN: Duration = Duration::from_secs(5);

/// State up to this size lives in the process's own cell, in bytes; larger state is boxed.
pub const INLINE_STATE: usize = 512;

const _: () = assert!(TURN_MESSAGES > 0 && GAP_MAIL <= MAILBOX);
