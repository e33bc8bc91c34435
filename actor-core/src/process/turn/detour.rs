//! The turn of a process whose mail takes a detour: see `process::detour`, which keeps what is
//! needed for that.

use super::{
    super::{detour::Concern, node::Mail},
    End, Turn, contain, current,
};

impl<const TRACED: bool> Turn<TRACED> {
    /// Handles one piece of mail, or puts it aside.
    #[cold]
    pub(super) fn take_detour(&mut self, mail: Mail) -> Option<End> {
        let parent = self.running.extras_if_any(|extras| extras.parent).flatten();
        let concern = mail.concern(parent);
        if matches!(concern, Concern::Handlers) {
            if self.running.is_suspended() {
                self.left -= 1;
                self.running.set_aside(mail);
                return None;
            }
            self.running.forget_idle();
            self.running.is_disturbed();
            self.running.hears(&mail, false);
        }
        let before = current::spent();
        let end = if self.is_stale(&mail) { self.drop_stale(mail) } else { self.handle(mail) };
        if end.is_none() {
            let spent = u64::from(current::spent().saturating_sub(before)) + 1;
            self.running.debug_if_any(|debug| debug.spent(spent));
            if matches!(concern, Concern::System) {
                self.running.restart_idle();
                self.running.rests_on();
            }
        }
        end
    }

    /// Nothing is pending: what was put off until then is done.
    #[cold]
    fn settle(&mut self) -> Option<End> {
        let running = &self.running;
        running.has_answered();
        if running.begins_to_hibernate() {
            let shrunk = contain(running, || running.run_hibernate());
            if let Err(reason) = shrunk {
                return Some(self.end(reason, true));
            }
            running.hibernates();
        }
        let armed = contain(running, || {
            running.arm_idle();
            running.arm_rest();
        });
        armed.err().map(|reason| self.end(reason, true))
    }

    /// The same, if there is any of that.
    #[inline]
    pub(super) fn settle_if_any(&mut self) -> Option<End> {
        let is_any = self.running.extras_in_turn(|extras| extras.hold.is_some());
        if is_any.unwrap_or(false) { self.settle() } else { None }
    }
}
