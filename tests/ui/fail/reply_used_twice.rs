use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn balance(&mut self, reply: Reply<u64>) {
        reply.send(1);
        reply.send(2);
    }
}

fn main() {}
