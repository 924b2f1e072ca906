//! An unfinished instance in sentences.
//!
//! Invariants:
//!
//! * A time that has passed is told as such: no engine seems to be at work then.

use std::fmt::Write as _;
use std::time::Duration;

use lockstep_core::explain::{Awaits, Doing, Explanation, HeldLock, LockWait, Obstacle};
use lockstep_core::lock::SYSTEM;
use lockstep_core::{InstanceId, Time};
use lockstep_definition::LockMode;

use super::chain::{Chain, MAX_LINKS};
use super::facts::Facts;
use crate::moment::{both, distance, plain};
use crate::shown::{quoted, text};

/// Most holders of one lock, changed objects and the like that are told.
const MAX_TOLD: usize = 5;

/// How much later than its time an engine that runs may do something.
const GRACE: Duration = Duration::from_secs(2);

/// What the sentences are about.
pub(super) struct Words<'a> {
    facts: &'a Facts,
    now: Time,
    out: String,
    is_overdue: bool,
}

/// Returns what an unfinished instance does, in sentences.
pub(super) fn human(facts: &Facts) -> String {
    let now = facts.survey.taken_at();
    let mut words = Words { facts, now, out: String::new(), is_overdue: false };
    words.instance(&facts.explanation);
    words.chain(&facts.chain);
    let mut out = words.out;
    if words.is_overdue {
        out.push_str(
            "Some of these times have passed: it seems that no engine is at work on this store. \
             The next `lockstep run` on it goes on with all of this.\n",
        );
    }
    out + &as_of(now)
}

/// Returns the line that says of when all of it is.
pub(crate) fn as_of(now: Time) -> String {
    format!("As of {}; what an engine has not flushed to the store yet is not seen.\n", plain(now))
}

impl Words<'_> {
    fn say(&mut self, sentence: &str) {
        writeln!(self.out, "{}", text(sentence)).expect("a string takes every write");
    }

    fn instance(&mut self, it: &Explanation) {
        let (id, workflow) = (it.instance, quoted(&it.workflow));
        match it.doing.as_slice() {
            [only] => {
                let doing = self.doing(&only.what, id);
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
            [Doing { step: Some(place), .. }] => {
                format!(", at {}:{}:{}", place.file, place.line, place.column)
            }
            [Doing { what: Awaits::Lock(_), .. }] => {
                let place = self.facts.lock_place.as_ref();
                place.map_or_else(String::new, |at| {
                    format!(", at {}:{}:{}", at.file, at.line, at.column)
                })
            }
            _ => String::new(),
        };
        let (by, started) = (quoted(&it.started_by), both(now, it.started_at));
        self.say(&format!("It is {activity}{place}; {by} started it at {started}."));
        if it.doing.len() > 1 {
            for doing in it.doing.iter().take(MAX_TOLD.saturating_mul(4)) {
                let line = self.line(doing, id);
                self.say(&format!("  - it {line}"));
            }
        }
        for doing in &it.doing {
            self.wait(&doing.what);
        }
        self.rest(it);
    }

    /// What else there is to know of an instance.
    fn rest(&mut self, it: &Explanation) {
        for held in &it.held {
            let sentence = self.held(held);
            self.say(&sentence);
        }
        if !it.uncommitted.is_empty() {
            let objects: Vec<String> = it.uncommitted.iter().map(ToString::to_string).collect();
            self.say(&format!("It has changed {} and not committed that yet.", few(&objects)));
        }
        if let Some(code) = &it.failing {
            self.say(&format!("It is about to fail with `{code}`."));
        }
    }

    /// A line of execution among others.
    fn line(&mut self, doing: &Doing, id: InstanceId) -> String {
        let what = self.doing(&doing.what, id);
        match &doing.step {
            Some(place) => format!("{what}, at {}:{}:{}", place.file, place.line, place.column),
            None => what,
        }
    }

    /// What is done, behind "it".
    fn doing(&mut self, awaits: &Awaits, id: InstanceId) -> String {
        if let (Awaits::Nothing, Some(call)) = (awaits, self.facts.call(id)) {
            let (attempt, since) = (call.attempt, both(self.now, call.since));
            return format!(
                "has made an outside call that has not come back, attempt {attempt}, at {since}"
            );
        }
        match awaits {
            Awaits::Nothing => "goes on as soon as an engine runs".to_owned(),
            Awaits::Lock(wait) => {
                let since = both(self.now, wait.since);
                format!("waits for the lock {}, since {since}", few(&wait.keys))
            }
            Awaits::Objects(keys) => {
                let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                format!("reads {}", few(&keys))
            }
            Awaits::Query => "waits for the answer to a query".to_owned(),
            Awaits::Call { attempt } => {
                format!("waits for an outside call to come back, attempt {attempt}")
            }
            Awaits::Retry(until) => {
                format!("pauses before the next attempt, until {}", self.time(*until))
            }
            Awaits::Commit => "waits for the store's answer to a commit".to_owned(),
            Awaits::Moment(until) => format!("waits until {}", self.time(*until)),
            Awaits::Signal { name, until } => {
                let most = self.at_the_latest(*until);
                format!("waits for the signal or form {}{most}", quoted(name))
            }
            Awaits::Instance { instance, until } => {
                let most = self.at_the_latest(*until);
                format!("waits for the end of {}{most}", self.who(*instance))
            }
            Awaits::Steps => "waits for the steps that it runs at once".to_owned(),
        }
    }

    fn at_the_latest(&mut self, until: Option<Time>) -> String {
        until
            .map_or_else(String::new, |until| format!(", at the latest until {}", self.time(until)))
    }

    /// A moment at which the engine does something.
    fn time(&mut self, until: Time) -> String {
        self.is_overdue |= until.after(GRACE) < self.now;
        both(self.now, until)
    }

    fn who(&self, instance: InstanceId) -> String {
        match self.facts.survey.explain(instance) {
            Some(it) => format!("instance {instance} of workflow {}", quoted(&it.workflow)),
            None => format!("instance {instance}"),
        }
    }

    /// The sentences about a wait for a lock.
    fn wait(&mut self, awaits: &Awaits) {
        let Awaits::Lock(wait) = awaits else { return };
        let shared = match wait.mode {
            LockMode::Exclusive => "",
            LockMode::Shared => "; it is to be shared with others who take it so",
        };
        let made = match &wait.context {
            Some(context) => format!("Its key is what the expression {} came to", quoted(context)),
            None if wait.keys.iter().any(|key| &**key == SYSTEM) => {
                "It has no context: it is the lock of the whole system, beside which nobody holds \
                 another one"
                    .to_owned()
            }
            None => "It has no context: it is the lock of its whole scope".to_owned(),
        };
        self.say(&format!("{made}{shared}."));
        for obstacle in wait.obstacles.iter().take(MAX_TOLD) {
            let sentence = self.obstacle(obstacle);
            self.say(&sentence);
        }
        if wait.obstacles.len() > MAX_TOLD {
            let more = wait.obstacles.len() - MAX_TOLD;
            self.say(&format!("{more} more keep it from the lock."));
        }
        match wait.ahead {
            0 => self.say("Nobody stands before it in the queue."),
            1 => self.say("One stands before it in the queue."),
            ahead => self.say(&format!("{ahead} stand before it in the queue.")),
        }
        self.ends(wait);
    }

    fn obstacle(&mut self, obstacle: &Obstacle) -> String {
        let Obstacle { key, who, client, held } = obstacle;
        let subject = if let Some(owner) = client {
            format!("Client {} (lock {who})", quoted(owner))
        } else {
            let who = self.who(*who);
            format!("I{}", who.strip_prefix('i').unwrap_or(&who))
        };
        match held {
            Some((since, _)) => format!("{subject} holds {key} since {}.", both(self.now, *since)),
            None => format!("{subject} waits for {key}, too, and goes first."),
        }
    }

    /// What will end a wait.
    fn ends(&mut self, wait: &LockWait) {
        let holders: Vec<&Obstacle> =
            wait.obstacles.iter().filter(|obstacle| obstacle.held.is_some()).collect();
        let clients = holders.iter().filter(|holder| holder.client.is_some()).count();
        let limit = |holder: &&Obstacle| holder.held.and_then(|(_, until)| until);
        let last = holders.iter().filter_map(limit).max();
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
        let until = self.time(wait.until);
        self.say(&format!(
            "Its own waiting timeout ends the wait at {until}, with the error `lock.waiting_timeout`."
        ));
    }

    fn held(&mut self, held: &HeldLock) -> String {
        let since = distance(self.now, held.since);
        let (keys, until) = (few(&held.keys), self.time(held.until));
        let context = held.context.as_ref();
        let context =
            context.map_or_else(String::new, |text| format!(", which {} came to", quoted(text)));
        format!("It holds the lock {keys}{context}, got {since}; its hold timeout ends at {until}.")
    }

    fn chain(&mut self, chain: &Chain) {
        if chain.links.is_empty() {
            return;
        }
        self.say("Those whom it waits for, and whom they wait for:");
        for link in &chain.links {
            let id = link.instance;
            let workflow = quoted(&link.workflow);
            let activity =
                activity(link).map_or_else(String::new, |activity| format!(", {activity},"));
            let keys = link.held.iter().flat_map(|held| held.keys.iter());
            let keys: Vec<&str> = keys.map(|key| &**key).collect();
            let holds = match keys.as_slice() {
                [] => String::new(),
                keys => format!(", holding {}", few(keys)),
            };
            for doing in &link.doing {
                let line = self.line(doing, id);
                self.say(&format!(
                    "  - instance {id} of workflow {workflow}{activity} {line}{holds}"
                ));
            }
        }
        if chain.is_cut {
            self.say(&format!("  and more; the first {MAX_LINKS} are told"));
        }
    }
}

fn activity(it: &Explanation) -> Option<String> {
    it.activity.as_ref().map(|activity| format!("in activity {}", quoted(activity)))
}

/// Returns the first of several texts, and how many more there are.
fn few(all: &[impl AsRef<str>]) -> String {
    let told: Vec<&str> = all.iter().take(MAX_TOLD).map(AsRef::as_ref).collect();
    let more = all.len().saturating_sub(MAX_TOLD);
    let told = told.join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}
