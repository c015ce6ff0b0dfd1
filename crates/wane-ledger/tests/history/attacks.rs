//! What was tried against others of our kind, and worked: the table of defects that this project began with, in our terms.
//! Each test names its row.

mod log;
mod ratchet;
mod tickets;
