use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn label(&mut self, text: &'static str, job: Box<dyn Fn(&str) -> bool + Send>) {
        let _ = job(text);
    }
}

fn main() {}
