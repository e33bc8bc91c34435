use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn balance(&self) -> u64 { 1 }
    #[call]
    async fn twice(&mut self, cx: &mut Context<Self>) -> u64 {
        2 * cx.me().balance().await.unwrap_or(0)
    }
}

fn main() {}
