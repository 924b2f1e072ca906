//! Exact accounts: money goes from one to another under two locks, transfers are cancelled and held
//! too long, and at no moment is a unit of money gone or there twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_core::InstanceId;
use lockstep_core::explain::LockPage;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::audited_store::{AuditedStore, balance};
use crate::chance::Chance;
use crate::engine::{Ended, Engine, Written, ended};
use crate::patience::soon;
use crate::server::{Answer, Request, Server};
use crate::shelf::Shelf;

const SEED: u64 = 20_261_122;
const ACCOUNTS: usize = 100;
const TRANSFERS: usize = 20_000;
const AT_ONCE: usize = 64;

/// What is on each account at first: little enough for some transfers to find too little.
const OPENING: i64 = 300;

/// Transfers between two looks of a reader.
const LOOK: usize = 150;

/// Longest time of the whole, far more than it needs.
const PATIENCE: Duration = Duration::from_mins(8);

/// How long a call lasts that outlasts the hold timeout of 100 ms.
const HANGS: Duration = Duration::from_millis(400);

fn bank(server: &Server) -> Written {
    Written::text(&format!(
        r#"
entity: Account
attributes: {{ balance: {{ type: int, min: 0 }} }}
---
workflow: transfer
input: {{ from: string, to: string, amount: int, fate: string }}
activities:
  - activity: transfer
    exclusive_lock:
      context: '[ref("Account", input.from), ref("Account", input.to)]'
      waiting_timeout: 10m
      hold_timeout: 100ms
    steps:
      - load: {{ entity: Account, id: "${{input.from}}" }}
        as: source
      - load: {{ entity: Account, id: "${{input.to}}" }}
        as: target
      - require: source.balance >= input.amount
        else: account.short
      - update: source
        set: {{ balance: "${{source.balance - input.amount}}" }}
      - http:
          method: POST
          url: "{url}/${{input.fate}}"
          body: {{ instance: "${{workflow.instance_id}}" }}
        when: input.fate != "through"
      - update: target
        set: {{ balance: "${{target.balance + input.amount}}" }}
---
# Reads one account after another, alone in the whole system. The `find` asks the store, so that
# whoever were not kept out would move money between the two halves.
workflow: audit
input: {{ first: list<string>, second: list<string> }}
activities:
  - activity: audit
    exclusive_lock: {{ waiting_timeout: 10m, hold_timeout: 10m }}
    steps:
      - for_each: "${{input.first}}"
        item: id
        steps:
          - load: {{ entity: Account, id: "${{id}}" }}
            as: account
        collect: "${{account.balance}}"
        as: first
      - find: {{ entity: Account }}
        as: found
      - for_each: "${{input.second}}"
        item: id
        steps:
          - load: {{ entity: Account, id: "${{id}}" }}
            as: account
        collect: "${{account.balance}}"
        as: second
output: "${{first + second}}"
---
# Reads all accounts at once, without a lock.
workflow: look
activities:
  - activity: look
    steps:
      - find: {{ entity: Account }}
        as: accounts
output: "${{accounts.map(account, account.balance)}}"
"#,
        url = server.url()
    ))
}

/// What is to become of a transfer. Whether it does depends on how fast the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It calls nobody.
    Through,
    /// It is cancelled after this many turns of others, wherever it is then.
    Cancelled(usize),
    /// Its call is answered at once.
    Answered,
    /// Its call outlasts the hold timeout.
    Hangs,
    /// It is cancelled when its call has arrived.
    CancelledInCall,
}

#[derive(Clone, Debug)]
struct Transfer {
    from: usize,
    to: usize,
    amount: i64,
    fate: Fate,
}

impl Transfer {
    fn draw(chance: &mut Chance) -> Self {
        let pair = chance.different(2, ACCOUNTS);
        let amount = 1 + i64::try_from(chance.below(100)).unwrap();
        let fate = match chance.below(1000) {
            0..30 => Fate::Cancelled(chance.below(60)),
            30..50 => Fate::Answered,
            50..65 => Fate::Hangs,
            65..80 => Fate::CancelledInCall,
            _ => Fate::Through,
        };
        Self { from: pair[0], to: pair[1], amount, fate }
    }

    fn input(&self) -> Json {
        let fate = match self.fate {
            Fate::Through | Fate::Cancelled(_) => "through",
            Fate::Answered => "answered",
            Fate::Hangs => "hangs",
            Fate::CancelledInCall => "cancelled",
        };
        json!({"from": id(self.from), "to": id(self.to), "amount": self.amount, "fate": fate})
    }
}

fn id(account: usize) -> String {
    format!("a{account:02}")
}

/// Answers transfers, and tells which of them is to be cancelled.
async fn other_bank() -> (Server, mpsc::UnboundedReceiver<InstanceId>) {
    let (to_cancel, cancelled) = mpsc::unbounded_channel();
    let decide = move |request: &Request| match &*request.path {
        "/answered" => Answer::ok(),
        "/hangs" => Answer::after(HANGS),
        _ => {
            let instance = request.body["instance"].as_str().expect("it names itself");
            let instance = InstanceId(instance.parse().expect("an identity"));
            to_cancel.send(instance).expect("whoever cancels is there to the end");
            Answer::after(HANGS)
        }
    };
    (Server::start(decide).await, cancelled)
}

/// Makes transfers, each client one after another, and counts those that have ended.
async fn transfer_all(
    engine: &Engine,
    transfers: Vec<Transfer>,
    progress: Arc<watch::Sender<usize>>,
) -> Vec<(Transfer, Ended)> {
    let (transfers, next) = (Arc::new(transfers), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (engine, progress) = (engine.clone(), Arc::clone(&progress));
        let (transfers, next) = (Arc::clone(&transfers), Arc::clone(&next));
        clients.spawn(async move {
            let mut endings = Vec::new();
            while let Some(transfer) = transfers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let started = engine.begin("transfer", transfer.input()).await;
                if let Fate::Cancelled(turns) = transfer.fate {
                    for _ in 0..turns {
                        tokio::task::yield_now().await;
                    }
                    engine.cancel(started.id).await;
                }
                endings.push((transfer.clone(), ended(started).await));
                progress.send_modify(|ended| *ended += 1);
            }
            endings
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// Looks again and again while transfers go on; returns how often.
async fn watch_all(
    mut progress: watch::Receiver<usize>,
    total: i64,
    mut look: impl AsyncFnMut() -> Vec<i64>,
) -> usize {
    let mut looks = 0;
    loop {
        let due = (looks * LOOK).min(TRANSFERS);
        let ended = *progress.wait_for(|ended| *ended >= due).await.expect("transfers go on");
        let balances = look().await;
        assert_eq!(balances.len(), ACCOUNTS, "every reader sees every account");
        let sum: i64 = balances.iter().sum();
        assert_eq!(sum, total, "exact: after {ended} transfers a reader sees {balances:?}");
        looks += 1;
        if ended == TRANSFERS {
            return looks;
        }
    }
}

fn numbers(ended: Ended) -> Vec<i64> {
    let output = ended.expect("a reader is in nobody's way");
    output.as_array().unwrap().iter().map(|balance| balance.as_i64().unwrap()).collect()
}

async fn snapshot(url: &str) -> Vec<i64> {
    let mut snapshot = lockstep_store::open_snapshot(url).await.expect("the file can be read");
    let accounts = snapshot.query(&"Account".into(), None, 1000).await.expect("it can be read");
    accounts.iter().map(|account| balance(account)).collect()
}

/// Checks each account against the transfers that were told to be done; returns how many ended how.
fn check(
    books: &BTreeMap<Arc<str>, i64>,
    endings: &[(Transfer, Ended)],
) -> BTreeMap<String, usize> {
    let mut expected = vec![OPENING; ACCOUNTS];
    let mut ends = BTreeMap::new();
    for (transfer, ended) in endings {
        let how = match ended {
            Ok(_) => {
                expected[transfer.from] -= transfer.amount;
                expected[transfer.to] += transfer.amount;
                "done".to_owned()
            }
            Err(failure) => failure.code.to_string(),
        };
        *ends.entry(how).or_default() += 1;
    }
    for (account, expected) in expected.into_iter().enumerate() {
        let found = books.get(&*id(account)).copied();
        assert_eq!(found, Some(expected), "exactly-once: account {account}; {ends:?}");
    }
    ends
}

/// Goal: no reader ever sees a sum of all accounts that is not the first one; each account shows
/// exactly the transfers that were told to be done.
/// Method: a store that audits each transition, and three kinds of readers: snapshots of the file, a
/// `find` without a lock, loads under the lock of the whole system.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transfer_is_lost_or_done_by_half() {
    let shelf = Shelf::new();
    let (server, mut to_cancel) = other_bank().await;
    let store = AuditedStore::on(shelf.open().await);
    let engine = Engine::start(Arc::<AuditedStore>::clone(&store), &bank(&server)).await;
    for account in 0..ACCOUNTS {
        engine.seed("Account", &id(account), json!({"balance": OPENING})).await;
    }
    let total = store.open_books();
    assert_eq!(total, OPENING * 100, "the books begin with what was put in");

    let mut chance = Chance::new(SEED);
    let transfers = (0..TRANSFERS).map(|_| Transfer::draw(&mut chance)).collect();
    let progress = Arc::new(watch::Sender::new(0));
    let canceller = tokio::spawn({
        let engine = engine.clone();
        async move {
            while let Some(instance) = to_cancel.recv().await {
                engine.cancel(instance).await;
            }
        }
    });
    let accounts: Vec<String> = (0..ACCOUNTS).map(id).collect();
    let url = shelf.url();
    let (first, second) = accounts.split_at(ACCOUNTS / 2);
    let halves = json!({"first": first, "second": second});
    let audit = async || numbers(engine.run("audit", halves.clone()).await);
    let look = async || numbers(engine.run("look", json!({})).await);
    let all = async {
        tokio::join!(
            transfer_all(&engine, transfers, Arc::clone(&progress)),
            watch_all(progress.subscribe(), total, async || snapshot(&url).await),
            watch_all(progress.subscribe(), total, look),
            watch_all(progress.subscribe(), total, audit),
        )
    };
    let (endings, snapshots, finds, audits) =
        tokio::time::timeout(PATIENCE, all).await.expect("transfers and readers come to an end");

    let books = store.books();
    assert!(books.wrong.is_empty(), "exact at every commit: {:#?}", books.wrong);
    let ends = check(&books.balances, &endings);
    let looks = [snapshots, finds, audits];
    println!("{ends:?}, {} commits audited, looks of readers: {looks:?}", books.audits);
    for how in ["done", "account.short", "lock.lost", "cancelled"] {
        assert!(ends.contains_key(how), "no transfer ended with {how}: {ends:?}");
    }
    assert_eq!(ends.len(), 4, "no other error is in anybody's way: {ends:?}");
    assert_eq!(books.audits, ends["done"], "one commit for each transfer that was done");
    assert!(looks.iter().all(|looks| *looks > 10), "readers looked meanwhile: {looks:?}");
    assert_eq!(snapshot(&url).await.iter().sum::<i64>(), total, "exact at the end");
    assert!(engine.store().locks().await.unwrap().is_empty(), "no lock row is left");
    assert!(
        soon("a look", engine.runner().locks(LockPage::default())).await.unwrap().is_empty(),
        "no lock is stuck"
    );
    canceller.abort();
    drop(canceller.await);
    engine.stop().await.expect("the engine stops");
}
