//! A machine that loses power at any moment: nothing told is lost, nothing is done twice.
//!
//! The real program runs while a library in its process notes every write and flush of the store's
//! files, every line of its standard output and every outside call. From the notes up to a moment
//! the test makes the files that the disk may hold if the power goes at that moment ([`disk`] is the
//! model), lets the real program go on from there, and checks the accounts. Each run but the first
//! goes on from one of the cuts of the run before it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::task::JoinSet;

use crate::binary::{finish, lockstep, run};
use crate::chance::Chance;
use crate::ledger::{self, Account, Acknowledged};
use crate::server::{Answer, Server};
use crate::shelf::Shelf;
use disk::{Disk, Files};
use notes::Note;

mod disk;
mod notes;

const RUNS: usize = 5;
const CUTS: usize = 40;

/// Instances that each run starts, and how many of them at once.
const INSTANCES: usize = 100;
const AT_ONCE: usize = 12;

/// Notes of a program that opens a store.
const BEGINNING: usize = 120;

/// Programs that go on at once.
const AT_WORK: usize = 3;

const STORE: &str = "lockstep.db";

const REST: &str = "
workflow: rest
activities:
  - activity: rest
    steps: [{ log: here }]
";

/// What there is at the moment of a cut.
#[derive(Clone, Debug, Default)]
struct Cut {
    files: Files,
    /// What was told until then.
    ends: Acknowledged,
    /// Who had made outside calls until then.
    callers: BTreeSet<String>,
}

/// What a cut was like, for the count of what was covered.
#[derive(Clone, Copy, Debug, Default)]
struct Coverage {
    unfinished: usize,
    told: usize,
    absent: usize,
    /// Within changes of the file itself, not only of its log.
    in_a_checkpoint: usize,
}

/// What does not change over the runs.
struct Site {
    shelf: Shelf,
    library: PathBuf,
    workflow: PathBuf,
    /// Definitions that start nothing: what is unfinished brings its own.
    rest: PathBuf,
    seed: PathBuf,
}

impl Site {
    fn new(server: &Server) -> Self {
        let shelf = Shelf::new();
        let library = notes::build_recorder(&shelf.path("").canonicalize().unwrap());
        let (workflow, seed) = (shelf.path("workflow.yaml"), shelf.path("seed.jsonl"));
        fs::write(&workflow, ledger::definitions(&server.url())).expect("it can be written");
        fs::write(&seed, ledger::seed()).expect("it can be written");
        let rest = shelf.path("rest.yaml");
        fs::write(&rest, REST).expect("it can be written");
        Self { shelf, library, workflow, rest, seed }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.shelf.path("").canonicalize().expect("it is there").join(name)
    }

    /// Runs instances on the store in a folder, and returns what the program did.
    async fn record(&self, folder: &Path, load: &[String]) -> Vec<Note> {
        let (count, at_once) = (INSTANCES.to_string(), AT_ONCE.to_string());
        let url = folder.join(STORE);
        let load: Vec<&str> = load.iter().map(String::as_str).collect();
        let args = [
            &["run", text(&self.workflow), "--store", text(&url), "--seed", text(&self.seed)][..],
            &load,
            &[
                "--count",
                &count,
                "--concurrency",
                &at_once,
                "--each",
                "--format",
                "json",
                "--quiet",
            ],
        ];
        let log = folder.with_extension("notes");
        let mut command = lockstep(&args.concat());
        command
            .env("LD_PRELOAD", &self.library)
            .env("LOCKSTEP_RECORD_FOLDER", folder)
            .env("LOCKSTEP_RECORD_LOG", &log);
        let told = finish(command).await;
        assert_eq!(told.status, Some(0), "the run ends well: {}", told.stderr);
        notes::read(&log)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

/// Returns who has made an outside call, if this is one.
fn caller(sent: &[u8]) -> Option<String> {
    let sent = String::from_utf8_lossy(sent).to_lowercase();
    let key = sent.lines().find_map(|line| line.strip_prefix("idempotency-key: "))?;
    Some(key.split(':').next()?.to_owned())
}

/// Cuts a run at random moments: most of them right behind something that was told or at any time,
/// others while the store is opened, and while its log is moved into the file.
fn cuts(
    mut disk: Disk,
    notes: &[Note],
    before: &Cut,
    chance: &mut Chance,
    covered: &mut Coverage,
) -> Vec<Cut> {
    let places = |wanted: &dyn Fn(&Note) -> bool| -> Vec<usize> {
        (0..notes.len()).filter(|place| wanted(&notes[*place])).collect()
    };
    let told = places(&|note| matches!(note, Note::Told(_) | Note::Sent(_)));
    let is_store = |note: &Note| matches!(note, Note::Opened { name, .. } if name == STORE);
    let store = notes.iter().find(|note| is_store(note)).and_then(Note::file);
    let checkpoints = places(&|note| matches!(note, Note::Written { .. }) && note.file() == store);
    let mut moments: Vec<usize> = (0..CUTS)
        .map(|number| match number % 8 {
            0 => chance.below(BEGINNING),
            1 => checkpoints[chance.below(checkpoints.len())],
            2..=4 => told[chance.below(told.len())],
            _ => chance.below(notes.len()),
        })
        .collect();
    moments.sort_unstable();
    let mut moments = moments.into_iter().peekable();
    let (mut lines, mut callers) = (String::new(), before.callers.clone());
    let mut cuts = Vec::new();
    for (place, note) in notes.iter().enumerate() {
        disk.note(note);
        if let Note::Told(told) = note {
            lines.push_str(std::str::from_utf8(told).expect("it is text"));
        } else if let Note::Sent(sent) = note {
            callers.extend(caller(sent));
        }
        while moments.next_if_eq(&place).is_some() {
            let mut ends = before.ends.clone();
            ledger::note_ends(&lines, &mut ends);
            covered.in_a_checkpoint += usize::from(disk.unsure(STORE) > 0);
            cuts.push(Cut { files: disk.after_cut(chance), ends, callers: callers.clone() });
        }
    }
    cuts
}

/// Lets the program go on from a cut, and checks what there is before and behind that.
async fn check(rest: PathBuf, folder: PathBuf, mut cut: Cut) -> Result<Coverage, String> {
    disk::lay_out(&folder, &cut.files);
    let store = folder.join(STORE);
    let mut covered = Coverage { told: usize::from(!cut.ends.is_empty()), ..Coverage::default() };
    match Account::read_if_made(&store).await.map_err(|error| error.to_string())? {
        Some(account) => {
            account.check(&cut.ends, &cut.callers)?;
            covered.unfinished = usize::from(account.unfinished > 0);
        }
        None if cut.ends.is_empty() && cut.callers.is_empty() => covered.absent = 1,
        None => return Err("told is durable: there is no store".to_owned()),
    }
    let args = ["run", text(&rest), "--store", text(&store), "--quiet"];
    let told = run(&[&args[..], &["--count", "0", "--each", "--format", "json"]].concat()).await;
    if told.status != Some(0) {
        return Err(format!("it does not go on: {}{}", told.stdout, told.stderr));
    }
    ledger::note_ends(&told.stdout, &mut cut.ends);
    let account = Account::read(&store).await.map_err(|error| error.to_string())?;
    account.check(&cut.ends, &cut.callers)?;
    account.check_end()?;
    fs::remove_dir_all(&folder).expect("it can be removed");
    Ok(covered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cut_at_any_moment_loses_nothing_told_and_does_nothing_twice() {
    let server = Server::start(|_| Answer::ok()).await;
    let site = Site::new(&server);
    let mut chance = Chance::new(4);
    let (mut base, mut all) = (Cut::default(), Coverage::default());
    for number in 0..RUNS {
        let folder = site.folder(&format!("run-{number}"));
        disk::lay_out(&folder, &base.files);
        let mut disk = Disk::of(&folder);
        let before = disk.clone();
        let load = ledger::load(number, ledger::ALL_KINDS);
        let notes = site.record(&folder, &load).await;
        for note in &notes {
            disk.note(note);
        }
        let really = disk::contents(&folder);
        assert!(disk.as_written() == really, "run {number}: the notes tell all that was written");

        let cuts = cuts(before, &notes, &base, &mut chance, &mut all);
        base = cuts[CUTS / 2].clone();
        let (mut checks, mut failures) = (JoinSet::new(), Vec::new());
        let mut cuts = cuts.into_iter().enumerate();
        loop {
            while checks.len() < AT_WORK
                && let Some((place, cut)) = cuts.next()
            {
                let folder = site.folder(&format!("cut-{number}-{place}"));
                checks.spawn(check(site.rest.clone(), folder, cut));
            }
            let Some(checked) = checks.join_next().await else { break };
            match checked.expect("a check does not panic") {
                Ok(covered) => {
                    all.unfinished += covered.unfinished;
                    all.told += covered.told;
                    all.absent += covered.absent;
                }
                Err(why) => failures.push(why),
            }
        }
        let (failed, why) = (failures.len(), failures.join("\n"));
        assert!(failures.is_empty(), "run {number}, {load:?}: {failed} of {CUTS} cuts:\n{why}");
    }
    let few = RUNS * CUTS / 20;
    assert!(all.unfinished > few && all.told > few, "cuts in the middle of work: {all:?}");
    assert!(all.in_a_checkpoint > 0 && all.absent > 0, "cuts at rare moments: {all:?}");
    println!("{} cuts: {all:?}", RUNS * CUTS);
}
