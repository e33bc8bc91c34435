//! What processes hold beside themselves: memberships of groups, tables, keys. Others find it
//! there, and all of it is given back before anybody hears of its holder's end.
//!
//! Run: `cargo run -p examples --bin groups_and_tables`. Next: `application.rs`.

use actor_core::{
    RuntimeHandle,
    ets::{Table, TableError, Transfer},
    keyed::Registry,
    pg::Group,
    prelude::*,
};

/// Sales by what was sold: written by one process, read by everybody.
type Sales = Table<String, u64>;

/// A till: in the group of all tills, under its number in a registry.
#[derive(Process)]
struct Till {
    sales: Option<Sales>,
    keeper: KeeperRef,
}

#[handlers]
impl Till {
    #[init]
    fn open(&mut self, cx: &mut Context<Self>) -> Result<(), TableError> {
        let notice = |transfer| KeeperMessage::Inherit { transfer };
        self.sales = Some(Table::set().heir(&self.keeper, notice).create(cx)?);
        let tills: Group<TillRef> = cx.runtime().group("tills");
        let _ = tills.join(&cx.me());
        Ok(())
    }

    #[call]
    fn sell(&mut self, what: String) -> Option<u64> {
        self.sales.as_ref()?.update_or_insert(what, 0, |sold| sold + 1).ok()
    }

    #[call]
    fn sales(&self) -> Option<Sales> {
        self.sales.clone()
    }
}

/// Keeps what tills leave.
#[derive(Process)]
struct Keeper {
    kept: Vec<Sales>,
}

#[handlers]
impl Keeper {
    #[cast]
    fn inherit(&mut self, transfer: Transfer<Sales>) {
        self.kept.push(transfer.table);
    }

    #[call]
    fn kept(&self) -> usize {
        self.kept.len()
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = RuntimeHandle::current().ok_or("main runs in a runtime")?;
    let by_number: Registry<u32, TillRef, &str> = Registry::unique(&runtime);
    let keeper = Keeper { kept: Vec::new() }.start().await?;

    // A start under a key: taken before the process runs, like a name.
    for (number, floor) in [(1, "ground"), (2, "first")] {
        let till = Till { sales: None, keeper: keeper.clone() };
        till.with().via(by_number.via(number, floor)).start().await?;
    }
    let first = by_number.whereis(&1).ok_or("till 1 is open")?;
    println!("till 1 is on the {} floor", by_number.lookup(&1)[0].1);
    let taken = Till { sales: None, keeper: keeper.clone() };
    let taken = taken.with().via(by_number.via(1, "cellar")).start().await;
    println!("another till 1: {}", matches!(taken, Err(StartError::NameTaken { .. })));

    // The group knows all of them.
    let tills: Group<TillRef> = runtime.group("tills");
    for till in tills.members() {
        till.sell("tea".into()).await?;
        till.sell("tea".into()).await?;
    }
    println!("{} tills, {:?}", tills.members().len(), runtime.scope("pg").which_groups());

    // A table is read without asking its owner, and written by that alone.
    let sales = first.sales().await?.ok_or("it is open")?;
    println!("tea at till 1: {:?}", sales.lookup(&"tea".into())?);
    println!("from outside: {}", sales.insert("rum".into(), 1).unwrap_err());

    // With the till goes all that it held; the table goes to its heir.
    first.stop(ExitReason::Normal).await;
    println!("{} till, till 1: {:?}", tills.members().len(), by_number.whereis(&1));
    println!("the keeper owns the table: {}", sales.owner() == keeper.pid());
    println!("kept: {}, tea: {:?}", keeper.kept().await?, sales.lookup(&"tea".into())?);
    keeper.stop(ExitReason::Normal).await;
    println!("without heirs: {}", sales.lookup(&"tea".into()).unwrap_err());
    Ok(())
}
