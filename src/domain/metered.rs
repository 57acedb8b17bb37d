//! Reading that ends when one row takes too much: an opened quote that is never closed would otherwise
//! make one row of the rest of the file.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

/// How much was read since the last row; to be set back at each row.
#[derive(Clone, Default)]
pub(super) struct Meter(Rc<Cell<usize>>);

impl Meter {
    /// A row has ended.
    pub(super) fn row_ended(&self) {
        self.0.set(0);
    }
}

/// A reader with a meter.
pub(super) struct Metered<R> {
    inner: R,
    meter: Meter,
    longest: usize,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R, longest: usize) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { inner, meter: meter.clone(), longest }, meter)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let since = self.meter.0.get() + count;
        self.meter.0.set(since);
        if since > self.longest {
            let line = format!("a row is longer than {} MiB", self.longest / 1024 / 1024);
            return Err(io::Error::new(io::ErrorKind::InvalidData, line));
        }
        Ok(count)
    }
}
