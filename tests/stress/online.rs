//! Workers come and go while everything runs: nothing is lost, nobody is forgotten.

use std::thread;
use std::time::Duration;

use actor_core::{Context, Process, handlers};

use crate::kit::{Dice, on_all, until};

/// Passes a ball on, by a cast, a call or a timer.
#[derive(Process)]
struct Player {
    next: Option<PlayerRef>,
    caught: u64,
}

#[handlers]
impl Player {
    #[cast]
    fn join(&mut self, next: PlayerRef) {
        self.next = Some(next);
    }
    #[cast(on_err = crash)]
    async fn throw(&mut self, cx: &mut Context<Self>, left: u64) -> Result<(), &'static str> {
        self.caught += 1;
        if left == 0 {
            return Ok(());
        }
        if left.is_multiple_of(7) {
            cx.sleep(Duration::from_micros(left % 200)).await;
        }
        let next = self.next.as_ref().ok_or("alone")?;
        next.throw(left - 1).map_err(|_| "gone")
    }
    #[call]
    fn caught(&self) -> u64 {
        self.caught
    }
}

#[test]
fn balls_are_passed_on_while_workers_go_offline_and_come_back() {
    on_all(|rt, time| {
        let players: Vec<_> = (0..20)
            .map(|_| rt.spawn(Player { next: None, caught: 0 }).expect("there is room"))
            .collect();
        for (player, next) in players.iter().zip(players.iter().cycle().skip(1)) {
            player.join(next.clone()).expect("it lives");
        }
        let mut dice = Dice::new(rt.workers() as u64);
        let (mut thrown, balls, throws) = (0, 5, 300);
        while time.goes_on() {
            for player in players.iter().take(balls) {
                player.throw(throws).expect("it lives");
            }
            thrown += balls as u64 * (throws + 1);
            for _ in 0..20 {
                let online = 1 + dice.roll(rt.workers() as u64) as usize;
                rt.set_workers_online(online).expect("so many there are");
                thread::yield_now();
            }
            let caught = |player: &PlayerRef| player.caught().blocking().expect("it lives");
            until("all balls are caught", || thrown == players.iter().map(caught).sum::<u64>());
        }
    });
}
