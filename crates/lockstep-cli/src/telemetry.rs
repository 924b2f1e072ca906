//! Telemetry: where a daemon sends the traces of its instances.

use lockstep_runner::{Collector, Export, Runner};

use crate::command_error::CommandError;

/// Where traces go.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TelemetryArgs {
    /// Where a collector takes traces by OTLP over HTTP: each instance that ends is sent there
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    otlp_endpoint: Option<String>,
    /// What this service is called in traces
    #[arg(long, value_name = "NAME", env = "OTEL_SERVICE_NAME", default_value = "lockstep")]
    otlp_service: String,
}

impl TelemetryArgs {
    /// Begins to send traces, if that is wanted.
    pub(crate) fn export(&self, runner: &Runner) -> Result<Option<Export>, CommandError> {
        // An empty variable of the environment is none.
        let endpoint = self.otlp_endpoint.as_ref().filter(|endpoint| !endpoint.is_empty());
        let Some(endpoint) = endpoint.cloned() else { return Ok(None) };
        let collector = Collector { endpoint, service: self.otlp_service.clone() };
        let export = runner.export_traces(collector);
        export.map(Some).map_err(|error| CommandError::Refused(error.to_string()))
    }
}
