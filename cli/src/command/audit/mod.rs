//! `wane audit`: the log.

mod publish;

pub(crate) use publish::publisher;
