//! The sealed token that comes with a request.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use wane::{Code, Refusal, SealedToken};

/// Takes the sealed token out of the head: whoever sees it afterwards cannot show it to anybody.
pub(crate) fn take(headers: &mut HeaderMap) -> Result<SealedToken, Refusal> {
    let none = |with| Refusal::new(Code::DenyNoToken, "authorization", with, "");
    let unreadable = |found| Refusal::new(Code::ParseText, "authorization", found, "");
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // spec: W1
    let value = values.next().ok_or_else(|| none("the request"))?;
    if values.next().is_some() {
        return Err(unreadable("`Authorization` stands more than once"));
    }
    // What the header holds may be a password: no message repeats it.
    let (scheme, shown) = value
        .to_str()
        .map_err(|_| unreadable("`Authorization` is not ASCII"))?
        .split_once(' ')
        .ok_or_else(|| none("an `Authorization` without a space"))?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(none("another scheme than `Bearer`"));
    }
    let sealed = SealedToken::parse(shown.trim_start_matches(' '))?;
    // spec: W2
    headers.remove(AUTHORIZATION);
    Ok(sealed)
}
