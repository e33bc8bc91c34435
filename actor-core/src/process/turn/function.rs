//! The turn of a function process. The protocol is in `process::function`.

use std::sync::Arc;

use super::{Activity, End, Held, Polled, Progress, Turn, poll};
use crate::{
    exit::ExitReason,
    overflow::Overflow,
    process::{
        Mail, Next, Opened, contain,
        function::{FunctionBody, Letters},
        node::Rank,
    },
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
            body.due = true;
            if let Err(reason) = self.hand_over(&letters, mail) {
                let _ = self.pause(body);
                return Progress::End(self.end(reason, true));
            }
        }
        if !body.due {
            return self.pause(body);
        }
        self.poll_function(body.future)
    }

    fn pause(&self, body: FunctionBody) -> Progress {
        self.wait(Activity::Function(body))
    }

    fn poll_function(&mut self, future: super::Pending) -> Progress {
        let reason = match poll(&self.running, future) {
            Polled::Waits(future) => {
                let _ = self.pause(FunctionBody { future, due: false });
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
        running.note_departure(&mail);
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
        contain(running, || match mail.open() {
            Opened::Message(mail) => drop(running.receive(mail)),
            Opened::Parcel(parcel) => match parcel.unpack() {
                Some(mail) => drop(running.receive(mail)),
                None => running.count_out(),
            },
            Opened::Signal(signal) => letters.hear(signal),
        })
    }
}
