//! Waiting: what an instance costs that waits for a lock.

use std::time::Duration;

use lockstep_expr::Value;
use lockstep_runner::Runner;

use super::{Bench, Error, inputs, memory};

/// How often the number of waiting instances is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Figures of instances that wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) instances: u32,
    /// Memory of the process with half of them and with all, in bytes.
    pub(crate) with_half: u64,
    pub(crate) with: u64,
}

impl Waiting {
    /// Returns the memory that one more takes, in bytes: buffers that are there once do not count.
    pub(crate) fn each(&self) -> u64 {
        let half = self.instances - self.instances / 2;
        self.with.saturating_sub(self.with_half) / u64::from(half.max(1))
    }
}

impl Bench {
    pub(super) async fn waiting(&self, instances: u32) -> Result<Waiting, Error> {
        let runner = self.runner(&self.store_path("waiting"), 1).await?;
        let holder = runner.start_instance("wait".into(), input()?, "bench".into()).await?;
        until_stored(&runner, 1).await?;
        let half = instances / 2;
        wait_for_the_lock(&runner, half).await?;
        until_stored(&runner, 1 + u64::from(half)).await?;
        let with_half = memory::now();
        wait_for_the_lock(&runner, instances - half).await?;
        until_stored(&runner, 1 + u64::from(instances)).await?;
        let with = memory::now();
        drop(holder);
        runner.stop().await?;
        Ok(Waiting { instances, with_half, with })
    }
}

fn input() -> Result<Value, Error> {
    inputs(1).pop().ok_or_else(|| "no input".into())
}

/// Starts instances that wait for the lock. Nobody waits for their ends: what is measured is the
/// engine's memory.
async fn wait_for_the_lock(runner: &Runner, instances: u32) -> Result<(), Error> {
    let input = input()?;
    for _ in 0..instances {
        drop(runner.start_instance("wait".into(), input.clone(), "bench".into()).await?);
    }
    Ok(())
}

/// Waits until the store tells of so many unfinished instances.
pub(super) async fn until_stored(runner: &Runner, instances: u64) -> Result<(), Error> {
    while runner.store().counts().await?.running < instances {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
