//! What is counted. Labels come from closed sets: no token, argument or name that somebody else chose is one.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The type of the answer of `/metrics`.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    Check,
    Admit,
    Envoy,
}

impl Surface {
    pub(super) const ALL: [Self; 3] = [Self::Check, Self::Admit, Self::Envoy];

    /// The word in labels and logs.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Admit => "admit",
            Self::Envoy => "envoy",
        }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Decided {
    surface: &'static str,
    verdict: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct On {
    surface: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    what: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    decisions: Family<Decided, Counter>,
    latency: Family<On, Histogram>,
    reloads: Family<Of, Counter>,
    fresh: Family<Of, Gauge>,
    /// Questions that wait for their decision.
    pub(super) deciding: Gauge,
    /// Open connections.
    pub(super) connections: Gauge,
    /// Connections that were closed for others.
    pub(super) evicted: Counter,
    ledger_up: Gauge,
    ledger_latency: Histogram,
}

/// Upper bounds of latencies, in seconds: from a decision in memory to a ledger that hardly answers.
fn buckets() -> Histogram {
    Histogram::new([25e-6, 1e-4, 2.5e-4, 1e-3, 2.5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1.0, 2.5, 10.0])
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("wane");
        let metrics = Self {
            registry: Registry::default(),
            decisions: Family::default(),
            latency: Family::new_with_constructor(buckets),
            reloads: Family::default(),
            fresh: Family::default(),
            deciding: Gauge::default(),
            connections: Gauge::default(),
            evicted: Counter::default(),
            ledger_up: Gauge::default(),
            ledger_latency: buckets(),
        };
        registry.register("decisions", "Questions answered, by verdict and code", metrics.decisions.clone());
        registry.register("decision_seconds", "Time from a whole question to its answer", metrics.latency.clone());
        registry.register("deciding", "Questions that wait for their decision", metrics.deciding.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("evicted", "Idle connections that were closed for others", metrics.evicted.clone());
        registry.register("reloads", "Files that were read again", metrics.reloads.clone());
        registry.register("file_in_force", "Whether what lies in the file is in force", metrics.fresh.clone());
        registry.register(
            "ledger_up",
            "Whether the ledger answered when it was last looked at",
            metrics.ledger_up.clone(),
        );
        registry.register("ledger_seconds", "Time of a look at the ledger", metrics.ledger_latency.clone());
        // What is looked for must be there before it first happens.
        for surface in Surface::ALL {
            drop(metrics.latency.get_or_create(&On { surface: surface.as_str() }));
        }
        Self { registry, ..metrics }
    }

    /// A question was answered.
    // spec: H20
    pub(super) fn decided(&self, surface: Surface, verdict: &'static str, code: &'static str, took: Duration) {
        let surface = surface.as_str();
        self.decisions.get_or_create(&Decided { surface, verdict, code }).inc();
        self.latency.get_or_create(&On { surface }).observe(took.as_secs_f64());
    }

    /// A file was read again, and what it holds is in force or not.
    pub(super) fn file(&self, what: &'static str, in_force: bool) {
        self.fresh.get_or_create(&Of { what }).set(i64::from(in_force));
    }

    /// What a file holds has come into force.
    pub(super) fn reloaded(&self, what: &'static str) {
        self.reloads.get_or_create(&Of { what }).inc();
    }

    /// The ledger was looked at.
    pub(super) fn ledger(&self, answers: bool, took: Duration) {
        self.ledger_up.set(i64::from(answers));
        self.ledger_latency.observe(took.as_secs_f64());
    }

    /// As Prometheus reads them.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
