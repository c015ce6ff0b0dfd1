//! Which methods pass, and in which direction. What is not listed here does not.

use crate::answer::Era;
use crate::credential::Counted;

/// What becomes of a request that a client makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It is decided, as a call of a tool.
    Tool,
    /// It is decided, as a prompt.
    Prompt,
    /// It is decided, as reading the resource that it names.
    Resource,
    /// It is decided, as reading each resource that it subscribes to.
    Listen,
    /// It is decided, as the prompt that is being completed.
    Completion,
    /// It passes, and the answer shows only tools that can still be called.
    ListTools,
    /// It passes.
    Passes,
}

/// What becomes of a client's request with this method, in its era.
// spec: G5
pub(crate) fn asked(method: &str, era: Era) -> Option<Asked> {
    Some(match method {
        // The newer era has none: `subscriptions/listen` stands in its place.
        "resources/subscribe" if era == Era::Stateless => return None,
        "tools/call" => Asked::Tool,
        "prompts/get" => Asked::Prompt,
        // To be told when a resource changes is to learn something of it.
        "resources/read" | "resources/subscribe" => Asked::Resource,
        "subscriptions/listen" => Asked::Listen,
        "completion/complete" => Asked::Completion,
        "tools/list" => Asked::ListTools,
        "initialize"
        | "ping"
        | "server/discover"
        | "logging/setLevel"
        | "prompts/list"
        | "resources/list"
        | "resources/templates/list"
        | "resources/unsubscribe" => Asked::Passes,
        _ => return None,
    })
}

/// When a token is counted that comes with such a request, and is not genuine.
pub(crate) fn counted(method: &str, era: Era) -> Counted {
    match asked(method, era) {
        Some(Asked::Passes) | None => Counted::Now,
        Some(_) => Counted::Later,
    }
}

/// Whether a client's notification passes.
pub(crate) fn client_notifies(method: &str) -> bool {
    matches!(
        method,
        "notifications/initialized"
            | "notifications/cancelled"
            | "notifications/progress"
            | "notifications/roots/list_changed"
    )
}

/// Whether a server's request passes; only servers of the older era make any. The text of a model that has read what the session has
/// read would go to the server undecided: sampling does not.
pub(crate) fn server_asks(method: &str) -> bool {
    matches!(method, "ping" | "roots/list" | "elicitation/create")
}

/// Whether a server's notification passes.
pub(crate) fn server_notifies(method: &str) -> bool {
    matches!(
        method,
        "notifications/cancelled"
            | "notifications/elicitation/complete"
            | "notifications/message"
            | "notifications/progress"
            | "notifications/prompts/list_changed"
            | "notifications/resources/list_changed"
            | "notifications/resources/updated"
            | "notifications/subscriptions/acknowledged"
            | "notifications/tools/list_changed"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_does_not_pass() {
        let (older, newer) = (Era::Handshake, Era::Stateless);
        for method in ["tools/call ", "Tools/call", "tasks/result", "", "tools", "tools/call/x", "initialized"] {
            assert_eq!((asked(method, older), asked(method, newer)), (None, None), "{method}");
        }
        assert_eq!((asked("tools/call", older), asked("tools/call", newer)), (Some(Asked::Tool), Some(Asked::Tool)));
        let subscribes = "resources/subscribe";
        assert_eq!((asked(subscribes, older), asked(subscribes, newer)), (Some(Asked::Resource), None));
        assert!(!client_notifies("tools/call") && !client_notifies("notifications/message"));
        assert!(!server_asks("tools/call") && !server_notifies("notifications/initialized"));
    }
}
