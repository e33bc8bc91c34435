//! A process and its tests, under virtual time and many schedules.
//!
//! Each test below is run under many orders in which things could happen. A failure prints the
//! steps that led to it, and a line that repeats it.
//!
//! Run: `cargo test -p examples --bin testing`. Next: `../ARCHITECTURE.md`.

use std::time::Duration;

use actor_core::prelude::*;

/// How long a session lives without being touched.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// A session that ends when nobody uses it.
#[derive(Process)]
struct Session {
    hits: u32,
    to: AuditRef,
}

#[handlers]
impl Session {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.idle_timeout(IDLE);
    }

    #[call]
    fn hit(&mut self, cx: &mut Context<Self>) -> u32 {
        self.hits += 1;
        cx.idle_timeout(IDLE);
        self.hits
    }

    #[timeout]
    fn expire(&mut self, cx: &mut Context<Self>) {
        // Whoever keeps the books may be gone; the session ends all the same.
        let _ = self.to.expired(self.hits);
        cx.stop(ExitReason::Normal);
    }
}

/// Keeps the books.
#[derive(Process)]
struct Audit;

#[handlers]
impl Audit {
    #[cast]
    fn expired(&mut self, hits: u32) {
        println!("a session expired after {hits} hits");
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let to = Audit.start().await?;
    let session = Session { hits: 0, to }.start().await?;
    println!("hit {}", session.hit().await?);
    println!("half an hour would pass now; its tests do not wait for it:");
    println!("cargo test -p examples --bin testing");
    Ok(())
}

#[cfg(test)]
mod tests {
    use actor_core::ProcessRef;
    use actor_testkit::{TestKit, TestResult, actor_test, pat};

    use super::*;

    fn session(to: AuditRef) -> Session {
        Session { hits: 0, to }
    }

    #[actor_test]
    async fn a_session_expires_when_it_was_idle_for_half_an_hour(t: TestKit) -> TestResult {
        let mut audit = t.probe::<AuditMessage>();
        let session = t.start(session(AuditRef::from_address(audit.address()))).await?;
        t.advance(IDLE - Duration::from_secs(1)).await;
        assert_eq!(session.hit().await?, 1);
        t.advance(IDLE - Duration::from_secs(1)).await;
        audit.expect_none().await;
        t.advance(Duration::from_secs(1)).await;
        audit.expect(pat!(AuditMessage::Expired { hits: 1 })).await;
        assert_eq!(session.closed().await, ExitReason::Normal);
        Ok(())
    }

    #[actor_test]
    async fn two_users_of_a_session_are_both_counted(t: TestKit) -> TestResult {
        let audit = t.start(Audit).await?;
        let session = t.start(session(audit)).await?;
        let (one, two) = (session.hit().request(), session.hit().request());
        assert_eq!(one.await? + two.await?, 3);
        assert_eq!(t.state::<Session, _>(&session, |session| session.hits), Some(2));
        Ok(())
    }

    #[actor_test]
    async fn a_session_ends_in_order_though_its_audit_is_gone(t: TestKit) -> TestResult {
        let audit = t.start(Audit).await?;
        let session = t.start(session(audit.clone())).await?;
        t.kill(&audit);
        t.advance(IDLE).await;
        assert_eq!(session.closed().await, ExitReason::Normal);
        Ok(())
    }
}
