//! The survivors and why each may stand.

use std::collections::BTreeMap;

use crate::mutant::root;
use crate::{Result, copy};

/// `file: change | line of the source` without a place in the file, and the reason in the lines below it, indented.
pub(crate) fn compare(missed: &[String]) -> Result<Vec<String>> {
    let text = copy::read(&root().join(".mutants/survivors.txt"))?;
    let mut listed: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    let mut last = None;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with(' ') {
            if let Some(entry) = last.and_then(|last| listed.get_mut(last)) {
                entry.1 = true;
            }
        } else {
            listed.entry(line).or_default().0 += 1;
            last = Some(line);
        }
    }
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for mutant in missed {
        *found.entry(mutant).or_default() += 1;
    }
    let mut amiss = Vec::new();
    for (mutant, count) in &found {
        if listed.get(mutant).map_or(0, |(listed, _)| *listed) < *count {
            amiss.push(format!("survives without a reason: {mutant}"));
        }
    }
    for (mutant, (count, reason)) in &listed {
        if found.get(mutant).copied().unwrap_or(0) < *count {
            amiss.push(format!("does not survive: {mutant}"));
        }
        if !reason {
            amiss.push(format!("no reason: {mutant}"));
        }
    }
    Ok(amiss)
}
