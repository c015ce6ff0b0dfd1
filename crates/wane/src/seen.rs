//! Values that were returned before: which of them conditions ask about, and where results hold them.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::arguments::{Arguments, Lookup, Node, node_member};
use crate::condition::{Target, Test};
use crate::limits;
use crate::pointer::Pointer;
use crate::request::Request;
use crate::value::Value;
use crate::verify::Verified;

impl Verified {
    /// What conditions with `seen` could ask of this request: each source that they name, with each value that stands where they
    /// look. An enforcement point that remembers values states those of them that it knows ([`Request::seen`]). At most 4,096, in
    /// no particular order: what is left out counts as never seen.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// use wane::{Arguments, Decision, Heir, Level, LiveState, Request, Roots, RootGrant, Seal, SecretKey, Value};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let root = SecretKey::generate(&mut rng);
    /// let grant = RootGrant::new("crm".parse()?, 1_000, 4_600).scope("read:* if id seen crm.ids".parse()?);
    /// # let sealed = wane::mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
    /// # let verified = wane::verify(&sealed, &Roots::single(root.public_key()))?;
    /// let request = Request::for_actions("crm".parse()?, vec!["read:people".parse()?], Level::Internal)?
    ///     .arguments(Arguments::from_json(br#"{"id": 7}"#)?);
    /// assert_eq!(verified.seen_asked(&request), [("crm.ids".into(), Value::integer(7)?)]);
    /// let request = request.seen("crm.ids", Value::integer(7)?);
    /// assert!(matches!(wane::decide(&verified, &request, &LiveState::without_ledger(), 2_000), Decision::Allow(_)));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn seen_asked(&self, request: &Request) -> Vec<(Box<str>, Value)> {
        let ceiling = self.root().ceiling().into_iter();
        let conditions = ceiling.chain([&self.grant().scopes]).flat_map(|tree| tree.conditions());
        // A condition that is stated often asks once.
        let mut places: BTreeSet<(&Target, &str)> = BTreeSet::new();
        for condition in conditions {
            if let Test::Seen(sources) = condition.test() {
                places.extend(sources.as_slice().iter().map(|source| (condition.target(), source.as_str())));
            }
        }
        let mut asked = BTreeSet::new();
        let mut left = limits::SEEN_LOOKED_UP;
        for (target, source) in places {
            for value in self.values_under(target, request, left) {
                left = left.saturating_sub(1);
                asked.insert((Box::from(source), value));
            }
        }
        asked.into_iter().collect()
    }

    fn values_under(&self, target: &Target, request: &Request, most: usize) -> Vec<Value> {
        let parts = request.parts();
        let stated = match target {
            Target::Argument(pointer) => match parts.arguments.lookup(pointer) {
                Lookup::Found(Node::Array(elements)) => {
                    return elements.iter().filter_map(Node::scalar).take(most).collect();
                }
                Lookup::Found(node) => node.scalar(),
                Lookup::Blocked(_) | Lookup::Missing => None,
            },
            Target::Fact(name) => parts.facts.get(name).cloned(),
            Target::Said(name) => self.said().get(name).cloned(),
        };
        stated.into_iter().take(most).collect()
    }
}

impl Arguments {
    /// Every scalar that stands at `pointer`, in the order of the document, where a step `*` is each element of an array; at most
    /// `most` of them. Of a result that was read like arguments: the values that a source of `seen` returns.
    ///
    /// ```
    /// use wane::{Arguments, Value};
    /// let result = Arguments::from_json(br#"{"rows": [{"id": 1}, {"id": 2, "x": 0}, {"x": 3}], "*": 4}"#)?;
    /// let at = |pointer: &str| result.scalars(&pointer.parse().unwrap(), 10);
    /// assert_eq!(at("/rows/*/id"), [Value::integer(1)?, Value::integer(2)?]);
    /// assert_eq!(at("/*"), [Value::integer(4)?]);
    /// assert!(at("/rows/0/id").is_empty() && at("/rows").is_empty());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn scalars(&self, pointer: &Pointer, most: usize) -> Vec<Value> {
        let mut steps = pointer.steps();
        let mut reached: Vec<&Node> = steps.next().and_then(|name| self.member(&name)).into_iter().collect();
        for step in steps {
            let mut next = Vec::new();
            for node in reached {
                match node {
                    Node::Array(elements) if step == "*" => next.extend(elements),
                    Node::Object(members) => next.extend(node_member(members, &step).map(|member| &member.value)),
                    _ => {}
                }
            }
            reached = next;
        }
        reached.into_iter().filter_map(Node::scalar).take(most).collect()
    }
}
