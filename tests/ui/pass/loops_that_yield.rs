//! Every kind of loop in an async handler goes on meaning what it meant, and lints see no new code.
#![deny(warnings, unused, clippy::all)]

use actor_core::prelude::*;

/// Names that the macro's own might be taken for.
mod __private {
    pub fn reduce() {}
}
fn reduce() {}

async fn next(n: &mut u32) -> Option<u32> {
    *n = n.checked_sub(1)?;
    Some(*n)
}

#[derive(Process)]
struct Mill<T: Send + Sync + Clone + 'static> {
    kept: Vec<T>,
    left: u32,
}

#[handlers]
impl<T: Send + Sync + Clone + 'static> Mill<T> {
    #[init]
    async fn begin(&mut self) -> Result<(), String> {
        while let Some(n) = next(&mut self.left).await {
            if n == 0 {
                break;
            }
        }
        Ok(())
    }

    #[call]
    async fn all_kinds(&mut self, actor_core: u32, reduce: Vec<Option<u32>>) -> Option<u32> {
        let mut left = actor_core;
        for item in reduce {
            let Some(item) = item else { continue };
            left += next(&mut left).await? + item;
        }
        while left > 10 {
            left -= 1;
            next(&mut left).await?;
        }
        let found = loop {
            let Some(n) = next(&mut left).await else { break 7 };
            if n == 3 {
                break n;
            }
        };
        'outer: for a in 0..3 {
            'inner: loop {
                match next(&mut left).await {
                    None => break 'outer,
                    Some(n) if n == a => continue 'outer,
                    Some(_) => break 'inner,
                }
            }
        }
        let value = 'found: {
            while let Some(n) = next(&mut left).await {
                if n == 1 {
                    break 'found n;
                }
            }
            0
        };
        Some(found + value)
    }

    /// Borrows of the state and of parts of it are held over the rounds.
    #[cast]
    async fn borrows(&mut self, cx: &mut Context<Self>) {
        let left = &mut self.left;
        for item in &mut self.kept {
            let _ = (next(left).await, item.clone(), cx.me());
        }
    }

    /// As `try` blocks are written.
    #[call]
    async fn attempt(&self, mut left: u32) -> Result<u32, String> {
        let sum: Result<u32, String> = async {
            let mut sum = 0;
            for _ in 0..3 {
                sum += next(&mut left).await.ok_or("no more")?;
            }
            Ok(sum)
        }
        .await;
        sum.map_err(|error| error.to_uppercase())
    }

    #[call(yields)]
    async fn sum(&self, to: u64) -> u64 {
        let mut sum = 0;
        for n in 1..=to {
            sum += n;
        }
        sum
    }

    /// Left alone: with a check, what cannot be sent would be held over an await.
    #[call(yields)]
    async fn shared(&self, to: u32) -> u32 {
        let mut sum = 0;
        #[no_yield]
        for n in (0..to).map(std::rc::Rc::new) {
            sum += *n;
        }
        let each = |n: u32| {
            let mut halves = 0;
            while n >> halves > 0 {
                halves += 1;
            }
            halves
        };
        sum += each(sum);
        #[no_yield]
        'last: loop {
            next(&mut sum).await;
            break 'last;
        }
        #[no_yield]
        while sum > 100 {
            sum = next(&mut sum).await.unwrap_or(0);
        }
        sum
    }
}

fn main() {
    reduce();
    __private::reduce();
}
