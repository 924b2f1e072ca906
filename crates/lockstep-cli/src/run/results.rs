//! How results are written: one instance, a summary of many, objects.

use std::sync::Arc;
use std::time::Duration;

use lockstep_expr::Value;
use lockstep_runner::StartError;
use lockstep_store::Store;
use serde_json::json;

use super::tally::{self, Tally};
use super::{Course, Ended, Session};
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::failure_report::{self, pretty};
use crate::status::Status;
use crate::{console, signals, store};

impl Session<'_> {
    pub(super) async fn objects(&self, store: &Arc<dyn Store>) -> Result<Vec<Value>, CommandError> {
        if self.shown.is_empty() {
            return Ok(Vec::new());
        }
        let loaded = store.load(self.shown.clone()).await?;
        let mut values = Vec::new();
        for (key, object) in self.shown.iter().zip(loaded) {
            match object {
                Ok(Some(object)) => values.push(Value::Record(object)),
                Ok(None) => {
                    console::tell(&format!("warning: there is no {key}\n"));
                    values.push(Value::Null);
                }
                Err(corrupt) => {
                    console::tell(&format!("warning: {corrupt}\n"));
                    values.push(Value::Null);
                }
            }
        }
        Ok(values)
    }

    pub(super) fn conclude(
        &self,
        course: &Course,
        objects: Vec<Value>,
    ) -> Result<Status, CommandError> {
        let tally = &course.tally;
        let elapsed = self.clock.elapsed();
        if self.args.count == 1
            && !self.args.each
            && let Some(only) = tally.only()
        {
            self.conclude_one(only, elapsed)?;
            if tally.taken_up > 0 {
                self.tell(&tally.human(elapsed));
            }
        } else if self.args.format == Format::Json {
            console::print(&format!("{}\n", tally.json(elapsed)))?;
        } else {
            console::print(&tally.human(elapsed))?;
        }
        for (key, object) in self.shown.iter().zip(objects) {
            let object = failure_report::value(&object);
            match self.args.format {
                Format::Human => console::print(&format!("{key} {}\n", pretty(&object)))?,
                Format::Json => {
                    let line = json!({ "entity": &*key.entity, "id": &*key.id, "object": object });
                    console::print(&format!("{line}\n"))?;
                }
            }
        }
        if let Some(signal) = course.signal {
            self.tell_interruption(signal, tally);
            return Ok(signal.status());
        }
        let fails = tally.failed > 0 || (self.args.count == 0 && tally.refused > 0);
        Ok(if fails { Status::Failed } else { Status::Done })
    }

    fn conclude_one(&self, only: &Ended, elapsed: Duration) -> Result<(), CommandError> {
        let id = only.id;
        match (&only.ending, self.args.format) {
            (_, Format::Json) => console::print(&self.line(only)),
            (Ok(Ok(output)), Format::Human) => {
                self.tell(&format!("instance {id} is done, after {}\n", tally::seconds(elapsed)));
                console::print(&format!("{}\n", pretty(&failure_report::value(output))))
            }
            (Ok(Err(failure)) | Err(StartError::Rejected(failure)), Format::Human) => {
                let elapsed = tally::seconds(elapsed);
                self.tell(&format!("instance {id} failed, after {elapsed}\n"));
                console::tell(&failure_report::human(failure));
                Ok(())
            }
            (Err(_), Format::Human) => Ok(()),
        }
    }

    /// An instance that has ended, in one line.
    pub(super) fn line(&self, ended: &Ended) -> String {
        let id = ended.id.to_string();
        let line = match (&ended.ending, self.args.format) {
            (Ok(Ok(output)), Format::Json) => {
                let output = failure_report::value(output);
                json!({ "instance": id, "status": "done", "output": output }).to_string()
            }
            (Ok(Ok(output)), Format::Human) => {
                format!("{id} done {}", failure_report::value(output))
            }
            (Ok(Err(failure)) | Err(StartError::Rejected(failure)), Format::Json) => {
                let error = failure_report::json(failure);
                json!({ "instance": id, "status": "failed", "error": error }).to_string()
            }
            (Ok(Err(failure)) | Err(StartError::Rejected(failure)), Format::Human) => {
                format!("{id} failed {}", failure_report::line(failure))
            }
            (Err(_), Format::Json) => json!({ "instance": id, "status": "unfinished" }).to_string(),
            (Err(_), Format::Human) => format!("{id} unfinished"),
        };
        format!("{line}\n")
    }

    fn tell_interruption(&self, signal: signals::Caught, tally: &Tally) {
        let (count, url) = (tally.unfinished, &self.url);
        let rest = match count {
            0 => String::new(),
            _ if url == store::MEMORY => {
                format!("; {count} unfinished instances are gone with the store")
            }
            _ => format!(
                "; {count} unfinished instances are kept in {url}\n\
                 help: the next run on that store goes on with them, under the same --allow-host \
                 and --allow-program; with --count 0 it starts no others"
            ),
        };
        console::tell(&format!("stopped by {signal}{rest}\n"));
    }
}
