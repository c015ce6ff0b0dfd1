//! The one canonical encoder. Callers give maps in ascending order of their encoded keys.

use alloc::vec::Vec;

use ciborium_ll::{Encoder, Header, simple};

use crate::value::Value;

/// Bytes of deterministic CBOR under construction.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(Header::Positive(value))
    }

    pub(crate) fn integer(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.unsigned(value),
            // −1 − n is the bitwise complement, which cannot overflow.
            Err(_) => self.head(Header::Negative((!value).unsigned_abs())),
        }
    }

    /// A double, in the shortest of the three widths that keeps it.
    pub(crate) fn float(&mut self, value: f64) -> &mut Self {
        self.head(Header::Float(value))
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(Header::Bytes(Some(value.len()))).raw(value)
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(Header::Text(Some(value.len()))).raw(value.as_bytes())
    }

    pub(crate) fn array(&mut self, count: usize) -> &mut Self {
        self.head(Header::Array(Some(count)))
    }

    pub(crate) fn map(&mut self, count: usize) -> &mut Self {
        self.head(Header::Map(Some(count)))
    }

    pub(crate) fn bool(&mut self, value: bool) -> &mut Self {
        self.head(Header::Simple(if value { simple::TRUE } else { simple::FALSE }))
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.head(Header::Simple(simple::NULL))
    }

    pub(crate) fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Integer(value) => self.integer(value.get()),
            Value::Text(text) => self.text(text),
        }
    }

    /// Bytes that are encoded already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn head(&mut self, header: Header) -> &mut Self {
        // Writing to memory cannot fail, whatever error type the writer's features choose.
        let _: Result<(), _> = Encoder::from(&mut self.0).push(header);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds a secret must not grow: each growth would leave a copy behind.
    #[test]
    fn room_that_is_asked_for_is_there_from_the_start() {
        assert!(Writer::with_capacity(100).into_bytes().capacity() >= 100);
    }

    #[test]
    fn heads_and_floats_are_the_shortest() {
        let mut writer = Writer::default();
        writer.unsigned(23).unsigned(24).integer(-1).integer(-500).float(1.5).float(0.1).bool(true).null();
        writer.integer(i64::MIN);
        let expected = [
            &[0x17, 0x18, 0x18, 0x20, 0x39, 0x01, 0xf3, 0xf9, 0x3e, 0x00, 0xfb][..],
            &0.1_f64.to_be_bytes(),
            &[0xf5, 0xf6, 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]
        .concat();
        assert_eq!(writer.into_bytes(), expected);
    }
}
