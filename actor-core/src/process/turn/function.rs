//! The turn of a function process. The protocol is in `process::function`.

use std::sync::Arc;

use super::{Activity, End, Held, Polled, Progress, Turn, poll};
use crate::{
    exit::ExitReason,
    overflow::Overflow,
    process::{
        Mail, Next, Opened,
        cell::Step,
        contain,
        detour::Concern,
        function::{FunctionBody, Letters},
        node::Rank,
    },
    signal::Signal,
};

impl<const TRACED: bool> Turn<TRACED> {
    /// The process is ready: its function begins.
    pub(super) fn begin_function(&mut self) -> Progress {
        match contain(&self.running, || self.running.begin_function()) {
            Ok(Some(body)) => self.go_on(body, true),
            Ok(None) => Progress::Quiet,
            Err(reason) => Progress::End(self.end(reason, true)),
        }
    }

    /// Hands over what has come, and lets the body go on.
    pub(super) fn go_on(&mut self, mut body: FunctionBody, woken: bool) -> Progress {
        body.due |= woken;
        let Some(letters) = self.running.letters() else { return self.pause(body) };
        if !letters.is_pressed() {
            match self.running.held(woken) {
                Held::No => {}
                Held::Yes => return self.pause(body),
                Held::Begins => {
                    let _ = self.pause(body);
                    return Progress::End(End::Hold);
                }
            }
        }
        while self.left > 0 {
            if self.running.expects_urgent() {
                self.running.promote();
            }
            let Some(mail) = self.running.take_queued() else {
                self.running.recount(letters.kept());
                break;
            };
            self.left -= 1;
            self.running.count_handled();
            let ends = if self.running.note_departure(&mail) || mail.is_request() {
                self.take_own(&letters, mail, &mut body).err().or_else(|| self.stopped())
            } else {
                body.due = true;
                self.hand_over(&letters, mail).err()
            };
            if let Some(reason) = ends {
                let _ = self.pause(body);
                return Progress::End(self.end(reason, true));
            }
        }
        if !body.due || self.running.is_suspended() {
            let _ = self.pause(body);
            let is_more = self.left == 0 && self.running.has_queued();
            return if is_more { Progress::End(End::Again) } else { Progress::Waits };
        }
        self.poll_function(body.future)
    }

    /// What is no plain letter: a request to the process, served here; or anything, of one that is
    /// suspended or debugged.
    #[cold]
    fn take_own(
        &mut self,
        letters: &Arc<dyn Letters>,
        mail: Mail,
        body: &mut FunctionBody,
    ) -> Result<(), ExitReason> {
        let running = &self.running;
        let parent = running.extras_if_any(|extras| extras.parent).flatten();
        let (concern, suspended) = (mail.concern(parent), running.is_suspended());
        if mail.is_request() || suspended && matches!(concern, Concern::System) {
            return contain(running, || obey(mail))?.map_or(Ok(()), |(reason, follows)| {
                self.follows = follows.then(|| reason.clone());
                Err(reason)
            });
        }
        if matches!(concern, Concern::Handlers) {
            running.hears(&mail, true);
            running.debug_if_any(|debug| debug.spent(1));
        }
        body.due = true;
        self.hand_over(letters, mail)
    }

    fn pause(&self, body: FunctionBody) -> Progress {
        self.wait(Some(Activity::Function(body)))
    }

    fn poll_function(&mut self, future: super::Pending) -> Progress {
        let mut future = Some(future);
        let reason = match poll(&self.running, &mut future) {
            Polled::Waits => {
                let body = future.map(|future| FunctionBody { future, due: false });
                let _ = self.wait(body.map(Activity::Function));
                match self.stopped() {
                    Some(reason) => reason,
                    None if self.running.has_queued() => return Progress::End(End::Again),
                    None => return Progress::Waits,
                }
            }
            Polled::Done(Next::Continue) => self.stopped().unwrap_or(ExitReason::Normal),
            Polled::Done(Next::Stop(reason)) | Polled::Failed(reason) => reason,
        };
        Progress::End(self.end(reason, true))
    }

    /// One piece of mail becomes a letter.
    fn hand_over(&self, letters: &Arc<dyn Letters>, mail: Mail) -> Result<(), ExitReason> {
        let running = &self.running;
        let sheds = running.state().overflow() == Overflow::DropOldest;
        if sheds && mail.takes_room() && running.keeps_too_many() {
            let pin = running.pin();
            if contain(running, || letters.shed())? {
                pin.machine().dropped(&pin);
                running.count_out();
            }
        }
        if mail.rank() != Rank::Ordinary {
            letters.next_is_urgent();
        }
        contain(running, || {
            // A letter is taken note of: it asks for nothing more.
            let mut step = Step::Continue;
            match mail.open() {
                Opened::Message(mail) => running.receive(mail, &mut step),
                Opened::Parcel(parcel) => match parcel.unpack() {
                    Some(mail) => running.receive(mail, &mut step),
                    None => running.count_out(),
                },
                Opened::Signal(signal) => letters.hear(signal),
            }
        })
    }
}

/// Does what a signal says that is the process's own, and not its body's: a request of `sys`; and
/// of one that is suspended, and so receives nothing, its end. Answers the reason of that, and
/// whether it is another's.
fn obey(mail: Mail) -> Option<(ExitReason, bool)> {
    match mail.open() {
        Opened::Signal(Signal::System(request)) => {
            request.serve();
            None
        }
        Opened::Signal(Signal::Stop(reason)) => Some((reason, false)),
        Opened::Signal(Signal::Exit { reason, .. }) => Some((reason, true)),
        _ => None,
    }
}
