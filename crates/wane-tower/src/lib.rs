//! A tower layer for tool servers.
