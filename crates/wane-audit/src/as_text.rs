//! Types that have one text form, as JSON strings.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use wane::Refusal;

pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(crate) fn deserialize<'de, T: FromStr<Err = Refusal>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    // A text with an escape cannot be borrowed.
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// A value by its text, which is not kept.
struct Shown<'a, T>(&'a T);

impl<T: Display> serde::Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self.0)
    }
}

/// A member that may be left out. Left out is the one way to say nothing, so `null` is refused.
pub(crate) fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A list, or a set, in the order it has.
pub(crate) mod list {
    use serde::Deserialize as _;
    use serde::de::Error as _;

    use super::{Deserializer, Display, FromStr, Refusal, Serializer};

    pub(crate) fn serialize<'a, T: Display + 'a, L, S: Serializer>(list: &'a L, to: S) -> Result<S::Ok, S::Error>
    where
        &'a L: IntoIterator<Item = &'a T>,
    {
        to.collect_seq(list.into_iter().map(super::Shown))
    }

    pub(crate) fn deserialize<'de, T, L, D: Deserializer<'de>>(from: D) -> Result<L, D::Error>
    where
        T: FromStr<Err = Refusal>,
        L: FromIterator<T> + Extend<T>,
        for<'a> &'a L: IntoIterator<Item = &'a T>,
    {
        let texts = Vec::<String>::deserialize(from)?;
        let stated = texts.len();
        let list = texts.iter().map(|text| text.parse()).collect::<Result<L, _>>().map_err(D::Error::custom)?;
        // A set would take an element that stands twice for one.
        if (&list).into_iter().count() == stated { Ok(list) } else { Err(D::Error::custom("an element stands twice")) }
    }
}

pub(crate) mod option {
    use super::{Deserializer, Display, FromStr, Refusal, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromStr<Err = Refusal>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

/// A map whose keys have a text form, each once.
pub(crate) mod map {
    use std::collections::BTreeMap;
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Error as _, MapAccess, Visitor};
    use serde::{Deserialize, Serialize};

    use super::{Deserializer, Display, FromStr, Serializer};

    pub(crate) fn serialize<K: Display, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(map.iter().map(|(key, value)| (super::Shown(key), value)))
    }

    pub(crate) fn deserialize<'de, K, V, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: FromStr<Err: Display> + Ord,
        V: Deserialize<'de>,
    {
        from.deserialize_map(Once(PhantomData))
    }

    struct Once<K, V>(PhantomData<(K, V)>);

    impl<'de, K: FromStr<Err: Display> + Ord, V: Deserialize<'de>> Visitor<'de> for Once<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = from.next_entry::<String, V>()? {
                let key: K = key.parse().map_err(A::Error::custom)?;
                if map.insert(key, value).is_some() {
                    return Err(A::Error::custom("a member stands twice"));
                }
            }
            Ok(map)
        }
    }
}

/// A code that this version knows.
pub(crate) mod code {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer};
    use wane::Code;

    pub(crate) fn read(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Code, D::Error> {
        let text = String::deserialize(from)?;
        read(&text).ok_or_else(|| D::Error::custom(format_args!("the code {text} is not known here")))
    }

    pub(crate) mod option {
        use serde::Deserializer;
        use wane::Code;

        pub(crate) use super::super::option::serialize;

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Code>, D::Error> {
            super::deserialize(from).map(Some)
        }
    }
}

/// Bytes in base64url without padding.
pub(crate) mod bytes {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Base64UrlUnpadded::encode_string(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        Base64UrlUnpadded::decode_vec(&text).map_err(|_| D::Error::custom("it is not base64url"))
    }
}
