//! What a chain allows, said naively: sets of actions and of arguments out of a small universe. It shares nothing with
//! the library, and can be broken on purpose.

/// Every action there is.
pub(crate) const ACTIONS: [&str; 6] = ["read:a", "read:b", "read:a:x", "write:a", "write:a:x", "send:b"];

pub(crate) const PATTERNS: [&str; 12] =
    ["*", "read:*", "write:*", "*:a", "read:a", "read:a:*", "*:a:x", "*:*:x", "write:a", "send:*", "*:*", "read:b"];

pub(crate) const AUDIENCES: [&str; 4] = ["*", "files", "mail:*", "mail:in"];

/// Arguments and facts of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) path: Option<&'static str>,
    pub(crate) n: Option<i64>,
    pub(crate) m: Option<&'static str>,
    pub(crate) env: Option<&'static str>,
}

const PATHS: [Option<&str>; 4] = [None, Some("/d/e.c"), Some("/x"), Some("/d")];
const NUMBERS: [Option<i64>; 3] = [None, Some(1), Some(5)];

/// How many different points there are.
pub(crate) const POINTS: usize = 4 * 3 * 2 * 2;

impl Point {
    pub(crate) fn at(index: usize) -> Self {
        Self {
            path: PATHS[index % 4],
            n: NUMBERS[index / 4 % 3],
            m: [None, Some("rw")][index / 12 % 2],
            env: [None, Some("prod")][index / 24 % 2],
        }
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        let all = [("path", self.path.is_some()), ("n", self.n.is_some()), ("m", self.m.is_some())];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }
}

/// A condition as text, the argument it names, and when it holds, given whether the holder said `p = ok`.
#[derive(Clone, Copy)]
pub(crate) struct Condition {
    pub(crate) text: &'static str,
    pub(crate) name: Option<&'static str>,
    pub(crate) holds: fn(&Point, bool) -> bool,
}

pub(crate) const CONDITIONS: [Condition; 10] = [
    Condition { text: "path under /d", name: Some("path"), holds: |p, _| p.path.is_some_and(|path| path != "/x") },
    Condition {
        text: "path under /d/e.c, /x",
        name: Some("path"),
        holds: |p, _| p.path.is_some_and(|path| path != "/d"),
    },
    Condition { text: "n <= 3", name: Some("n"), holds: |p, _| p.n == Some(1) },
    Condition { text: "n absent", name: Some("n"), holds: |p, _| p.n.is_none() },
    Condition { text: "m = rw", name: Some("m"), holds: |p, _| p.m.is_some() },
    Condition { text: "@env = prod", name: None, holds: |p, _| p.env.is_some() },
    Condition { text: "@env absent", name: None, holds: |p, _| p.env.is_none() },
    Condition { text: "@said.p = ok", name: None, holds: |_, said| said },
    Condition { text: "path like *.c", name: Some("path"), holds: |p, _| p.path == Some("/d/e.c") },
    Condition { text: "n in [5, \"1\"]", name: Some("n"), holds: |p, _| p.n == Some(5) },
];

fn segments(pattern: &str) -> Vec<&str> {
    pattern.split(':').collect()
}

pub(crate) fn covers(pattern: &str, action: &str) -> bool {
    fn rest(pattern: &[&str], action: &[&str]) -> bool {
        match (pattern, action) {
            ([], []) | (["*"], [_, ..]) => true,
            (["*", pattern @ ..], [_, action @ ..]) => rest(pattern, action),
            ([a, pattern @ ..], [b, action @ ..]) => a == b && rest(pattern, action),
            _ => false,
        }
    }
    rest(&segments(pattern), &segments(action))
}

/// Whether everything that `inner` covers is covered by `outer`: tried with segments that no pattern names.
pub(crate) fn contains(outer: &str, inner: &str) -> bool {
    let one = inner.replace('*', "fresh");
    covers(outer, &one) && (!inner.ends_with('*') || covers(outer, &format!("{one}:fresh:fresh")))
}

/// One stated scope or refinement.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    pub(crate) index: usize,
    pub(crate) pattern: Option<&'static str>,
    /// Places in [`CONDITIONS`].
    pub(crate) conditions: Vec<usize>,
    pub(crate) only: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) level: usize,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) keep: Vec<&'static str>,
}

/// What one block states.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) audiences: Vec<&'static str>,
    pub(crate) scopes: Option<Vec<Stated>>,
    pub(crate) deny: Vec<&'static str>,
    /// Pattern and approver.
    pub(crate) ask: Vec<(&'static str, &'static str)>,
    pub(crate) rules: Option<Vec<Rule>>,
    pub(crate) level: Option<usize>,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) clearance: Option<usize>,
    pub(crate) session: bool,
}

/// The root entry of the verifier.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) own_ratchet: bool,
    pub(crate) rules: Vec<Rule>,
    pub(crate) level: usize,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) ceiling: Option<Vec<Stated>>,
}

/// A way in which the model can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    OnlyAdmitsLaterNames,
    OnlyTheNewestDenyOrAskCounts,
    BlocksReplaceRules,
}

#[derive(Clone, Debug)]
struct Scope {
    pattern: &'static str,
    actions: Vec<&'static str>,
    /// Places in [`CONDITIONS`], from the root down.
    conditions: Vec<usize>,
    /// The only names that may occur.
    closed: Option<Vec<&'static str>>,
}

/// What is in force.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    fault: Option<Fault>,
    entry: Entry,
    ceiling: Option<Vec<Scope>>,
    pub(crate) audiences: Vec<&'static str>,
    scopes: Vec<Scope>,
    deny: Vec<&'static str>,
    ask: Vec<(&'static str, &'static str)>,
    rules: Vec<Rule>,
    pub(crate) level: usize,
    labels: Vec<&'static str>,
    pub(crate) clearance: usize,
    pub(crate) session: bool,
}

/// How freely something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Freedom {
    Deny,
    Ask,
    Allow,
}

/// One request: places in [`ACTIONS`] and among the points, and what it may reveal.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) actions: Vec<usize>,
    pub(crate) point: usize,
    pub(crate) level: usize,
    pub(crate) labels: Vec<&'static str>,
}

fn narrowed(parent: &Scope, stated: &Stated, fault: Option<Fault>) -> Option<Scope> {
    let pattern = match stated.pattern {
        Some(pattern) if pattern == parent.pattern || !contains(parent.pattern, pattern) => return None,
        Some(pattern) => pattern,
        None => parent.pattern,
    };
    let mut scope = parent.clone();
    scope.pattern = pattern;
    scope.actions.retain(|action| covers(pattern, action));
    scope.conditions.extend(&stated.conditions);
    let names = || scope.conditions.iter().filter_map(|place| CONDITIONS[*place].name).collect();
    let reopened = fault == Some(Fault::OnlyAdmitsLaterNames) && scope.closed.is_some();
    if reopened || (stated.only && scope.closed.is_none()) {
        scope.closed = Some(names());
    }
    Some(scope)
}

fn whole(stated: &[Stated], fault: Option<Fault>) -> Option<Vec<Scope>> {
    let all = || Scope { pattern: "*", actions: ACTIONS.to_vec(), conditions: Vec::new(), closed: None };
    let scope = |stated: &Stated| {
        let mut scope = narrowed(&all(), &Stated { pattern: None, ..stated.clone() }, fault)?;
        scope.pattern = stated.pattern?;
        scope.actions.retain(|action| covers(scope.pattern, action));
        Some(scope)
    };
    stated.iter().map(scope).collect()
}

pub(crate) fn defaults() -> Vec<Rule> {
    let rule = |level, labels: &[&'static str], keep: &[&'static str]| Rule {
        level,
        labels: labels.to_vec(),
        keep: keep.to_vec(),
    };
    vec![rule(2, &[], &["read:*", "write:*"]), rule(3, &[], &["read:*"]), rule(2, &["untrusted"], &["read:*"])]
}

impl Model {
    /// What the root block grants, unless it states more than the entry's ceiling.
    pub(crate) fn root(block: &Block, entry: &Entry, fault: Option<Fault>) -> Option<Self> {
        let scopes = whole(block.scopes.as_deref()?, fault)?;
        let ceiling = match &entry.ceiling {
            Some(stated) => Some(whole(stated, fault)?),
            None => None,
        };
        if let Some(ceiling) = &ceiling
            && !scopes.iter().all(|scope| ceiling.iter().any(|bound| contains(bound.pattern, scope.pattern)))
        {
            return None;
        }
        let replaced = entry.own_ratchet && block.rules.is_some();
        let mut model = Self {
            fault,
            entry: entry.clone(),
            ceiling,
            audiences: block.audiences.clone(),
            scopes,
            deny: Vec::new(),
            ask: Vec::new(),
            rules: if replaced { Vec::new() } else { defaults() },
            level: 0,
            labels: Vec::new(),
            clearance: 4,
            session: block.session,
        };
        model.rules.extend(entry.rules.clone());
        model.add(&Block { rules: None, ..block.clone() });
        model.rules.extend(block.rules.iter().flatten().cloned());
        Some(model)
    }

    /// What is in force after the block, unless it would widen something.
    pub(crate) fn narrow(&self, block: &Block) -> Option<Self> {
        let mut next = self.clone();
        if block.session {
            if self.session {
                return None;
            }
            next.session = true;
        }
        if !block.audiences.iter().all(|inner| self.audiences.iter().any(|outer| contains(outer, inner))) {
            return None;
        }
        if !block.audiences.is_empty() {
            next.audiences.clone_from(&block.audiences);
        }
        if let Some(stated) = &block.scopes {
            let refine = |stated: &Stated| narrowed(self.scopes.get(stated.index)?, stated, self.fault);
            next.scopes = stated.iter().map(refine).collect::<Option<_>>()?;
        }
        if block.level.is_some_and(|level| level < self.level)
            || block.clearance.is_some_and(|level| level > self.clearance)
        {
            return None;
        }
        next.add(block);
        Some(next)
    }

    fn add(&mut self, block: &Block) {
        if self.fault == Some(Fault::OnlyTheNewestDenyOrAskCounts) {
            if !block.deny.is_empty() {
                self.deny.clear();
            }
            if !block.ask.is_empty() {
                self.ask.clear();
            }
        }
        if self.fault == Some(Fault::BlocksReplaceRules) && block.rules.is_some() {
            self.rules.clear();
        }
        self.deny.extend(&block.deny);
        self.ask.extend(&block.ask);
        self.rules.extend(block.rules.iter().flatten().cloned());
        self.level = self.level.max(block.level.unwrap_or(0));
        self.labels.extend(&block.labels);
        self.clearance = block.clearance.unwrap_or(self.clearance);
    }

    /// The pattern of each scope in force.
    pub(crate) fn patterns(&self) -> Vec<&'static str> {
        self.scopes.iter().map(|scope| scope.pattern).collect()
    }

    /// Whether the chain can be sealed for this server.
    pub(crate) fn reaches(&self, audience: &str) -> bool {
        self.audiences.iter().any(|pattern| covers(pattern, audience))
    }

    /// How freely the chain, sealed now for this audience, allows the request.
    pub(crate) fn freedom(&self, audience: &str, said: bool, asked: &Asked) -> Freedom {
        if !self.reaches(audience) || asked.level > self.clearance {
            return Freedom::Deny;
        }
        asked.actions.iter().map(|place| self.freedom_of(ACTIONS[*place], said, asked)).min().unwrap()
    }

    fn freedom_of(&self, action: &str, said: bool, asked: &Asked) -> Freedom {
        let level = self.level.max(asked.level).max(self.entry.level);
        let marked = |label: &&str| {
            self.labels.contains(label) || asked.labels.contains(label) || self.entry.labels.contains(label)
        };
        let survives = self.rules.iter().all(|rule| {
            let applies = level >= rule.level && rule.labels.iter().all(marked);
            !applies || rule.keep.iter().any(|pattern| covers(pattern, action))
        });
        let denied = self.deny.iter().any(|pattern| covers(pattern, action));
        let point = Point::at(asked.point);
        let allows = |scope: &Scope| {
            scope.actions.contains(&action)
                && scope.conditions.iter().all(|place| (CONDITIONS[*place].holds)(&point, said))
                && scope.closed.as_ref().is_none_or(|names| point.names().iter().all(|name| names.contains(name)))
        };
        let allowed =
            self.scopes.iter().any(allows) && self.ceiling.as_ref().is_none_or(|scopes| scopes.iter().any(allows));
        let approvers: Vec<_> = self.ask.iter().filter(|(pattern, _)| covers(pattern, action)).collect();
        if !survives || denied || !allowed || approvers.iter().any(|(_, approver)| *approver == "@nobody") {
            Freedom::Deny
        } else if approvers.is_empty() {
            Freedom::Allow
        } else {
            Freedom::Ask
        }
    }
}
