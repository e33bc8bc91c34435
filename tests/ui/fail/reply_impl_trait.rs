use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn all(&self) -> impl Iterator<Item = u8> { std::iter::empty() }
}

fn main() {}
