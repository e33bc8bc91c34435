use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn rename(&mut self, name: &str) { let _ = name; }
    #[cast]
    fn load(&mut self, parts: Option<Vec<&[u8]>>) { let _ = parts; }
}

fn main() {}
