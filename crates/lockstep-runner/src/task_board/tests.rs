//! The board, told in short text: commands in, what became of them out.
//!
//! * `post CALL KIND [deadline=S]`, `withdraw CALL`
//! * `poll NAME KIND[,KIND] [max=N] [lease=S]`, `leave NAME`
//! * `beat TASK #TOKEN [S]`, `answer TASK #TOKEN`, `back TASK #TOKEN`
//! * `+SECONDS`: time goes on, and leases end
//! * `list`

use std::cell::Cell;
use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;

thread_local! {
    static DRAWN: Cell<u128> = const { Cell::new(0) };
}

fn draw() -> Uuid {
    DRAWN.set(DRAWN.get() + 1);
    Uuid::from_u128(DRAWN.get())
}

struct Bench {
    board: TaskBoard,
    now: Time,
    pollers: BTreeMap<PollerId, String>,
    log: String,
}

fn number(word: &str) -> u64 {
    word.trim_start_matches('#').parse().expect("a number")
}

fn id(word: &str) -> Uuid {
    Uuid::from_u128(u128::from(number(word)))
}

/// Returns what stands behind `name=`.
fn given(words: &[&str], name: &str, default: u64) -> u64 {
    let named = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    named.map_or(default, number)
}

fn details(call: u64, kind: &str, bytes: usize) -> TaskDetails {
    TaskDetails {
        kind: kind.into(),
        input: "x".repeat(bytes).into(),
        instance: lockstep_core::InstanceId(Uuid::from_u128(u128::from(call))),
        workflow: "w".into(),
        activity: "a".into(),
        attempt: 1,
        idempotency_key: format!("{call}:1").into(),
        fencing_token: None,
    }
}

impl Bench {
    fn new() -> Self {
        DRAWN.set(0);
        let (now, pollers) = (Time(0), BTreeMap::new());
        Self { board: TaskBoard::new(draw), now, pollers, log: String::new() }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.log, "{line}").expect("text can be written");
    }

    fn hand(&mut self, handed: Vec<Handed>) {
        for Handed { poller, tasks } in handed {
            let who = self.pollers[&poller].clone();
            self.tell(&who, &tasks);
        }
    }

    fn tell(&mut self, who: &str, tasks: &[LeasedTask]) {
        let told: Vec<String> = tasks
            .iter()
            .map(|task| {
                let (id, lease) = (task.id.as_u128(), task.lease.as_u128());
                let until = task.lease_until.0 / 1_000_000;
                format!("{} {id} under #{lease} until {until}", task.details.kind)
            })
            .collect();
        self.say(&format!("{who} gets {}", told.join(", ")));
    }

    fn work(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words {
            ["post", call, kind, ref rest @ ..] => {
                let deadline = Time(0).after(Duration::from_secs(given(rest, "deadline", 1000)));
                let call = number(call);
                let size = usize::try_from(given(rest, "bytes", 2)).expect("small");
                let task = details(call, kind, size);
                let handed = self.board.post(self.now, call, task, deadline).expect("room");
                self.hand(handed);
            }
            ["withdraw", call] => {
                let who = self.board.withdraw(self.now, number(call));
                self.say(&format!("withdrawn: {who:?}"));
            }
            ["poll", name, kinds, ref rest @ ..] => {
                let wanted = Wanted {
                    kinds: kinds.split(',').map(Into::into).collect(),
                    worker: name.into(),
                    max: usize::try_from(given(rest, "max", 1)).expect("small"),
                    lease: Duration::from_secs(given(rest, "lease", 30)),
                };
                let poller = PollerId::try_from(self.pollers.len()).expect("few");
                self.pollers.insert(poller, name.to_owned());
                match self.board.poll(self.now, poller, wanted) {
                    Some(tasks) => self.tell(name, &tasks),
                    None => self.say(&format!("{name} waits")),
                }
            }
            ["leave", name] => {
                let of_name = self.pollers.iter().filter(|(_, poller)| *poller == name);
                let ids: Vec<PollerId> = of_name.map(|(id, _)| *id).collect();
                for id in ids {
                    self.board.leave(self.now, id);
                }
            }
            ["beat", task, token, ref rest @ ..] => {
                let extend = rest.first().map(|word| Duration::from_secs(number(word)));
                let beat = self.board.heartbeat(self.now, id(task), id(token), extend);
                let told = beat.map(|beat| (beat.lease_until.0 / 1_000_000, beat.cancelled));
                self.say(&format!("heartbeat: {told:?}"));
            }
            ["answer", task, token] => {
                let call = self.board.answer(self.now, id(task), id(token));
                self.say(&format!("answer: {call:?}"));
            }
            ["back", task, token] => {
                let tasks = [LeasedTask {
                    id: id(task),
                    lease: id(token),
                    lease_until: self.now,
                    deadline: self.now,
                    details: Arc::new(details(0, "k", 0)),
                }];
                let handed = self.board.take_back(self.now, &tasks);
                self.hand(handed);
            }
            ["list"] => {
                for task in self.board.list(None, 100) {
                    let leased = task.leased.map(|(worker, until)| (worker, until.0 / 1_000_000));
                    self.say(&format!("{} {} {leased:?}", task.id.as_u128(), task.details.kind));
                }
            }
            [time] if time.starts_with('+') => {
                self.now =
                    self.now.after(Duration::from_secs(number(time.trim_start_matches('+'))));
                let handed = self.board.expire(self.now);
                self.hand(handed);
            }
            _ => panic!("what is `{line}`?"),
        }
    }
}

fn check(script: &str, expected: Expect) {
    let mut bench = Bench::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        bench.work(line);
    }
    expected.assert_eq(&bench.log);
}

#[test]
fn the_oldest_task_goes_first_and_who_came_first_is_served_first() {
    check(
        "
        post 1 mail
        post 2 print
        post 3 mail
        poll a mail,print max=2
        poll b mail
        poll c mail
        poll d print,mail
        post 4 print
        post 5 mail
        ",
        expect![[r#"
            a gets mail 1 under #4 until 30, print 2 under #5 until 30
            b gets mail 3 under #6 until 30
            c waits
            d waits
            d gets print 7 under #8 until 30
            c gets mail 9 under #10 until 30
        "#]],
    );
}

#[test]
fn a_task_whose_worker_is_silent_goes_to_the_next_and_the_late_answer_is_refused() {
    check(
        "
        post 1 mail
        poll a mail lease=10
        poll b mail lease=10
        +5
        beat 1 #2
        +9
        list
        +1
        answer 1 #2
        beat 1 #2
        answer 1 #3
        answer 1 #3
        withdraw 1
        list
        ",
        expect![[r#"
            a gets mail 1 under #2 until 10
            b waits
            heartbeat: Ok((15, false))
            1 mail Some(("a", 15))
            b gets mail 1 under #3 until 25
            answer: Err(Lost)
            heartbeat: Err(Lost)
            answer: Ok(1)
            answer: Err(Lost)
            withdrawn: None
        "#]],
    );
}

#[test]
fn an_answer_is_refused_behind_the_end_of_its_lease_although_nobody_has_looked_at_it() {
    let mut bench = Bench::new();
    for line in ["post 1 mail", "poll a mail lease=10"] {
        bench.work(line);
    }
    bench.now = Time(10_000_000);
    bench.work("answer 1 #2");
    bench.work("beat 1 #2");
    expect![[r#"
        a gets mail 1 under #2 until 10
        answer: Err(Lost)
        heartbeat: Err(Lost)
    "#]]
    .assert_eq(&bench.log);
}

#[test]
fn who_works_on_what_is_not_wanted_any_more_learns_it_by_its_heartbeat() {
    check(
        "
        post 1 mail
        poll a mail lease=10
        withdraw 1
        beat 1 #2
        beat 1 #3
        answer 1 #2
        +10
        beat 1 #2
        withdraw 1
        ",
        expect![[r#"
            a gets mail 1 under #2 until 10
            withdrawn: Some("a")
            heartbeat: Ok((10, true))
            heartbeat: Err(Lost)
            answer: Err(Lost)
            heartbeat: Err(Lost)
            withdrawn: None
        "#]],
    );
}

#[test]
fn what_has_not_reached_its_worker_goes_to_the_next_at_once_under_another_token() {
    check(
        "
        poll a mail
        poll b mail
        post 1 mail
        back 1 #2
        back 1 #2
        leave b
        back 1 #3
        list
        ",
        expect![[r#"
            a waits
            b waits
            a gets mail 1 under #2 until 30
            b gets mail 1 under #3 until 30
            1 mail None
        "#]],
    );
}

#[test]
fn who_has_gone_gets_nothing() {
    check(
        "
        poll a mail,print
        leave a
        post 1 mail
        post 2 print
        poll b print
        list
        ",
        expect![[r#"
            a waits
            b gets print 2 under #3 until 30
            1 mail None
            2 print Some(("b", 30))
        "#]],
    );
}

#[test]
fn no_lease_lasts_longer_than_the_engine_waits() {
    check(
        "
        post 1 mail deadline=20
        poll a mail lease=60
        beat 1 #2 60
        ",
        expect![[r#"
            a gets mail 1 under #2 until 20
            heartbeat: Ok((20, false))
        "#]],
    );
}

#[test]
fn a_task_whose_time_is_over_is_not_handed_on_and_who_had_it_is_told() {
    check(
        "
        post 1 mail deadline=3
        poll ann mail lease=60
        poll bob mail
        +3
        withdraw 1
        ",
        expect![[r#"
            ann gets mail 1 under #2 until 3
            bob waits
            withdrawn: Some("ann")
        "#]],
    );
}

#[test]
fn a_batch_is_bounded_in_number_and_in_bytes() {
    check(
        "
        post 1 big bytes=3000000
        post 2 big bytes=3000000
        post 3 big bytes=6000000
        post 4 big
        poll a big max=100
        poll a big max=100
        poll a big max=100
        poll a big max=100
        ",
        expect![[r#"
            a gets big 1 under #5 until 30
            a gets big 2 under #6 until 30
            a gets big 3 under #7 until 30
            a gets big 4 under #8 until 30
        "#]],
    );
}

#[test]
fn a_full_board_takes_no_more_and_forgets_old_leases() {
    let mut bench = Bench::new();
    let call = |call: usize| u64::try_from(call).expect("small");
    for number in 0..MAX_POSTED {
        let task = details(call(number), "k", 0);
        bench.board.post(Time(0), call(number), task, Time(9)).expect("there is room");
    }
    let further = bench.board.post(Time(0), u64::MAX, details(0, "k", 0), Time(9));
    assert_eq!(further.err(), Some(Full));
    let wanted = Wanted {
        kinds: ["k".into()].into(),
        worker: "w".into(),
        max: MAX_POSTED,
        lease: Duration::from_secs(1),
    };
    let tasks = bench.board.poll(Time(0), 1, wanted).expect("there are tasks");
    assert_eq!(tasks.len(), MAX_POSTED);
    for number in 0..MAX_POSTED {
        bench.board.withdraw(Time(0), call(number)).expect("it is there");
    }
    assert_eq!(bench.board.gone.len(), MAX_GONE);
    assert!(bench.board.open.is_empty() && bench.board.lease_ends.is_empty());
}
