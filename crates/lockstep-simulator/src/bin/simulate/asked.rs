//! What the simulation is asked for, in words.

/// Seeds of a run that names none.
const SEEDS: u64 = 2_000;

/// Seeds within which a planted bug must be found, if none are named.
const SEEDS_FOR_BUG: u64 = 40_000;

pub(crate) const USAGE: &str = "\
usage: cargo xtask simulate [--seeds N] [--from SEED] [--seconds T] [--coverage]
       cargo xtask simulate --seed SEED [--bug NAME]
       cargo xtask simulate --bugs [--seeds N]
       cargo xtask simulate --bug NAME [--seeds N]";

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) seed: Option<u64>,
    pub(crate) seeds: u64,
    pub(crate) from: u64,
    pub(crate) seconds: Option<u64>,
    pub(crate) coverage: bool,
    /// Goes on behind a violation, and tells how often each law was broken.
    pub(crate) all: bool,
    pub(crate) bugs: Bugs,
}

/// Which bugs are to be planted, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bugs {
    /// None: the core is as it is in production.
    None,
    /// All of them.
    All,
    /// The one with this name.
    One(String),
}

impl Asked {
    /// Reads what is asked for.
    ///
    /// # Errors
    ///
    /// What is not understood, for people.
    pub(crate) fn read(words: &[String]) -> Result<Self, String> {
        let (mut seed, mut seeds, mut from, mut seconds) = (None, None, 0, None);
        let (mut coverage, mut all, mut bugs) = (false, false, Bugs::None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                let number = words.next().and_then(|word| word.parse::<u64>().ok());
                number.ok_or_else(|| format!("{word} needs a number"))
            };
            match word.as_str() {
                "--coverage" => coverage = true,
                "--all" => all = true,
                "--bugs" => bugs = Bugs::All,
                "--seed" => seed = Some(number()?),
                "--seeds" => seeds = Some(number()?),
                "--from" => from = number()?,
                "--seconds" => seconds = Some(number()?),
                "--bug" => {
                    let name = words.next().ok_or("--bug needs a name")?;
                    bugs = Bugs::One(name.clone());
                }
                _ => return Err(format!("{word} is not known")),
            }
        }
        let usual = if bugs == Bugs::None { SEEDS } else { SEEDS_FOR_BUG };
        let seeds = seeds.unwrap_or(usual);
        Ok(Self { seed, seeds, from, seconds, coverage, all, bugs })
    }
}
