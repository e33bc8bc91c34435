//! Many senders, few receivers: every message arrives once, in its sender's order.

use std::thread;

use actor_core::{Process, SendError, handlers};

use crate::kit::{Until, on_all};

const RECEIVERS: usize = 3;

/// Checks that each sender counts up by one.
#[derive(Process, Default)]
#[process(mailbox = 500)]
struct Receiver {
    next: Vec<u64>,
    faults: u64,
}

#[handlers]
impl Receiver {
    #[cast]
    fn take(&mut self, from: usize, number: u64) {
        if self.next.len() <= from {
            self.next.resize(from + 1, 0);
        }
        self.faults += u64::from(self.next[from] != number);
        self.next[from] = number + 1;
    }
    #[call]
    fn result(&self) -> (Vec<u64>, u64) {
        (self.next.clone(), self.faults)
    }
}

/// Sends to all receivers in turns; counts what was taken.
struct Numbers {
    who: usize,
    to: Vec<ReceiverRef>,
    sent: Vec<u64>,
}

impl Numbers {
    fn new(who: usize, to: &[ReceiverRef]) -> Self {
        Self { who, to: to.to_vec(), sent: vec![0; to.len()] }
    }

    fn send_some(&mut self) {
        for (to, sent) in self.to.iter().zip(&mut self.sent) {
            match to.take(self.who, *sent) {
                Ok(()) => *sent += 1,
                // Refused, and so not sent.
                Err(SendError::Full) => thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A process that sends whenever it runs.
#[derive(Process)]
struct Sender {
    numbers: Numbers,
    until: Until,
}

#[handlers]
impl Sender {
    #[call]
    async fn send_all(&mut self) -> Vec<u64> {
        while self.until.goes_on() {
            self.numbers.send_some();
            crate::wakers::yield_now().await;
        }
        self.numbers.sent.clone()
    }
}

#[test]
fn every_message_arrives_once_and_in_its_senders_order() {
    on_all(|rt, until| {
        let receivers: Vec<ReceiverRef> =
            (0..RECEIVERS).map(|_| rt.spawn(Receiver::default()).expect("room")).collect();
        let calls: Vec<_> = (0..16)
            .map(|who| {
                let sender = Sender { numbers: Numbers::new(who, &receivers), until };
                rt.spawn(sender).expect("room").send_all().no_timeout().request()
            })
            .collect();
        let threads: Vec<_> = (16..19)
            .map(|who| {
                let mut numbers = Numbers::new(who, &receivers);
                thread::spawn(move || {
                    while until.goes_on() {
                        numbers.send_some();
                    }
                    numbers.sent
                })
            })
            .collect();
        let mut sent: Vec<Vec<u64>> =
            calls.into_iter().map(|call| rt.block_on(call).expect("it sends")).collect();
        sent.extend(threads.into_iter().map(|thread| thread.join().expect("no panic")));
        for (at, receiver) in receivers.iter().enumerate() {
            // The box may be full; the answer comes behind all that was sent.
            let (next, faults) = loop {
                if let Ok(result) = receiver.result().no_timeout().blocking() {
                    break result;
                }
            };
            assert_eq!(faults, 0);
            let mut expected: Vec<u64> = sent.iter().map(|sent| sent[at]).collect();
            expected.truncate(next.len());
            assert_eq!(next, expected);
            assert!(sent[next.len()..].iter().all(|sent| sent[at] == 0));
        }
    });
}
