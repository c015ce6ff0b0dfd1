//! The permit of a request, on its way from the layer to the handler.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;
use wane::{Code, Permit, Refusal, Request};
use wane_audit::RecordId;

use crate::problem::Problem;

/// What a handler takes as an argument to be given the permit of its request. It has to use it up before it answers: an answer that
/// is no error, of a handler that did not, is replaced by a 500 with `use-permit`.
///
/// There is one for each request that was admitted. Nobody can make another, and none serves twice.
///
/// ```
/// use wane_tower::Admitted;
/// async fn read(admitted: Admitted) -> String {
///     let request: wane::Request = admitted.into_request();
///     format!("done: {}", request.call())
/// }
/// # let _ = read;
/// ```
///
/// ```compile_fail,E0382
/// fn twice(admitted: wane_tower::Admitted) {
///     let first = admitted.into_request();
///     let second = admitted.into_request();
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn copied(admitted: &wane_tower::Admitted) -> wane_tower::Admitted {
///     admitted.clone()
/// }
/// ```
#[derive(Debug)]
#[must_use = "a permit that is not used up makes the answer a 500"]
pub struct Admitted {
    given: Given,
    slot: Slot,
}

/// What an admission has given.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) permit: Permit,
    pub(crate) record: Option<RecordId>,
}

impl Admitted {
    /// Takes the permit out of a request's extensions, for services that have no extractors. The first that takes it has it.
    ///
    /// # Errors
    /// `use-permit`: no layer stands before this service, or the permit was taken before.
    ///
    /// ```
    /// use wane_tower::Admitted;
    /// let refusal = Admitted::take(&http::Extensions::new()).unwrap_err();
    /// assert_eq!(refusal.code(), wane::Code::UsePermit);
    /// ```
    pub fn take(extensions: &Extensions) -> Result<Self, Refusal> {
        // spec: W5
        extensions.get::<Slot>().ok_or_else(|| misused("no layer stands before this handler"))?.take()
    }

    /// The permit, to be looked at: what is permitted, and the session's mark since.
    ///
    /// ```
    /// fn level(admitted: &wane_tower::Admitted) -> wane::Level {
    ///     admitted.permit().mark().level()
    /// }
    /// # let _ = level;
    /// ```
    pub const fn permit(&self) -> &Permit {
        &self.given.permit
    }

    /// The id of the record that was committed with the admission.
    ///
    /// ```
    /// fn named(admitted: &wane_tower::Admitted) -> Option<String> {
    ///     admitted.record().map(|id| id.to_string())
    /// }
    /// # let _ = named;
    /// ```
    #[must_use]
    pub const fn record(&self) -> Option<RecordId> {
        self.given.record
    }

    /// Uses the permit up: what was permitted is to be done now, as it was decided.
    ///
    /// ```
    /// fn path(admitted: wane_tower::Admitted) -> Option<wane::Value> {
    ///     admitted.into_request().stated_arguments().scalar(&"path".parse().ok()?)
    /// }
    /// # let _ = path;
    /// ```
    pub fn into_request(self) -> Request {
        self.into_permit().into_request()
    }

    /// Passes the permit on, to whoever does what it permits.
    ///
    /// ```
    /// fn forward(admitted: wane_tower::Admitted) -> wane::Permit {
    ///     admitted.into_permit()
    /// }
    /// # let _ = forward;
    /// ```
    pub fn into_permit(self) -> Permit {
        *self.slot.lock() = State::Used;
        self.given.permit
    }
}

impl<S: Sync> FromRequestParts<S> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::take(&head.extensions).map_err(Problem::from)
    }
}

/// Where the permit waits for its one taker. A copy of a request has the same slot.
#[derive(Clone, Debug)]
pub(crate) struct Slot(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    Waiting(Box<Given>),
    Taken,
    Used,
}

impl Slot {
    pub(crate) fn new(given: Given) -> Self {
        Self(Arc::new(Mutex::new(State::Waiting(Box::new(given)))))
    }

    /// Whether the permit was used up, once the handler has answered.
    pub(crate) fn used(&self) -> Result<(), Refusal> {
        match *self.lock() {
            State::Used => Ok(()),
            State::Waiting(_) => Err(misused("the handler did not take it")),
            State::Taken => Err(misused("the handler took it and did not use it up")),
        }
    }

    fn take(&self) -> Result<Admitted, Refusal> {
        let mut state = self.lock();
        let (given, next) = match mem::replace(&mut *state, State::Taken) {
            State::Waiting(given) => (Some(given), State::Taken),
            before @ (State::Taken | State::Used) => (None, before),
        };
        *state = next;
        let given = given.ok_or_else(|| misused("it was taken before"))?;
        Ok(Admitted { given: *given, slot: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn misused(how: &str) -> Refusal {
    Refusal::new(Code::UsePermit, "permit", how, "")
}
