use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn get(&mut self, reply: Reply<u8>) { reply.send(1) }
}

fn main() {}
