//! What the tests share: a bound on every wait, and the messages of a function process.

use std::{
    panic,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use actor_core::{ExitReason, Inbox, Message, Runtime};

/// How long anything may take before it counts as lost.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// A time that is long enough for what must not happen, where only time can tell.
pub(crate) const MOMENT: Duration = Duration::from_millis(50);

/// Runs a test's body with a runtime of so many workers, which must end in order afterwards.
pub(crate) fn on(workers: usize, body: impl FnOnce(&Runtime) + Send + 'static) {
    let (done, ended) = channel();
    let thread = thread::spawn(move || {
        let rt = Runtime::builder().workers(workers).build().expect("threads");
        body(&rt);
        rt.shutdown().expect("everything ends");
        let _ = done.send(());
    });
    if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
        panic!("it hangs: nothing for {WATCHDOG:?}");
    }
    if let Err(payload) = thread.join() {
        panic::resume_unwind(payload);
    }
}

/// What the function processes of the tests are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A number.
    Number(u32),
    /// Go on.
    Go,
}

impl Message for Word {
    type Reply = u32;
}

/// Any number.
pub(crate) fn is_number(word: &Word) -> bool {
    matches!(word, Word::Number(_))
}

/// Waits to be told to go on, whatever came before.
pub(crate) async fn gate(inbox: &mut Inbox<Word>) {
    inbox.receive_match(|word| *word == Word::Go).await;
}

/// The next number.
pub(crate) async fn number(inbox: &mut Inbox<Word>) -> u32 {
    match inbox.receive_match(is_number).await.message {
        Word::Number(number) => number,
        Word::Go => unreachable!("it was not wanted"),
    }
}

/// All numbers that are there.
pub(crate) async fn numbers(inbox: &mut Inbox<Word>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Some(received) = inbox.receive_match(is_number).after(Duration::ZERO).await {
        let Word::Number(number) = received.message else { continue };
        all.push(number);
    }
    all
}

/// A reason that says this.
pub(crate) fn said(what: &impl std::fmt::Debug) -> ExitReason {
    ExitReason::other(format!("{what:?}"))
}
