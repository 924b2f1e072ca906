//! An explanation in sentences.
//!
//! Invariants:
//!
//! * A time that has passed is told as such: no engine seems to be at work then.

mod ending;
mod task;

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_core::Time;
use lockstep_core::lock::SYSTEM;

use super::moment::{both, distance, plain};
use super::shown::{quoted, text};
use crate::explanation::{
    Awaits, ClientWaiting, Doing, Explanation, LockWait, Obstacle, Place, Running, TaskWait,
    Unfinished,
};
use crate::lock::{HeldLock, Mode};
use crate::moment::Moment;

/// Most holders of one lock, changed objects and the like that are told.
const MAX_TOLD: usize = 5;

/// How much later than its time an engine that runs may do something.
const GRACE: Duration = Duration::from_secs(2);

/// Where an explanation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A store, as it was flushed last; whether an engine is at work on it is not known.
    Store,
    /// An engine at work.
    Engine,
}

/// The sentences so far.
struct Words {
    now: Time,
    out: String,
    is_overdue: bool,
}

/// Returns an explanation in lines.
pub fn human(explanation: &Explanation, source: Source) -> String {
    match explanation {
        Explanation::Running(it) => running(it, source),
        Explanation::Refused(it) => ending::refused(it, source),
        Explanation::Done(it) => ending::ended(it, "ended well"),
        Explanation::Failed(it) => ending::ended(it, "failed"),
        Explanation::Held(it) => ending::client(it, source),
        Explanation::Waiting(it) => waiting_client(it, source),
        Explanation::Ended(it) => ending::ended_client(it),
    }
}

fn running(it: &Running, source: Source) -> String {
    let mut words = Words::new(it.as_of.0);
    words.instance(it);
    words.chain(&it.chain, it.chain_is_cut);
    let mut out = words.out;
    if words.is_overdue && source == Source::Store {
        out.push_str(
            "Some of these times have passed: it seems that no engine is at work on this store. \
             The next `lockstep run` on it goes on with all of this.\n",
        );
    }
    out + &as_of(it.as_of.0, source)
}

/// A lock that a client waits for.
fn waiting_client(it: &ClientWaiting, source: Source) -> String {
    let mut words = Words::new(it.as_of.0);
    let since = both(words.now, it.wait.since.0);
    let (client, keys) = (quoted(&it.client), few(&it.wait.keys));
    words.say(&format!(
        "Client {client} (lock {}) waits for the lock {keys}, since {since}.",
        it.lock
    ));
    words.queue(&it.wait);
    words.out + &as_of(it.as_of.0, source)
}

/// Returns the line that says of when all of it is.
pub fn as_of(now: Time, source: Source) -> String {
    match source {
        Source::Store => format!(
            "As of {}; what an engine has not flushed to the store yet is not seen.\n",
            plain(now)
        ),
        Source::Engine => format!("As of {}.\n", plain(now)),
    }
}

impl Words {
    fn new(now: Time) -> Self {
        Self { now, out: String::new(), is_overdue: false }
    }

    fn say(&mut self, sentence: &str) {
        writeln!(self.out, "{}", text(sentence)).expect("a string takes every write");
    }

    fn instance(&mut self, running: &Running) {
        let it = &running.it;
        let (id, workflow) = (&it.instance, quoted(&it.workflow));
        match it.doing.as_slice() {
            [only] => {
                let doing = self.doing(&only.what);
                self.say(&format!("Instance {id} of workflow {workflow} {doing}."));
            }
            several => {
                let count = several.len();
                self.say(&format!(
                    "Instance {id} of workflow {workflow} does {count} things at once."
                ));
            }
        }
        let now = self.now;
        let activity = activity(it).unwrap_or_else(|| "outside of its activities".to_owned());
        let place = match it.doing.as_slice() {
            [Doing { step: Some(place), .. }] => at(Some(place)),
            [Doing { what: Awaits::Lock(_), .. }] => at(running.lock_place.as_ref()),
            _ => String::new(),
        };
        let (by, started) = (quoted(&it.started_by), both(now, it.started_at.0));
        self.say(&format!("It is {activity}{place}; {by} started it at {started}."));
        if it.doing.len() > 1 {
            for doing in it.doing.iter().take(MAX_TOLD.saturating_mul(4)) {
                let line = self.line(doing);
                self.say(&format!("  - it {line}"));
            }
        }
        for doing in &it.doing {
            self.wait(&doing.what);
        }
        self.rest(it);
    }

    /// What else there is to know of an instance.
    fn rest(&mut self, it: &Unfinished) {
        for held in &it.holds {
            let sentence = self.held(held);
            self.say(&sentence);
        }
        if !it.uncommitted.is_empty() {
            let objects: Vec<String> =
                it.uncommitted.iter().map(|it| format!("{}/{}", it.entity, it.id)).collect();
            self.say(&format!("It has changed {} and not committed that yet.", few(&objects)));
        }
        if let Some(code) = &it.failing {
            self.say(&format!("It is about to fail with `{code}`."));
        }
    }

    /// A line of execution among others.
    fn line(&mut self, doing: &Doing) -> String {
        let what = self.doing(&doing.what);
        format!("{what}{}", at(doing.step.as_ref()))
    }

    /// What is done, behind "it".
    fn doing(&mut self, awaits: &Awaits) -> String {
        match awaits {
            Awaits::Nothing => "goes on as soon as an engine runs".to_owned(),
            Awaits::Lock(wait) => {
                let since = both(self.now, wait.since.0);
                format!("waits for the lock {}, since {since}", few(&wait.keys))
            }
            Awaits::Objects { objects } => format!("reads {}", few(objects)),
            Awaits::Query => "waits for the answer to a query".to_owned(),
            Awaits::Call { attempt, since: Some(since) } => {
                let since = both(self.now, since.0);
                format!(
                    "has made an outside call that has not come back, attempt {attempt}, at {since}"
                )
            }
            Awaits::Call { attempt, since: None } => {
                format!("waits for an outside call to come back, attempt {attempt}")
            }
            Awaits::Task(task) => self.task(task),
            Awaits::Retry { until } => {
                format!("pauses before the next attempt, until {}", self.time(*until))
            }
            Awaits::Commit => "waits for the store's answer to a commit".to_owned(),
            Awaits::Moment { until } => format!("waits until {}", self.time(*until)),
            Awaits::Signal { name, until, .. } => {
                let most = self.at_the_latest(*until);
                format!("waits for the signal or form {}{most}", quoted(name))
            }
            Awaits::Instance { instance, workflow, until } => {
                let most = self.at_the_latest(*until);
                format!("waits for the end of {}{most}", who(instance, workflow.as_deref()))
            }
            Awaits::Steps => "waits for the steps that it runs at once".to_owned(),
        }
    }

    fn at_the_latest(&mut self, until: Option<Moment>) -> String {
        until
            .map_or_else(String::new, |until| format!(", at the latest until {}", self.time(until)))
    }

    /// A moment at which the engine does something.
    fn time(&mut self, until: Moment) -> String {
        self.is_overdue |= until.0.after(GRACE) < self.now;
        both(self.now, until.0)
    }

    /// The sentences about a wait for a lock.
    fn wait(&mut self, awaits: &Awaits) {
        if let Awaits::Task(task) = awaits {
            for sentence in self.task_ends(task) {
                self.say(&sentence);
            }
        }
        let Awaits::Lock(wait) = awaits else { return };
        let shared = match wait.mode {
            Mode::Exclusive => "",
            Mode::Shared => "; it is to be shared with others who take it so",
        };
        let made = match &wait.context {
            Some(context) => format!("Its key is what the expression {} came to", quoted(context)),
            None if wait.keys.iter().any(|key| key == SYSTEM) => {
                "It has no context: it is the lock of the whole system, beside which nobody holds \
                 another one"
                    .to_owned()
            }
            None => "It has no context: it is the lock of its whole scope".to_owned(),
        };
        self.say(&format!("{made}{shared}."));
        self.queue(wait);
    }

    /// Who keeps it, who is ahead, and what ends the wait.
    fn queue(&mut self, wait: &LockWait) {
        for obstacle in wait.obstacles.iter().take(MAX_TOLD) {
            let sentence = self.obstacle(obstacle);
            self.say(&sentence);
        }
        if wait.obstacles.len() > MAX_TOLD {
            let more = wait.obstacles.len() - MAX_TOLD;
            let at_least = if wait.obstacles_are_cut { "At least " } else { "" };
            self.say(&format!("{at_least}{more} more keep it from the lock."));
        }
        match wait.ahead {
            0 => self.say("Nobody stands before it in the queue."),
            1 => self.say("One stands before it in the queue."),
            ahead => self.say(&format!("{ahead} stand before it in the queue.")),
        }
        self.ends(wait);
    }

    fn obstacle(&mut self, obstacle: &Obstacle) -> String {
        let (subject, key) = (capital(&holder(obstacle)), &obstacle.key);
        match obstacle.since {
            Some(since) => format!("{subject} holds {key} since {}.", both(self.now, since.0)),
            None => format!("{subject} waits for {key}, too, and goes first."),
        }
    }

    /// What will end a wait.
    fn ends(&mut self, wait: &LockWait) {
        let holders: Vec<&Obstacle> =
            wait.obstacles.iter().filter(|obstacle| obstacle.holds).collect();
        let clients = holders.iter().filter(|holder| holder.client.is_some()).count();
        let last = holders.iter().filter_map(|holder| holder.ends_at).max();
        let turn = if wait.ahead > 0 { ", and those before it have had their turn" } else { "" };
        let gives = match (holders.len(), wait.obstacles.len()) {
            (0, 0) => {
                "The lock is free in the store: it gets it as soon as an engine runs".to_owned()
            }
            (0, _) => "It gets the lock when those before it have had their turn".to_owned(),
            (1, _) => format!("It gets the lock when the holder has given it back{turn}"),
            (_, _) => format!("It gets the lock when all holders have given it back{turn}"),
        };
        let limit = last.map_or_else(String::new, |until| {
            let until = self.time(until);
            match (clients, holders.len()) {
                (0, 1) => format!("; the hold timeout takes it from the holder at {until}"),
                (0, _) => format!("; the last hold timeout of them ends at {until}"),
                (1, 1) => format!("; unless the client renews it, the lock ends at {until}"),
                (_, _) => {
                    format!("; the last of their times ends at {until}, unless a client renews")
                }
            }
        });
        self.say(&format!("{gives}{limit}."));
        let until = self.time(wait.waiting_timeout_at);
        self.say(&format!(
            "Its own waiting timeout ends the wait at {until}, with the error `lock.waiting_timeout`."
        ));
    }

    fn held(&mut self, held: &HeldLock) -> String {
        let since = distance(self.now, held.since.0);
        let (keys, until) = (few(&held.keys), self.time(held.ends_at));
        let context = held.context.as_ref();
        let context =
            context.map_or_else(String::new, |text| format!(", which {} came to", quoted(text)));
        format!("It holds the lock {keys}{context}, got {since}; its hold timeout ends at {until}.")
    }

    fn chain(&mut self, chain: &[Unfinished], is_cut: bool) {
        if chain.is_empty() {
            return;
        }
        self.say("Those whom it waits for, and whom they wait for:");
        for link in chain {
            let id = &link.instance;
            let workflow = quoted(&link.workflow);
            let activity =
                activity(link).map_or_else(String::new, |activity| format!(", {activity},"));
            let keys = link.holds.iter().flat_map(|held| held.keys.iter());
            let keys: Vec<&str> = keys.map(String::as_str).collect();
            let holds = match keys.as_slice() {
                [] => String::new(),
                keys => format!(", holding {}", few(keys)),
            };
            for doing in &link.doing {
                let line = self.line(doing);
                self.say(&format!(
                    "  - instance {id} of workflow {workflow}{activity} {line}{holds}"
                ));
            }
        }
        if is_cut {
            self.say(&format!("  and more; the first {} are told", chain.len()));
        }
    }
}

fn activity(it: &Unfinished) -> Option<String> {
    it.activity.as_ref().map(|activity| format!("in activity {}", quoted(activity)))
}

/// Returns what is done, behind "it".
pub(super) fn doing(awaits: &Awaits, now: Time) -> String {
    Words::new(now).doing(awaits)
}

/// Returns who does a task that is waited for, and what ends the wait, in sentences.
pub(super) fn task_ends(task: &TaskWait, now: Time) -> Vec<String> {
    Words::new(now).task_ends(task)
}

/// Returns where something was written, behind what is said of it.
fn at(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |at| format!(", at {}:{}:{}", at.file, at.line, at.column))
}

fn who(instance: &str, workflow: Option<&str>) -> String {
    match workflow {
        Some(workflow) => format!("instance {instance} of workflow {}", quoted(workflow)),
        None => format!("instance {instance}"),
    }
}

/// Returns who keeps a wait from ending.
pub(super) fn holder(obstacle: &Obstacle) -> String {
    match (&obstacle.instance, &obstacle.lock) {
        (Some(instance), _) => who(instance, obstacle.workflow.as_deref()),
        (None, lock) => {
            let owner = quoted(obstacle.client.as_deref().unwrap_or_default());
            format!("client {owner} (lock {})", lock.as_deref().unwrap_or_default())
        }
    }
}

/// Returns a text that begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// Returns the first of several texts, and how many more there are.
pub(super) fn few(all: &[impl AsRef<str>]) -> String {
    let told: Vec<&str> = all.iter().take(MAX_TOLD).map(AsRef::as_ref).collect();
    let more = all.len().saturating_sub(MAX_TOLD);
    let told = told.join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}
