//! The scopes of a chain: each refinement is a node below the scope it narrows, so conditions accumulate along
//! the path and none is ever evaluated twice for one request.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::arguments::Names;
use crate::claims::Refinement;
use crate::code::Code;
use crate::condition::Condition;
use crate::grant::quoted;
use crate::pattern::{Action, Pattern};
use crate::refusal::Refusal;
use crate::scope::{OtherArguments, Scope};
use crate::witness::{Place, Tree, Witness};

/// Scopes as stated, and which of them are in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeTree {
    nodes: Vec<Node>,
    in_force: Vec<usize>,
}

/// One stated scope or refinement.
#[derive(Clone, Debug)]
struct Node {
    block: usize,
    /// Its place among the scopes that the block states.
    scope: usize,
    above: Option<usize>,
    pattern: Pattern,
    conditions: Vec<Condition>,
    /// The node on the path, this one included, that first said `only`.
    closed_by: Option<usize>,
}

impl ScopeTree {
    /// The scopes of a root block or of a root entry's ceiling.
    pub(crate) fn new(scopes: &[Scope]) -> Self {
        let node = |(index, scope): (usize, &Scope)| Node {
            block: 0,
            scope: index,
            above: None,
            pattern: scope.pattern.clone(),
            conditions: scope.conditions.clone(),
            closed_by: (scope.other_arguments == OtherArguments::Closed).then_some(index),
        };
        Self { nodes: scopes.iter().enumerate().map(node).collect(), in_force: (0..scopes.len()).collect() }
    }

    /// Replaces the scopes in force by refinements of them.
    pub(crate) fn refine(&mut self, block: usize, refinements: &[Refinement]) -> Result<(), Refusal> {
        let mut in_force = Vec::with_capacity(refinements.len());
        for (scope, refinement) in refinements.iter().enumerate() {
            let node = self.refined(block, scope, refinement)?;
            in_force.push(self.nodes.len());
            self.nodes.push(node);
        }
        // spec: T75
        self.in_force = in_force;
        Ok(())
    }

    fn refined(&self, block: usize, scope: usize, refinement: &Refinement) -> Result<Node, Refusal> {
        // spec: T71 T72
        let above = self.in_force.get(refinement.index).copied();
        let Some((above, parent)) = above.and_then(|id| Some((id, self.nodes.get(id)?))) else {
            let (index, count) = (refinement.index, self.in_force.len());
            return Err(Refusal::new(Code::ChainScopeIndex, "scopes", index, count));
        };
        if let Some(pattern) = &refinement.pattern {
            // spec: T73
            if *pattern == parent.pattern {
                return Err(Refusal::new(Code::ChainScopeRepeats, "scopes", pattern, ""));
            }
            // spec: T74
            if !parent.pattern.contains(pattern) {
                let bound = format_args!("`{}`", parent.pattern);
                return Err(Refusal::new(Code::ChainScopeWider, "scopes", pattern, bound));
            }
        }
        Ok(Node {
            block,
            scope,
            above: Some(above),
            pattern: refinement.pattern.as_ref().unwrap_or(&parent.pattern).clone(),
            conditions: refinement.conditions.clone(),
            closed_by: parent
                .closed_by
                .or_else(|| (refinement.other_arguments == OtherArguments::Closed).then_some(self.nodes.len())),
        })
    }

    /// The pattern of each scope in force, by index.
    pub(crate) fn patterns(&self) -> impl ExactSizeIterator<Item = &Pattern> {
        // Every index in force is one of a node; a missing one cannot be printed or matched.
        let pattern = |id: &usize| self.nodes.get(*id).map(|node| &node.pattern);
        let patterns: Vec<_> = self.in_force.iter().filter_map(pattern).collect();
        patterns.into_iter()
    }

    /// Every condition that was stated, in force or not.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.nodes.iter().flat_map(|node| &node.conditions)
    }

    /// Whether the scope in force at `index` is closed to arguments that no condition names.
    pub(crate) fn is_closed(&self, index: usize) -> bool {
        self.in_force.get(index).and_then(|id| self.nodes.get(*id)).is_some_and(|node| node.closed_by.is_some())
    }

    /// Each scope in force with all conditions on its path, the oldest first.
    pub(crate) fn flattened(&self) -> Vec<Scope> {
        let flatten = |id: &usize| {
            let node = self.nodes.get(*id)?;
            let mut path: Vec<&Node> = self.path(*id).collect();
            path.reverse();
            Some(Scope {
                pattern: node.pattern.clone(),
                conditions: path.into_iter().flat_map(|node| node.conditions.iter().cloned()).collect(),
                other_arguments: if node.closed_by.is_some() { OtherArguments::Closed } else { OtherArguments::Open },
            })
        };
        self.in_force.iter().filter_map(flatten).collect()
    }

    /// The nodes from `id` up to its root scope.
    fn path(&self, id: usize) -> impl Iterator<Item = &Node> {
        let node = self.nodes.get(id);
        core::iter::successors(node, |node| node.above.and_then(|above| self.nodes.get(above)))
    }

    /// The arguments that conditions name from `id` up.
    fn names(&self, id: usize) -> Names<'_> {
        self.path(id)
            .flat_map(|node| node.conditions.iter())
            .filter_map(|condition| condition.target().pointer())
            .collect()
    }
}

impl fmt::Display for ScopeTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.patterns())
    }
}

/// One request judged by the scopes of one tree.
pub(crate) struct Hearing<'a, W> {
    tree: &'a ScopeTree,
    name: Tree,
    witness: &'a mut W,
    /// The answer of each node's own conditions, once asked for.
    heard: Vec<Option<Result<(), Refusal>>>,
    /// For each node that says `only`, the first argument it does not name, once looked for.
    unnamed: Vec<Option<Result<Option<String>, Refusal>>>,
}

impl<'a, W: Witness> Hearing<'a, W> {
    pub(crate) fn new(tree: &'a ScopeTree, name: Tree, witness: &'a mut W) -> Self {
        let count = tree.nodes.len();
        Self { tree, name, witness, heard: alloc::vec![None; count], unnamed: alloc::vec![None; count] }
    }

    /// Whether one scope in force covers the action with all conditions. Otherwise the first failing check of the
    /// first scope that covers it, or `deny-scope` where none does.
    pub(crate) fn allow(&mut self, action: &Action) -> Result<(), Refusal> {
        let tree = self.tree;
        let mut first = None;
        for id in &tree.in_force {
            if !tree.nodes.get(*id).is_some_and(|node| node.pattern.covers(action)) {
                continue;
            }
            match self.hear(*id) {
                Ok(()) => return Ok(()),
                Err(refusal) => first.get_or_insert(refusal),
            };
        }
        Err(first.unwrap_or_else(|| Refusal::new(Code::DenyScope, "scopes", action, tree)))
    }

    fn hear(&mut self, id: usize) -> Result<(), Refusal> {
        let tree = self.tree;
        let mut next = Some(id);
        // spec: T76
        while let Some((id, node)) = next.and_then(|id| Some((id, tree.nodes.get(id)?))) {
            self.hear_own(id, node)?;
            next = node.above;
        }
        match tree.nodes.get(id).and_then(|node| node.closed_by) {
            Some(closer) => self.refuse_unnamed(id, closer),
            None => Ok(()),
        }
    }

    fn place(&self, node: &Node, condition: Option<usize>) -> Place {
        Place { tree: self.name, block: node.block, scope: node.scope, condition }
    }

    fn hear_own(&mut self, id: usize, node: &Node) -> Result<(), Refusal> {
        // spec: T153
        if let Some(Some(heard)) = self.heard.get(id) {
            return heard.clone();
        }
        let mut answer = Ok(());
        for (number, condition) in node.conditions.iter().enumerate() {
            answer = self.witness.condition(self.place(node, Some(number)), condition);
            if answer.is_err() {
                break;
            }
        }
        let answer = answer.map_err(|refusal| refusal.in_block(node.block));
        if let Some(heard) = self.heard.get_mut(id) {
            *heard = Some(answer.clone());
        }
        answer
    }

    fn refuse_unnamed(&mut self, id: usize, closer: usize) -> Result<(), Refusal> {
        let tree = self.tree;
        let unnamed = match self.unnamed.get(closer) {
            Some(Some(found)) => found.clone(),
            _ => self.look_for_unnamed(closer),
        }?;
        let Some(unnamed) = unnamed else { return Ok(()) };
        let node = |id: usize| tree.nodes.get(id);
        let pattern = node(id).map(|node| node.pattern.as_str()).unwrap_or_default();
        let refusal = Refusal::new(Code::DenyOnly, "arguments", unnamed, pattern);
        Err(refusal.in_block(node(closer).map(|node| node.block).unwrap_or_default()))
    }

    fn look_for_unnamed(&mut self, closer: usize) -> Result<Option<String>, Refusal> {
        let tree = self.tree;
        let Some(node) = tree.nodes.get(closer) else { return Ok(None) };
        let place = self.place(node, None);
        // spec: T77
        let found = self.witness.first_unnamed(place, &|| tree.names(closer));
        if let Some(unnamed) = self.unnamed.get_mut(closer) {
            *unnamed = Some(found.clone());
        }
        found
    }
}
