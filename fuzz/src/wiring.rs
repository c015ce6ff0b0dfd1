//! Clients' configurations: enforcing twice is enforcing once, and what nobody edited between comes back byte for byte.

use wane_gateway::wiring::{Flag, HttpGateway, Layout, Runner, State, enforce, stop};

const PROGRAM: &str = "/usr/bin/wane";

/// The text of a configuration behind a byte that says what kind it is.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let layout = match kind % 3 {
        0 => Layout::McpServers,
        1 => Layout::Servers,
        _ => Layout::Toml,
    };
    let gateway = HttpGateway::new("http://127.0.0.1:7000", &"b".repeat(43));
    let runner = Runner { program: PROGRAM.into(), flags: [(Flag::Catalogue, "/c d".into())].into(), gateway };
    let Ok(edit) = enforce(text, layout, &runner, &[]) else { return };
    let again = enforce(edit.text(), layout, &runner, &[]).expect("what was written is read");
    assert_eq!(again.text(), edit.text());
    assert!(again.outcomes().iter().all(|outcome| outcome.state != State::Wrapped));
    let before = stop(text, layout, PROGRAM, None).expect("it was read before");
    if before.text() == text {
        let undone = stop(edit.text(), layout, PROGRAM, Some(text)).expect("what was written is read");
        assert_eq!(undone.text(), text);
    }
    let wrapped = edit.outcomes().iter().any(|outcome| outcome.state == State::Wrapped);
    assert_eq!(edit.text() != text, wrapped);
}
