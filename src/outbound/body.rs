//! The body on its way out: notes when the connection takes it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::recorder::Recorder;
use crate::domain::timeline::Event;

/// Bytes to be sent, all at once.
pub struct NotedBody {
    bytes: Option<Bytes>,
    recorder: Arc<Recorder>,
}

impl NotedBody {
    /// A body of those bytes.
    pub(super) fn new(bytes: Bytes, recorder: Arc<Recorder>) -> Self {
        Self { bytes: Some(bytes), recorder }
    }
}

impl Body for NotedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let taken = self.bytes.take();
        if taken.is_some() {
            self.recorder.note(Event::Sent);
        }
        Poll::Ready(taken.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
