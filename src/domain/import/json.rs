//! An export as JSON: a list of rows; rows one after the other; or what phpMyAdmin writes, a list of
//! things of which one is a table with its rows in `data`.
//!
//! Values are taken as they come by, and never the whole text.

use std::{fmt, io::Read};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{Fields, Rows, Unreadable, missing};
use crate::domain::metered::Meter;

/// What holds the rows of a table in phpMyAdmin's JSON.
const DATA: &str = "data";

pub(super) fn read(input: impl Read, meter: &Meter, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
    let mut input = serde_json::Deserializer::from_reader(std::io::BufReader::new(input));
    let mut found = Found { rows, meter, foreign: 0 };
    // What `end` consumes is the space before it.
    while input.end().is_err() {
        let read = Anything(&mut found).deserialize(&mut input);
        if found.rows.ended {
            return Ok(());
        }
        read.map_err(|error| unreadable(error, found.rows.count))?;
    }
    if found.rows.count == 0 && found.foreign > 0 {
        return Err(Unreadable::Columns(missing(|_| false)));
    }
    Ok(())
}

fn unreadable(error: serde_json::Error, after: u64) -> Unreadable {
    if error.is_io() {
        Unreadable::Io { after, error: error.into() }
    } else {
        Unreadable::Json { after, error }
    }
}

struct Found<'a, 'b> {
    rows: &'a mut Rows<'b>,
    meter: &'a Meter,
    /// How many things were no rows.
    foreign: u64,
}

/// A list of rows, a row, or something with rows in it.
struct Anything<'a, 'b, 'c>(&'a mut Found<'b, 'c>);

impl<'de> DeserializeSeed<'de> for Anything<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row or a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Anything(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut fields, mut has_data) = (Fields::default(), false);
        while let Some(name) = map.next_key::<String>()? {
            match Fields::place(&name) {
                Some(place) => fields.set(place, map.next_value_seed(Scalar)?),
                None if name == DATA => {
                    has_data = true;
                    map.next_value_seed(Anything(&mut *self.0))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let found = self.0;
        found.meter.row_ended();
        if !fields.is_empty() {
            found.rows.take(Ok(fields));
        } else if !has_data {
            found.foreign += 1;
        }
        if found.rows.ended { Err(A::Error::custom("nobody wants more")) } else { Ok(()) }
    }
}

/// A text or number, unless it is null or something else.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
