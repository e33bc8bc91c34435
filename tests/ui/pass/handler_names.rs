use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn stop(&self) -> u8 { 0 }
    #[cast]
    fn send(&mut self, reply: u8, message: u8, cx: u8) { let _ = (reply, message, cx); }
    #[call]
    fn pid(&self) -> u8 { 0 }
    #[call]
    fn r#type(&self, r#match: u8) -> u8 { r#match }
}

fn main() {}
