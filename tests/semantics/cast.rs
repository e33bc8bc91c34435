//! Casts: taken or refused at once, and never lost in between.

use std::sync::mpsc::{Receiver, Sender, channel};

use actor_core::{Context, ExitReason, Process, SendError, handlers};

use crate::kit::{on, plain, up};

/// Handles steps, each followed by another of its own; stops at the gate.
#[derive(Process)]
#[process(mailbox = 8)]
struct Stepper {
    begun: Sender<()>,
    gate: Receiver<()>,
    steps: u32,
}

#[handlers]
impl Stepper {
    #[cast]
    fn step(&mut self, cx: &mut Context<Self>) {
        self.steps += 1;
        cx.continue_with(StepperMessage::After);
    }
    #[cast]
    fn after(&mut self) {}
    #[cast]
    fn wait(&mut self) {
        let _ = self.begun.send(());
        let _ = self.gate.recv();
    }
    #[call]
    fn steps(&self) -> u32 {
        self.steps
    }
}

/// 1.9, 10.6: a cast to the dead is refused and harms nobody.
#[test]
fn a_cast_to_the_dead_is_refused() {
    on(2, |rt| {
        let dead = plain(rt);
        dead.kill();
        dead.closed().blocking();
        assert_eq!(dead.say(1), Err(SendError::NoProc));
        let told = plain(rt).does(move |_| dead.say(2));
        assert_eq!(told, Err(SendError::NoProc));
    });
}

/// Invariant 6: a mailbox holds what its bound says, also when its process goes on with messages of
/// its own in between.
#[test]
fn a_mailbox_holds_what_its_bound_says() {
    on(2, |rt| {
        let ((begun, waits), (go, gate)) = (channel(), channel());
        let stepper = up(rt, Stepper { begun, gate, steps: 0 });
        stepper.wait().expect("room");
        waits.recv().expect("it is busy");
        for _ in 0..3 {
            stepper.step().expect("room");
        }
        stepper.wait().expect("room");
        (0..4).for_each(|_| stepper.step().expect("room"));
        assert_eq!(stepper.step(), Err(SendError::Full));
        assert_eq!(stepper.mailbox_len(), 8);
        go.send(()).expect("it waits");
        waits.recv().expect("it is busy again");
        assert_eq!(stepper.mailbox_len(), 4);
        (0..4).for_each(|_| stepper.step().expect("room"));
        assert_eq!(stepper.step(), Err(SendError::Full));
        drop(go);
        crate::kit::until("there is room", || stepper.mailbox_len() == 0);
        assert_eq!(stepper.steps().blocking(), Ok(11), "what was taken is handled, no more");
    });
}

/// 10.6: a cast waits for nothing, also when its receiver is busy for ever.
#[test]
fn a_cast_waits_for_nothing() {
    on(2, |rt| {
        let puppet = plain(rt);
        let call = puppet.hang().no_timeout().request();
        (0..1_000).for_each(|word| puppet.say(word).expect("room"));
        puppet.kill();
        assert!(futures::executor::block_on(call).is_err());
        assert_eq!(puppet.closed().blocking(), ExitReason::Killed);
    });
}
