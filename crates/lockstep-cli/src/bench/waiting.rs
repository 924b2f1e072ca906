//! Waiting: what an instance costs that waits for a lock.

use std::time::Duration;

use super::{Bench, Error, inputs, memory};

/// How often the number of waiting instances is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Figures of instances that wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) instances: u32,
    /// Memory of the process before and with them, in bytes.
    pub(crate) before: u64,
    pub(crate) with: u64,
}

impl Waiting {
    /// Returns the memory of one, in bytes.
    pub(crate) fn each(&self) -> u64 {
        self.with.saturating_sub(self.before) / u64::from(self.instances.max(1))
    }
}

impl Bench {
    pub(super) async fn waiting(&self, instances: u32) -> Result<Waiting, Error> {
        let runner = self.runner(&self.store_path("waiting"), 1).await?;
        let input = inputs(1).pop().ok_or("no input")?;
        let holder = runner.start_instance("wait".into(), input.clone(), "bench".into()).await?;
        while runner.store().counts().await?.running < 1 {
            tokio::time::sleep(LOOK).await;
        }
        let before = memory::now();
        for _ in 0..instances {
            // Nobody waits for their ends: what is measured is the engine's memory.
            drop(runner.start_instance("wait".into(), input.clone(), "bench".into()).await?);
        }
        while runner.store().counts().await?.running <= u64::from(instances) {
            tokio::time::sleep(LOOK).await;
        }
        let with = memory::now();
        drop(holder);
        runner.stop().await?;
        Ok(Waiting { instances, before, with })
    }
}
