use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn rename(&mut self, name: std::borrow::Cow<'_, str>) { let _ = name; }
}

fn main() {}
