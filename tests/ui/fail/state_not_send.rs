use actor_core::prelude::*;

#[derive(Process)]
struct Account { notes: std::rc::Rc<str> }
#[handlers]
impl Account {
    #[call]
    fn size(&self) -> usize { self.notes.len() }
}

fn main() {}
