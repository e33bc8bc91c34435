use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn share(&mut self, notes: Vec<std::rc::Rc<str>>) { let _ = notes; }
    #[call]
    fn notes(&self) -> std::rc::Rc<str> { "".into() }
}

fn main() {}
