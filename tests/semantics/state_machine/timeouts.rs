//! State, event and named time-outs.

use crate::both::both;

both! {
    /// OTP 11.6
    a_state_time_out_survives_events_and_the_same_state
    /// OTP 11.6
    a_state_time_out_is_cancelled_by_a_change_of_state
    /// OTP 11.6: one that is set with the change belongs to the new state.
    a_state_time_out_set_with_a_change_holds_for_the_new_state
    /// OTP 11.7
    an_event_time_out_is_cancelled_by_any_event
    /// OTP 11.7
    an_event_time_out_is_cancelled_by_inserted_events_too
    /// OTP 11.7
    an_event_time_out_fires_when_nothing_comes
    /// OTP 11.7
    an_event_time_out_of_no_time_fires_only_if_nothing_is_queued
    /// OTP 11.8
    a_named_time_out_survives_changes_of_state
    /// OTP 11.8
    setting_a_name_again_restarts_it
    /// OTP 11.8
    a_cancelled_time_out_is_not_heard
    /// OTP 11.9
    time_outs_of_no_time_come_after_what_is_queued_and_before_what_is_outside
    /// OTP 11.10
    an_update_changes_what_is_brought_and_not_when
    /// OTP 11.10
    an_update_of_what_does_not_run_fires_at_once
    /// OTP 11.11
    a_time_out_that_races_with_its_cancellation_is_never_heard_after_it
}

mod scenarios {
    use std::time::Duration;

    use actor_core::prelude::*;

    use crate::both::Outcome;
    use crate::rig::{
        A, B, MS, RigRef, RigTimeout, event_over, first_over, inner, second_over, state_over,
    };

    pub(super) async fn a_state_time_out_survives_events_and_the_same_state(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, state_over(1));
            To::keep()
        })?;
        rig.say(1)?;
        rig.job(|_, _| To::state(A))?;
        rig.job(|_, _| To::repeat())?;
        let log = rig.heard("state 1").await?;
        assert_eq!(log.last().map(String::as_str), Some("state 1"));
        Ok(())
    }

    pub(super) async fn a_state_time_out_is_cancelled_by_a_change_of_state(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, state_over(1));
            cx.next_message(crate::rig::RigMessage::Act { job: Box::new(|_, _| To::state(B)) });
            cx.start_timer(5 * MS, first_over(1));
            To::keep()
        })?;
        let expected = ["act", "act", "enter B from A", "first 1"];
        assert_eq!(rig.heard("first 1").await?, expected);
        Ok(())
    }

    pub(super) async fn a_state_time_out_set_with_a_change_holds_for_the_new_state(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, state_over(1));
            To::state(B)
        })?;
        assert_eq!(rig.heard("state 1").await?, ["act", "enter B from A", "state 1"]);
        Ok(())
    }

    pub(super) async fn an_event_time_out_is_cancelled_by_any_event(rig: RigRef) -> Outcome {
        let done = rig.until("first 1".into()).request();
        rig.job(|_, cx| {
            cx.start_timer(20 * MS, event_over(1));
            cx.start_timer(100 * MS, first_over(1));
            // In the mailbox before any of them can fire.
            cx.me().say(1).expect("room");
            To::keep()
        })?;
        assert_eq!(done.await?[1..], ["act", "say 1", "first 1"]);
        Ok(())
    }

    pub(super) async fn an_event_time_out_is_cancelled_by_inserted_events_too(
        rig: RigRef,
    ) -> Outcome {
        let done = rig.until("first 1".into()).request();
        rig.job(|_, cx| {
            cx.start_timer(MS, event_over(1));
            cx.start_timer(5 * MS, first_over(1));
            cx.next_event(inner(1));
            To::keep()
        })?;
        assert_eq!(done.await?[1..], ["act", "inner 1", "first 1"]);
        Ok(())
    }

    pub(super) async fn an_event_time_out_fires_when_nothing_comes(rig: RigRef) -> Outcome {
        let done = rig.until("event 1".into()).request();
        rig.job(|_, cx| {
            cx.start_timer(MS, event_over(1));
            To::keep()
        })?;
        assert_eq!(done.await?[1..], ["act", "event 1"]);
        Ok(())
    }

    pub(super) async fn an_event_time_out_of_no_time_fires_only_if_nothing_is_queued(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(Duration::ZERO, event_over(1));
            To::keep()
        })?;
        rig.job(|_, cx| {
            cx.start_timer(Duration::ZERO, event_over(2));
            cx.next_event(inner(2));
            To::keep()
        })?;
        rig.say(3)?;
        assert_eq!(rig.heard("say 3").await?, ["act", "event 1", "act", "inner 2", "say 3"]);
        Ok(())
    }

    pub(super) async fn a_named_time_out_survives_changes_of_state(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, first_over(1));
            To::state(B)
        })?;
        rig.job(|_, _| To::state(A))?;
        let log = rig.heard("first 1").await?;
        assert_eq!(log.iter().filter(|word| *word == "first 1").count(), 1);
        Ok(())
    }

    pub(super) async fn setting_a_name_again_restarts_it(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, first_over(1));
            cx.start_timer(8 * MS, first_over(2));
            cx.start_timer(4 * MS, second_over(1));
            To::keep()
        })?;
        assert_eq!(rig.heard("first 2").await?, ["act", "second 1", "first 2"]);
        Ok(())
    }

    pub(super) async fn a_cancelled_time_out_is_not_heard(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, first_over(1));
            cx.start_timer(Duration::ZERO, state_over(1));
            cx.start_timer(5 * MS, second_over(1));
            cx.cancel_timer(RigTimeout::FIRST_OVER);
            cx.cancel_timer(RigTimeout::STATE_OVER);
            cx.cancel_timer(RigTimeout::EVENT_OVER);
            To::keep()
        })?;
        assert_eq!(rig.heard("second 1").await?, ["act", "second 1"]);
        Ok(())
    }

    pub(super) async fn time_outs_of_no_time_come_after_what_is_queued_and_before_what_is_outside(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(Duration::ZERO, second_over(1));
            cx.start_timer(Duration::ZERO, state_over(1));
            cx.start_timer(Duration::ZERO, first_over(1));
            cx.next_event(inner(1));
            To::keep()
        })?;
        rig.say(1)?;
        let expected = ["act", "inner 1", "second 1", "state 1", "first 1", "say 1"];
        assert_eq!(rig.heard("say 1").await?, expected);
        Ok(())
    }

    pub(super) async fn an_update_changes_what_is_brought_and_not_when(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(2 * MS, first_over(1));
            cx.start_timer(4 * MS, second_over(1));
            To::keep()
        })?;
        rig.job(|_, cx| {
            cx.update_timer(first_over(2));
            To::keep()
        })?;
        let log = rig.heard("second 1").await?;
        // However late the update came: it brought the new once, at its time or at once.
        assert_eq!(log.iter().filter(|word| word.starts_with("first 2")).count(), 1, "{log:?}");
        Ok(())
    }

    pub(super) async fn an_update_of_what_does_not_run_fires_at_once(rig: RigRef) -> Outcome {
        rig.job(|_, cx| {
            cx.update_timer(state_over(1));
            To::keep()
        })?;
        rig.say(1)?;
        assert_eq!(rig.heard("say 1").await?, ["act", "state 1", "say 1"]);
        Ok(())
    }

    pub(super) async fn a_time_out_that_races_with_its_cancellation_is_never_heard_after_it(
        rig: RigRef,
    ) -> Outcome {
        rig.job(|_, cx| {
            cx.start_timer(MS, state_over(1));
            To::keep()
        })?;
        actor_core::sleep(MS).await;
        rig.job(|_, cx| {
            cx.start_timer(3 * MS, first_over(1));
            To::state(B)
        })?;
        let log = rig.heard("first 1").await?;
        let late = log.iter().skip_while(|word| !word.starts_with("enter B"));
        assert!(late.clone().all(|word| word != "state 1"), "{log:?}");
        assert!(late.count() >= 2, "{log:?}");
        Ok(())
    }
}
