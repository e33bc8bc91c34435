use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn get(&self, reply: Reply<u8>) -> u8 { reply.send(1); 2 }
}

fn main() {}
