//! The thin shell round the core: sockets, the clock, and what faults do to a connection.

use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::core::{micronaut, operation};
use super::faults::{CannedAnswer, CannedBody, Fault, Moment, with_unknown_enums};
use super::{Shared, admin, lock, log};

/// Serves until it is told to stop.
pub(crate) fn run(listener: TcpListener, shared: Arc<Shared>, stop: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        tokio::select! {
            _ = stop => {}
            () = accept(listener, shared) => {}
        }
    });
    // Whatever still goes on ends here, in mid-sentence: a testnet that is dropped is gone.
    runtime.shutdown_background();
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some may come back.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        tokio::spawn(converse(stream, Arc::clone(&shared)));
    }
}

/// One connection, from its first request to its last.
async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let line = Line {
        io: TokioIo::new(stream),
        reset: Arc::clone(&reset),
    };
    let service = service_fn(move |request| answer(request, Arc::clone(&shared), reset.clone()));
    // An error is a client that went away, or a connection that a fault broke.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(line, service)
        .await;
}

/// Why a request gets no answer: its connection is reset.
#[derive(Debug)]
pub(crate) struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is reset")
    }
}

impl std::error::Error for NoAnswer {}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Payload>, NoAnswer> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    if shared.has_admin && head.uri.path().starts_with(admin::PREFIX) {
        let body = read(body, 1 << 20).await.unwrap_or_default();
        return Ok(admin::answer(&shared, &head, &body).map(Payload::whole));
    }
    let operation = operation(&head.method, head.uri.path()).ok();
    let (number, fault, largest_body) = {
        let mut state = lock(&shared.state);
        let fault = operation.and_then(|operation| state.faults.draw(operation));
        let now = SystemTime::now();
        let number = state.log.begin(&head, operation, fault.clone(), now);
        (number, fault, state.largest_body)
    };
    let note = Note {
        shared: Arc::clone(&shared),
        number,
        began,
        status: None,
    };
    let reset = move || {
        reset.store(true, Ordering::Relaxed);
        NoAnswer
    };
    if fault == Some(Fault::Reset(Moment::BeforeRead)) {
        return Err(reset());
    }
    let Some(body) = read(body, largest_body).await else {
        return Err(NoAnswer);
    };
    // A task of its own: a request that was read is executed, whether or not the client waits for the answer.
    let task = tokio::spawn(async move {
        let answer = execute(&shared, head, body, number, fault).await;
        note.end(answer.as_ref());
        answer
    });
    match task.await {
        Ok(Some(answer)) => Ok(answer),
        _ => Err(reset()),
    }
}

/// Carries a request out, with what its fault does to it. `None` resets the connection.
async fn execute(
    shared: &Shared,
    head: Parts,
    body: Bytes,
    number: u64,
    fault: Option<Fault>,
) -> Option<Response<Payload>> {
    if let Some(request) = lock(&shared.state).log.get_mut(number) {
        request.body = log::excerpt(&body);
    }
    let skew_ms = match &fault {
        Some(Fault::Reset(Moment::BeforeExecution)) => return None,
        Some(Fault::Answer(canned)) if !canned.after_execution => {
            return Some(canned_answer(canned, head.uri.path()).map(Payload::whole));
        }
        Some(Fault::DelayRequest(delay)) => {
            tokio::time::sleep(Duration::from_millis(delay.0)).await;
            0
        }
        Some(Fault::ClockSkew(ms)) => *ms,
        _ => 0,
    };
    let path = head.uri.path().to_owned();
    let request = Request::from_parts(head, body);
    let answer = shared.handle(&request, skew_ms, number);
    Some(match fault {
        Some(Fault::Reset(Moment::AfterExecution)) => return None,
        Some(Fault::Answer(canned)) => canned_answer(&canned, &path).map(Payload::whole),
        Some(Fault::DelayAnswer(delay)) => {
            tokio::time::sleep(Duration::from_millis(delay.0)).await;
            answer.map(Payload::whole)
        }
        Some(Fault::CutOff) => answer.map(Payload::cut_off),
        Some(Fault::InvalidJson) => answer.map(|body| Payload::whole(body.slice(..body.len() / 2))),
        Some(Fault::UnknownEnums) => {
            answer.map(|body| Payload::whole(with_unknown_enums(&body).into()))
        }
        _ => answer.map(Payload::whole),
    })
}

/// The whole body. Of one that is too large, one byte more than the limit; what is far too large is not even read.
async fn read(mut body: Incoming, limit: usize) -> Option<Bytes> {
    const PATIENCE: usize = 64 << 20;
    let mut whole = BytesMut::new();
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        received += data.len();
        if received > PATIENCE {
            return None;
        }
        let room = (limit + 1).saturating_sub(whole.len()).min(data.len());
        if whole.is_empty() && room == data.len() && body.is_end_stream() {
            return Some(data);
        }
        whole.extend_from_slice(&data[..room]);
    }
    Some(whole.freeze())
}

fn canned_answer(canned: &CannedAnswer, path: &str) -> Response<Bytes> {
    let status = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let (kind, body) = match canned.body {
        CannedBody::Json => (
            "application/json",
            micronaut(status, reason, path, None).1,
        ),
        CannedBody::Text => ("text/plain", reason.as_bytes().to_vec()),
        CannedBody::Html => (
            "text/html",
            format!(
                "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
                 </body>\r\n</html>\r\n"
            )
            .into_bytes(),
        ),
        CannedBody::Empty => ("", Vec::new()),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    if !kind.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(seconds) = canned.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Writes down what became of a request, however it ended.
struct Note {
    shared: Arc<Shared>,
    number: u64,
    began: Instant,
    status: Option<u16>,
}

impl Note {
    fn end(mut self, answer: Option<&Response<Payload>>) {
        self.status = answer.map(|answer| answer.status().as_u16());
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let noted = {
            let mut state = lock(&self.shared.state);
            let Some(request) = state.log.get_mut(self.number) else {
                return;
            };
            request.status = self.status;
            request.took = self.began.elapsed();
            self.shared.on_request.is_some().then(|| request.clone())
        };
        if let (Some(request), Some(listener)) = (noted, &self.shared.on_request) {
            listener(&request);
        }
    }
}

/// The body of an answer, whole or cut off in its middle.
pub(crate) struct Payload {
    data: Option<Bytes>,
    length: u64,
    cut: Cut,
}

#[derive(PartialEq)]
enum Cut {
    Not,
    /// First what was said goes out,
    Wait,
    /// and then the connection ends.
    Now,
}

impl Payload {
    fn whole(data: Bytes) -> Self {
        Self {
            length: data.len() as u64,
            data: Some(data).filter(|data| !data.is_empty()),
            cut: Cut::Not,
        }
    }

    fn cut_off(data: Bytes) -> Self {
        Self {
            length: data.len() as u64,
            data: Some(data.slice(..data.len() / 2)).filter(|data| !data.is_empty()),
            cut: Cut::Wait,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = NoAnswer;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.cut {
            Cut::Not => Poll::Ready(None),
            Cut::Wait => {
                self.cut = Cut::Now;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Now => Poll::Ready(Some(Err(NoAnswer))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut == Cut::Not
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// A connection that can be broken off: with `reset`, dropping it sends RST in place of FIN.
struct Line {
    io: TokioIo<TcpStream>,
    reset: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.io.inner().set_zero_linger();
        }
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, buffers)
    }
}
