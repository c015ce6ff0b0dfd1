//! One source file with all its mutants in it, each behind its switch.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, Member, Signature};

use crate::Result;
use crate::mutant::{Genre, Mutant};

/// A source file rewritten.
#[derive(Default)]
pub(crate) struct Rewritten {
    pub(crate) text: String,
    pub(crate) places: Vec<Written>,
    /// Functions that lost their `const`, with the mutants inside.
    pub(crate) unconst: Vec<(String, Vec<u32>)>,
}

/// Where the text of one mutant stands exactly, or where all does that some mutants have to do with.
pub(crate) struct Written {
    pub(crate) range: Range<usize>,
    pub(crate) ids: Vec<u32>,
    pub(crate) exact: bool,
}

/// Something to insert. Whatever ends at a place ends before anything begins there.
struct Edit {
    at: usize,
    key: (bool, isize),
    pieces: Vec<(String, Option<u32>)>,
    cut: usize,
}

struct Rewriter<'a> {
    text: &'a str,
    mutants: BTreeMap<(Place, usize), Vec<&'a Mutant>>,
    edits: Vec<Edit>,
    /// Of what was wrapped: its bytes in the original, and its mutants.
    wrapped: Vec<(Range<usize>, Vec<u32>)>,
    unconst: Vec<(String, Vec<u32>)>,
}

/// Mutants are found by where they begin; an arm and its guard, or an operator and its operand, never begin together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Body,
    Operator,
    Arm,
    Guard,
    Field,
}

pub(crate) fn rewrite(text: &str, mutants: &[&Mutant]) -> Result<Rewritten> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut by_place: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mutant in mutants {
        let place = match mutant.genre {
            Genre::Body => Place::Body,
            Genre::Binary | Genre::Unary => Place::Operator,
            Genre::Arm => Place::Arm,
            Genre::Guard => Place::Guard,
            Genre::Field => Place::Field,
        };
        by_place.entry((place, mutant.span.start)).or_default().push(*mutant);
    }
    let mut rewriter =
        Rewriter { text, mutants: by_place, edits: Vec::new(), wrapped: Vec::new(), unconst: Vec::new() };
    rewriter.visit_file(&file);
    Ok(rewriter.finish())
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range()
}

/// Tokens on one line, so that lines keep their numbers.
fn one_line(text: &str) -> String {
    text.parse::<TokenStream>().map_or_else(|_| text.replace('\n', " "), |tokens| tokens.to_string())
}

fn on(id: u32) -> String {
    format!("crate::switch::on({id})")
}

impl<'a> Rewriter<'a> {
    fn at(&self, place: Place, start: usize) -> Vec<&'a Mutant> {
        self.mutants.get(&(place, start)).cloned().unwrap_or_default()
    }

    fn open(&mut self, at: usize, pieces: Vec<(String, Option<u32>)>) {
        let order = self.edits.len().cast_signed();
        self.edits.push(Edit { at, key: (true, order), pieces, cut: 0 });
    }

    fn close(&mut self, at: usize, text: &str) {
        let order = -self.edits.len().cast_signed();
        self.edits.push(Edit { at, key: (false, order), pieces: vec![(text.to_owned(), None)], cut: 0 });
    }

    /// `(if on(1) { mutant } else { original })`.
    fn wrap(&mut self, range: Range<usize>, mutants: &[&Mutant]) {
        let mut pieces = vec![("(".to_owned(), None)];
        for mutant in mutants {
            let (before, after) = (range.start..mutant.span.start, mutant.span.end..range.end);
            let text = format!("{} {} {}", &self.text[before], mutant.replacement, &self.text[after]);
            pieces.push((format!("if {} {{ ", on(mutant.id)), None));
            pieces.push((one_line(&text), Some(mutant.id)));
            pieces.push((" } else ".to_owned(), None));
        }
        pieces.push(("{ ".to_owned(), None));
        self.open(range.start, pieces);
        self.close(range.end, " })");
        self.wrapped.push((range, mutants.iter().map(|mutant| mutant.id).collect()));
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let whole = bytes(signature.span()).start..bytes(block.span()).end;
        let inside: Vec<u32> =
            self.mutants.values().flatten().filter(|m| whole.contains(&m.span.start)).map(|m| m.id).collect();
        if let Some(token) = signature.constness
            && !inside.is_empty()
        {
            let cut = bytes(token.span());
            let order = self.edits.len().cast_signed();
            self.edits.push(Edit { at: cut.start, key: (true, order), pieces: Vec::new(), cut: cut.len() });
            self.unconst.push((signature.ident.to_string(), inside));
        }
        let body = bytes(first.span()).start..bytes(last.span()).end;
        let mutants = self.at(Place::Body, body.start);
        if mutants.is_empty() {
            return;
        }
        let mut pieces = Vec::new();
        for mutant in &mutants {
            pieces.push((format!(" if {} {{ return ", on(mutant.id)), None));
            pieces.push((one_line(&mutant.replacement), Some(mutant.id)));
            pieces.push(("; }".to_owned(), None));
        }
        self.open(bytes(block.brace_token.span.open()).end, pieces);
        self.wrapped.push((whole, mutants.iter().map(|mutant| mutant.id).collect()));
    }

    /// The operators that stand beside one another without parentheses, and what they stand between.
    fn chain<'e>(expression: &'e Expr, operators: &mut Vec<usize>, operands: &mut Vec<&'e Expr>) {
        if let Expr::Binary(binary) = expression {
            Self::chain(&binary.left, operators, operands);
            operators.push(bytes(binary.op.span()).start);
            Self::chain(&binary.right, operators, operands);
        } else {
            operands.push(expression);
        }
    }
}

impl<'ast> Visit<'ast> for Rewriter<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    // The whole chain is repeated with one operator changed: as text, since the change may change what binds to what.
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let (mut operators, mut operands) = (Vec::new(), Vec::new());
        Self::chain(&binary.left, &mut operators, &mut operands);
        operators.push(bytes(binary.op.span()).start);
        Self::chain(&binary.right, &mut operators, &mut operands);
        if operands.iter().any(|operand| matches!(operand, Expr::Let(_))) {
            // A chain of `let` cannot be wrapped; what stands between its operators can.
            visit::visit_expr_binary(self, binary);
            return;
        }
        let mutants: Vec<&Mutant> = operators.iter().flat_map(|at| self.at(Place::Operator, *at)).collect();
        if !mutants.is_empty() {
            let range = bytes(binary.left.span()).start..bytes(binary.right.span()).end;
            self.wrap(range, &mutants);
        }
        for operand in operands {
            self.visit_expr(operand);
        }
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let range = bytes(unary.op.span()).start..bytes(unary.expr.span()).end;
        let mutants = self.at(Place::Operator, range.start);
        if !mutants.is_empty() {
            self.wrap(range, &mutants);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, expression: &'ast ExprMatch) {
        // With a guard no arm counts as covering anything, so another one must cover all.
        let covered = expression.arms.iter().any(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
        for arm in &expression.arms {
            for mutant in self.at(Place::Arm, bytes(arm.span()).start).into_iter().filter(|_| covered) {
                self.open(bytes(arm.pat.span()).end, vec![(format!(" if !{}", on(mutant.id)), Some(mutant.id))]);
                self.wrapped.push((bytes(arm.span()), vec![mutant.id]));
            }
            let Some((_, guard)) = &arm.guard else { continue };
            let range = bytes(guard.span());
            let mutants = self.at(Place::Guard, range.start);
            if let [a, b] = mutants.as_slice() {
                let (yes, no) = if a.replacement == "true" { (a.id, b.id) } else { (b.id, a.id) };
                self.open(range.start, vec![(format!("{} || !{} && (", on(yes), on(no)), None)]);
                self.close(range.end, ")");
                self.wrapped.push((range, vec![yes, no]));
            }
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_expr_struct(&mut self, expression: &'ast ExprStruct) {
        if let Some(rest) = &expression.rest {
            let base = one_line(&self.text[bytes(rest.span())]);
            for field in &expression.fields {
                let (Member::Named(name), range) = (&field.member, bytes(field.expr.span())) else { continue };
                for mutant in self.at(Place::Field, bytes(field.span()).start) {
                    let name_again = if field.colon_token.is_none() { format!("{name}: ") } else { String::new() };
                    self.open(
                        range.start,
                        vec![
                            (format!("{name_again}if {} {{ ", on(mutant.id)), None),
                            (format!("({base}).{name}"), Some(mutant.id)),
                            (" } else { ".to_owned(), None),
                        ],
                    );
                    self.close(range.end, " }");
                    self.wrapped.push((range.clone(), vec![mutant.id]));
                }
            }
        }
        visit::visit_expr_struct(self, expression);
    }
}

impl Rewriter<'_> {
    fn finish(mut self) -> Rewritten {
        self.edits.sort_by_key(|edit| (edit.at, edit.key));
        let mut made = Rewritten { unconst: self.unconst, ..Rewritten::default() };
        // Where each byte of the original went; what was inserted before it lies before.
        let mut moved: Vec<(usize, usize)> = vec![(0, 0)];
        let mut taken = 0;
        for edit in &self.edits {
            made.text.push_str(&self.text[taken..edit.at]);
            taken = edit.at;
            let begin = made.text.len();
            for (piece, id) in &edit.pieces {
                let start = made.text.len();
                made.text.push_str(piece);
                let range = start..made.text.len();
                made.places.extend(id.map(|id| Written { range, ids: vec![id], exact: true }));
            }
            taken += edit.cut;
            moved.push((taken, begin));
        }
        made.text.push_str(&self.text[taken..]);
        let ends = |at: usize, after: bool| {
            let index = moved.partition_point(|(from, _)| *from < at || after && *from == at);
            moved.get(index).map_or(made.text.len(), |(_, to)| *to)
        };
        for (range, ids) in self.wrapped {
            // From where its first insertion begins to where the next one after its end does: a little too much.
            let range = ends(range.start, false)..ends(range.end, true);
            made.places.push(Written { range, ids, exact: false });
        }
        made
    }
}
