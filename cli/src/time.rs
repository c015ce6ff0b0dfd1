//! Durations and points in time, as people write and read them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use crate::failure::Failure;

/// The seconds since 1970 that the clock of this machine shows.
pub(crate) fn now() -> Result<u64, Failure> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .map_err(|_| Failure::new(crate::failure::Trouble::File, "the clock of this machine is before 1970"))
}

/// A duration of whole seconds: `1h`, `90m`, `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<u64, String> {
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error} (`10m`, `1h 30m`, `2days`)"))?;
    match (duration.as_secs(), duration.subsec_nanos()) {
        (0, _) => Err("a lifetime of less than a second".into()),
        (seconds, 0) => Ok(seconds),
        _ => Err("times are whole seconds".into()),
    }
}

/// The same as a roots file spells it: `1h 30m`.
pub(crate) fn spell(mut seconds: u64) -> String {
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            parts.push(format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    parts.join(" ")
}

/// A point in time: RFC 3339 (`2026-11-21T09:30:00Z`) or seconds since 1970.
pub(crate) fn instant(text: &str) -> Result<u64, String> {
    let seconds = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| "out of range")?
    } else {
        let time: Timestamp = text.parse().map_err(|_| "neither `2026-11-21T09:30:00Z` nor seconds since 1970")?;
        if time.subsec_nanosecond() != 0 {
            return Err("times are whole seconds".into());
        }
        u64::try_from(time.as_second()).map_err(|_| "before 1970")?
    };
    if seconds > wane::limits::TIME_MAX { Err("after the year 9999".into()) } else { Ok(seconds) }
}

/// `2026-11-21T09:30:00Z`.
pub(crate) fn show(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_seconds() {
        assert_eq!(duration("1h 30m"), Ok(5400));
        assert_eq!(duration("90s"), Ok(90));
        for text in ["8h", "30d", "1h 30m", "1d 1s"] {
            assert_eq!(spell(duration(text).unwrap()), text);
        }
        assert_eq!(spell(duration("90days 60sec").unwrap()), "90d 1m");
        for text in ["", "5", "1.5s", "500ms", "0s", "-1h", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_are_rfc_3339_or_seconds() {
        assert_eq!(instant("1970-01-01T00:01:00Z"), Ok(60));
        assert_eq!(instant("1970-01-01T01:01:00+01:00"), Ok(60));
        assert_eq!(instant("60"), Ok(60));
        assert_eq!(show(60), "1970-01-01T00:01:00Z");
        for text in ["", "now", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00.5Z", "253402300800", "2026-11-21"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
