//! What is shown of a command while it works, as typed.

use clap::Args;

use super::RunWords;

/// `run`.
#[derive(Debug, Args)]
pub struct ServedWords {
    #[command(flatten)]
    pub run: RunWords,
    #[command(flatten)]
    pub serve: ServeWords,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyWords {
    #[command(flatten)]
    pub run: RunWords,
    /// Refuse as long as a service of [gate] still has a previous key
    #[arg(long, help_heading = None)]
    pub after_removal: bool,
    #[command(flatten)]
    pub serve: ServeWords,
}

/// Each has the same name in `[serve]` and as `RESEAL_…`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Metrics and status over HTTP")]
pub struct ServeWords {
    /// Serve metrics, health, status and a live page, such as 127.0.0.1:9187; elsewhere than on
    /// loopback only with a token
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Where the bearer token is that callers must show: env:NAME or file:PATH [default:
    /// env:RESEAL_LISTEN_TOKEN]
    #[arg(long, value_name = "SOURCE")]
    pub listen_token: Option<String>,
    /// Go on serving after the end, until SIGTERM at most [default: 0s]
    #[arg(long, value_name = "DURATION")]
    pub linger: Option<String>,
    /// Push the metrics to this Prometheus Pushgateway at the end
    #[arg(long, value_name = "URL")]
    pub push_gateway: Option<String>,
}
