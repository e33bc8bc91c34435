//! What happens between two events, and in which order.

use crate::both::both;

both! {
    /// OTP 11.1
    a_transition_enters_then_retries_then_inserts_in_front_then_starts_timers
    /// OTP 11.2
    postponed_events_are_retried_after_a_change_of_state_alone_and_in_order
    /// OTP 11.2
    what_was_postponed_comes_before_what_came_later
    /// OTP 11.2: a call waits as long.
    a_postponed_call_is_answered_when_its_state_has_come
    /// OTP 11.3
    inserted_events_come_before_all_that_waits_in_their_order
    /// OTP 11.4
    enter_calls_are_made_at_the_start_at_each_change_and_at_repeat
    /// OTP 11.4
    the_same_state_with_other_data_is_not_entered_and_retries_nothing
    /// OTP 11.5
    a_reply_from_an_enter_call_is_sent_before_the_next_event
    /// OTP 11.12
    a_stop_sends_its_replies_first_and_in_order
}

mod scenarios {
    use std::sync::Arc;
    use std::time::Duration;

    use actor_core::prelude::*;

    use crate::both::Outcome;
    use crate::rig::{A, B, C, RigEvent, RigMessage, RigRef, first_over, inner, state_over};

    pub(super) async fn a_transition_enters_then_retries_then_inserts_in_front_then_starts_timers(
        rig: RigRef,
    ) -> Outcome {
        rig.wait(1)?;
        rig.wait(2)?;
        rig.job(|rig, cx| {
            rig.on_enter = Some(Arc::new(|_, cx| {
                cx.next_event(inner(3));
                cx.start_timer(Duration::ZERO, first_over(1));
            }));
            cx.start_timer(Duration::ZERO, state_over(1));
            cx.next_event(inner(1));
            cx.next_event(inner(2));
            To::state(B)
        })?;
        rig.say(9)?;
        let expected = [
            "act",
            "enter B from A",
            "inner 1",
            "inner 2",
            "inner 3",
            "waited 1",
            "waited 2",
            "state 1",
            "first 1",
            "say 9",
        ];
        assert_eq!(rig.heard("say 9").await?, expected);
        Ok(())
    }

    pub(super) async fn postponed_events_are_retried_after_a_change_of_state_alone_and_in_order(
        rig: RigRef,
    ) -> Outcome {
        rig.wait(1)?;
        rig.wait(2)?;
        rig.job(|_, _| To::keep())?;
        rig.job(|_, _| To::state(A))?;
        rig.job(|_, _| To::repeat())?;
        rig.job(|_, _| To::state(C { n: 1 }))?;
        rig.wait(3)?;
        rig.job(|_, _| To::state(B))?;
        rig.say(9)?;
        let expected = [
            "act",
            "act",
            "act",
            "enter A from nothing",
            "act",
            "enter C1 from A",
            "act",
            "enter B from C",
            "waited 1",
            "waited 2",
            "waited 3",
            "say 9",
        ];
        assert_eq!(rig.heard("say 9").await?, expected);
        Ok(())
    }

    pub(super) async fn what_was_postponed_comes_before_what_came_later(rig: RigRef) -> Outcome {
        rig.wait(1)?;
        rig.job(|_, cx| {
            // Both in the queue: the second is behind what was postponed.
            cx.next_message(RigMessage::Act { job: Box::new(|_, _| To::state(B)) });
            cx.next_event(inner(7));
            To::keep()
        })?;
        let expected = ["act", "act", "enter B from A", "waited 1", "inner 7"];
        assert_eq!(rig.heard("inner 7").await?, expected);
        Ok(())
    }

    pub(super) async fn a_postponed_call_is_answered_when_its_state_has_come(
        rig: RigRef,
    ) -> Outcome {
        let (first, second) = (rig.ask(1).request(), rig.ask(2).request());
        rig.say(1)?;
        rig.job(|_, _| To::state(B))?;
        assert_eq!((first.await?, second.await?), (1, 2));
        assert_eq!(rig.heard("asked 2").await?[3..], ["asked 1", "asked 2"]);
        Ok(())
    }

    pub(super) async fn inserted_events_come_before_all_that_waits_in_their_order(
        rig: RigRef,
    ) -> Outcome {
        rig.wait(1)?;
        rig.job(|_, cx| {
            cx.next_message(RigMessage::Act {
                job: Box::new(|_, cx| {
                    cx.next_event(inner(1));
                    cx.next_event(inner(2));
                    To::state(B)
                }),
            });
            cx.next_event(inner(3));
            To::keep()
        })?;
        rig.say(9)?;
        let expected =
            ["act", "act", "enter B from A", "inner 1", "inner 2", "waited 1", "inner 3", "say 9"];
        assert_eq!(rig.heard("say 9").await?, expected);
        Ok(())
    }

    pub(super) async fn enter_calls_are_made_at_the_start_at_each_change_and_at_repeat(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, _| To::state(B))?;
        rig.job(|_, _| To::repeat())?;
        rig.job(|_, _| To::state(A))?;
        rig.say(1)?;
        let log = rig.until("say 1".into()).await?;
        let expected = [
            "enter A from nothing",
            "act",
            "enter B from A",
            "act",
            "enter B from nothing",
            "act",
            "enter A from B",
            "say 1",
        ];
        assert_eq!(log, expected);
        Ok(())
    }

    pub(super) async fn the_same_state_with_other_data_is_not_entered_and_retries_nothing(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, _| To::state(C { n: 1 }))?;
        rig.wait(1)?;
        rig.job(|_, _| To::state(C { n: 2 }))?;
        rig.job(|_, _| To::repeat())?;
        rig.say(1)?;
        let expected = ["act", "enter C1 from A", "act", "act", "enter C2 from nothing", "say 1"];
        assert_eq!(rig.heard("say 1").await?, expected);
        Ok(())
    }

    pub(super) async fn a_reply_from_an_enter_call_is_sent_before_the_next_event(
        rig: RigRef,
    ) -> Outcome {
        let held = rig.hold().request();
        let (open, gate) = tokio::sync::oneshot::channel();
        rig.job(|rig, cx| {
            rig.on_enter = Some(Arc::new(|rig, _| {
                rig.held.drain(..).for_each(|reply| reply.send(5));
            }));
            cx.next_event(RigEvent::Gate { open: gate });
            To::state(B)
        })?;
        // Only who has the reply opens the gate that the next event waits for.
        assert_eq!(held.await?, 5);
        open.send(()).expect("it waits");
        assert_eq!(rig.heard("gate true").await?, ["act", "enter B from A", "gate true"]);
        Ok(())
    }

    pub(super) async fn a_stop_sends_its_replies_first_and_in_order(rig: RigRef) -> Outcome {
        let (first, second) = (rig.hold().request(), rig.hold().request());
        let waiting = rig.ask(1).request();
        rig.job(|rig, _| {
            (1..).zip(rig.held.drain(..)).for_each(|(n, reply)| reply.send(n));
            To::stop(ExitReason::error("enough"))
        })?;
        assert_eq!((first.await, second.await), (Ok(1), Ok(2)));
        let enough = ExitReason::error("enough");
        assert_eq!(waiting.await, Err(CallFailure::Exited(enough.clone())));
        assert_eq!(rig.closed().await, enough);
        Ok(())
    }
}
