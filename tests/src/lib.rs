//! What the test programs share.

use actor_core::{
    Address, ChildKind, Start,
    supervisor::{ChildSpec, SupervisorMessage, SupervisorProcess, SupervisorRef, SupervisorSpec},
};

/// A tree made by hand.
///
/// ```
/// use actor_core::{Runtime, supervisor::SupervisorSpec};
/// use tests::Tree;
/// let rt = Runtime::new()?;
/// let office = rt.block_on(rt.start(Tree(SupervisorSpec::new("office"))))?;
/// assert!(office.is_alive());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tree(pub SupervisorSpec);

impl Tree {
    /// A child that is such a tree.
    pub fn child(id: &str, spec: SupervisorSpec) -> ChildSpec {
        ChildSpec::new(id, move |_| {
            let spec = spec.clone();
            async move { Ok(Some(Self(spec))) }
        })
    }
}

impl Start for Tree {
    type Ref = SupervisorRef;
    type Process = SupervisorProcess;
    const KIND: ChildKind = ChildKind::Supervisor;

    fn into_process(self) -> SupervisorProcess {
        SupervisorProcess::of(move || self.0)
    }

    fn make_ref(address: Address<SupervisorMessage>) -> SupervisorRef {
        SupervisorRef::from_address(address)
    }
}
