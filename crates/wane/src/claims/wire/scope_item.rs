//! Scopes and refinements. What says nothing is left out, so every scope has one spelling.

use alloc::vec::Vec;

use super::{condition, distinct, parts, pattern, write_condition, write_pattern};
use crate::cbor::{Item, Reader, Writer, wrong_type};
use crate::claims::Refinement;
use crate::code::Code;
use crate::condition::Condition;
use crate::limits;
use crate::pattern::Pattern;
use crate::refusal::Refusal;
use crate::scope::{OtherArguments, Scope};

/// `pattern`, `[pattern, conditions]` or `[pattern, conditions, true]`.
pub(in crate::claims) fn whole(reader: &mut Reader<'_>) -> Result<Scope, Refusal> {
    if matches!(reader.clone().next()?, Item::Text(_)) {
        return Ok(Scope { pattern: pattern(reader)?, conditions: Vec::new(), other_arguments: OtherArguments::Open });
    }
    let count = parts(reader, "scopes", 2..=3)?;
    let pattern = pattern(reader)?;
    let (conditions, other_arguments) = tail(reader, count)?;
    Ok(Scope { pattern, conditions, other_arguments })
}

/// `index`, `[index, pattern]`, `[index, pattern or null, conditions]` or
/// `[index, pattern or null, conditions, true]`.
pub(in crate::claims) fn refinement(reader: &mut Reader<'_>) -> Result<Refinement, Refusal> {
    if matches!(reader.clone().next()?, Item::Unsigned(_)) {
        let index = index(reader)?;
        return Ok(Refinement { index, pattern: None, conditions: Vec::new(), other_arguments: OtherArguments::Open });
    }
    let count = parts(reader, "scopes", 2..=4)?;
    let index = index(reader)?;
    let pattern = if matches!(reader.clone().next()?, Item::Null) {
        reader.next()?;
        None
    } else {
        Some(pattern(reader)?)
    };
    if count == 2 {
        return match pattern {
            Some(_) => Ok(Refinement { index, pattern, conditions: Vec::new(), other_arguments: OtherArguments::Open }),
            None => Err(says_nothing("a null pattern ends the refinement")),
        };
    }
    let (conditions, other_arguments) = tail(reader, count.saturating_sub(1))?;
    Ok(Refinement { index, pattern, conditions, other_arguments })
}

fn index(reader: &mut Reader<'_>) -> Result<usize, Refusal> {
    let index = reader.unsigned("scopes")?;
    // An index beyond memory is beyond the scopes too.
    Ok(usize::try_from(index).unwrap_or(usize::MAX))
}

/// The conditions, and `true` where there is a third part.
fn tail(reader: &mut Reader<'_>, count: usize) -> Result<(Vec<Condition>, OtherArguments), Refusal> {
    let conditions = distinct(reader, "conditions", 0, limits::CONDITIONS, condition)?;
    if count == 2 {
        return match conditions.is_empty() {
            true => Err(says_nothing("an empty list of conditions ends the scope")),
            false => Ok((conditions, OtherArguments::Open)),
        };
    }
    match reader.next()? {
        Item::Bool(true) => Ok((conditions, OtherArguments::Closed)),
        // spec: T70
        other => Err(wrong_type("scopes", &other, "true")),
    }
}

// spec: T69
fn says_nothing(found: &str) -> Refusal {
    Refusal::new(Code::ParseNotCanonical, "scopes", found, "it would be left out")
}

pub(in crate::claims) fn write_scope(out: &mut Writer, scope: &Scope) {
    if scope.conditions.is_empty() && scope.other_arguments == OtherArguments::Open {
        return write_pattern(out, &scope.pattern);
    }
    let closed = usize::from(scope.other_arguments == OtherArguments::Closed);
    write_pattern(out.array(2_usize.saturating_add(closed)), &scope.pattern);
    write_tail(out, &scope.conditions, scope.other_arguments);
}

pub(in crate::claims) fn write_refinement(out: &mut Writer, refinement: &Refinement) {
    let Refinement { index, pattern, conditions, other_arguments } = refinement;
    let index = u64::try_from(*index).unwrap_or(u64::MAX);
    let closed = usize::from(*other_arguments == OtherArguments::Closed);
    if !conditions.is_empty() || closed > 0 {
        write_optional(out.array(3_usize.saturating_add(closed)).unsigned(index), pattern.as_ref());
        write_tail(out, conditions, *other_arguments);
    } else if let Some(pattern) = pattern {
        write_pattern(out.array(2).unsigned(index), pattern);
    } else {
        out.unsigned(index);
    }
}

fn write_optional(out: &mut Writer, pattern: Option<&Pattern>) {
    match pattern {
        Some(pattern) => write_pattern(out, pattern),
        None => {
            out.null();
        }
    }
}

fn write_tail(out: &mut Writer, conditions: &[Condition], other_arguments: OtherArguments) {
    out.array(conditions.len());
    conditions.iter().for_each(|condition| write_condition(out, condition));
    if other_arguments == OtherArguments::Closed {
        out.bool(true);
    }
}
