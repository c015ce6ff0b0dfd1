//! Families of cases: each a product of choices, tried whole or at every so many steps.

mod approvals;
mod audiences;
mod budgets;
mod conditions;
mod live;
mod marks;
mod only;
mod order;
mod roots;
mod scopes;
mod seals;
mod sessions;
mod times;

pub(crate) mod scene;

use super::bridge::{Case, Heard, Tally, heard_by_library, heard_by_model};
use super::naive::Fault;

/// A row of lists of choices, and what one choice from each makes.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// How many choices each place has.
    pub(crate) sizes: &'static [usize],
    /// Only every so many are tried; where it has no divisor with the sizes in common, all choices meet all the same.
    pub(crate) step: usize,
    pub(crate) make: fn(&[usize]) -> Case,
}

impl Family {
    fn total(&self) -> usize {
        self.sizes.iter().product()
    }

    /// The cases in their order.
    fn cases(&self) -> impl Iterator<Item = (usize, Case)> {
        // `WANE_MODEL=whole` leaves none out.
        let step = if std::env::var_os("WANE_MODEL").is_some_and(|which| which == "whole") { 1 } else { self.step };
        (0..self.total()).step_by(step).map(|number| (number, self.case(number)))
    }

    fn case(&self, number: usize) -> Case {
        let mut rest = number;
        let choose = |size: &usize| {
            let choice = rest % size;
            rest /= size;
            choice
        };
        let choices: Vec<usize> = self.sizes.iter().map(choose).collect();
        (self.make)(&choices)
    }

    /// Holds both answers against each other in every case, and counts.
    #[track_caller]
    fn compare(&self, floor: Tally) {
        let mut tally = Tally::default();
        for (number, case) in self.cases() {
            let (library, model) = (heard_by_library(&case), heard_by_model(&case, None));
            assert!(library == model, "{} {number}: {}", self.name, differences(&case, &library, &model));
            tally.count(&library);
        }
        println!("{}: {} of {}, {tally:?}", self.name, tally.refused + tally.accepted, self.total());
        assert!(tally.reaches(&floor), "{}: {tally:?}, not {floor:?}", self.name);
    }

    /// After how many cases a broken model is found out. They are taken from all over the family: the prime divides none of
    /// the sizes.
    pub(crate) fn finds(&self, fault: Fault) -> Option<usize> {
        let total = self.total();
        let differs = |case: &Case| heard_by_library(case) != heard_by_model(case, Some(fault));
        (1..=total).find(|tried| differs(&self.case(tried * 7_919 % total)))
    }
}

/// Where the two answers differ, for people.
pub(crate) fn differences(case: &Case, library: &Heard, model: &Heard) -> String {
    let chain = &case.chain;
    let (Ok(heard), Ok(expected)) = (library, model) else {
        return format!("the library says {library:?}, the model {model:?}\n{:?}\n{chain:#?}", case.entry);
    };
    let asked = case.asked.iter().zip(heard.1.iter().zip(&expected.1)).find(|(_, (one, other))| one != other);
    match asked {
        Some((asked, (heard, expected))) => {
            format!("the library says {heard:?}, the model {expected:?}\n{asked:?}\n{:?}\n{chain:#?}", case.entry)
        }
        None => format!("in force: {:?}, {:?}; shown: {:?}, {:?}", heard.0, expected.0, heard.2, expected.2),
    }
}

/// All of them, by the law they are about.
pub(crate) fn all() -> impl Iterator<Item = &'static Family> {
    [
        scopes::FAMILIES,
        conditions::FAMILIES,
        only::FAMILIES,
        approvals::FAMILIES,
        marks::FAMILIES,
        budgets::FAMILIES,
        sessions::FAMILIES,
        live::FAMILIES,
        times::FAMILIES,
        audiences::FAMILIES,
        roots::FAMILIES,
        seals::FAMILIES,
        order::FAMILIES,
    ]
    .into_iter()
    .flatten()
}
