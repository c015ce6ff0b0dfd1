//! What several processes do to one ledger at once, what is left of it when some of them are killed, and what is tried
//! against ledgers in real files.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod checker;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod place;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod random;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod scene;
#[cfg(test)]
#[path = "../it/postgres/server.rs"]
#[allow(dead_code, reason = "the stores' own tests need more of it")]
mod server;
#[cfg(test)]
mod worker;
