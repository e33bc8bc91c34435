//! Time: messages to oneself, ticks, deadlines, and a bound on any future.
//!
//! A timer is never early, and dies with its process. Take the time from the context and not from
//! `std`: in a test the same code then runs under virtual time (`testing.rs`).
//!
//! Run: `cargo run -p examples --bin timers`. Next: `state_machine.rs`.

use std::time::Duration;

use actor_core::{Timer, prelude::*};

const TICK: Duration = Duration::from_millis(2);

/// An alarm clock.
#[derive(Process, Default)]
struct Alarm {
    ticking: Option<Timer>,
    ticks: u32,
    rung: Option<Reply<u32>>,
}

#[handlers]
impl Alarm {
    /// Replies when it has rung.
    #[call]
    fn set(&mut self, reply: Reply<u32>, cx: &mut Context<Self>) {
        self.rung = Some(reply);
        self.ticking = Some(cx.send_interval(TICK, || AlarmMessage::Tick));
    }

    #[cast]
    fn tick(&mut self, cx: &mut Context<Self>) {
        // A tick that was in the mailbox already when its timer was cancelled.
        if self.ticking.is_none() {
            return;
        }
        self.ticks += 1;
        println!("tick {}", self.ticks);
        if self.ticks == 3 {
            println!(
                "cancelled: {}",
                self.ticking.take().and_then(|timer| timer.cancel()).is_some()
            );
            cx.send_after(TICK, AlarmMessage::Ring { text: "later".into() });
            cx.send_after(Duration::ZERO, AlarmMessage::Ring { text: "now".into() });
        }
    }

    #[cast]
    fn ring(&mut self, text: String) {
        println!("ring {text}");
        if text == "later" {
            self.rung.take().into_iter().for_each(|reply| reply.send(self.ticks));
        }
    }

    /// Sleeps; messages that come meanwhile wait, and signals do not.
    #[call(timeout = "1ms")]
    async fn doze(&mut self, time: Duration, cx: &mut Context<Self>) {
        cx.sleep(time).await;
    }

    /// Bounds a future's time from inside.
    #[call]
    async fn doze_at_most(&mut self, limit: Duration, cx: &mut Context<Self>) -> String {
        match cx.timeout(limit, std::future::pending::<()>()).await {
            Ok(()) => "slept well".into(),
            Err(elapsed) => elapsed.to_string(),
        }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let alarm = Alarm::default().start().await?;
    println!("rang after {} ticks", alarm.set().await?);

    // The bound from inside.
    println!("doze at most: {}", alarm.doze_at_most(TICK).await?);

    // The caller's deadlines: the handler's default, and the call's own. The handler is not told
    // of a caller that went away; a signal ends it all the same.
    let hour = Duration::from_secs(3600);
    println!("doze: {}", alarm.doze(hour).await.unwrap_err());
    println!("doze: {}", alarm.doze(hour).timeout(TICK).await.unwrap_err());
    alarm.kill();
    println!("alarm: {}", alarm.closed().await);
    Ok(())
}
