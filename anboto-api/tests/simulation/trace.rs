//! What happened in a schedule, in order: written down as it happens, put into words only when somebody wants to read it.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;

use super::network::Fate;

#[derive(Debug, Default)]
pub(crate) struct Trace(Vec<(Duration, Event)>);

#[derive(Debug, Hash)]
pub(crate) enum Event {
    /// A computer sends a request.
    Sent {
        number: u32,
        machine: u32,
        operation: &'static str,
        timestamp: u64,
        subject: Bytes,
        fate: Fate,
    },
    /// The exchange gets it, or a copy of it.
    Arrived {
        number: u32,
        is_copy: bool,
        clock_apart_ms: i64,
        status: u16,
        hidden: u32,
        body: Bytes,
    },
    /// Something comes back to the computer.
    Answered {
        number: u32,
        answer: Result<(u16, Bytes), &'static str>,
        is_heard: bool,
    },
    /// What the simulation itself does.
    Note(String),
}

impl Trace {
    pub(crate) fn push(&mut self, at: Duration, event: Event) {
        self.0.push((at, event));
    }

    /// The same for the same events, on every machine.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

/// One line for each event.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, event) in &self.0 {
            write!(f, "{:>9.3} s  ", at.as_secs_f64())?;
            match event {
                Event::Sent {
                    number,
                    machine,
                    operation,
                    timestamp,
                    subject,
                    fate,
                } => write!(
                    f,
                    "#{number} computer {machine} sends {operation} signed {timestamp}: {}\n             {fate:?}",
                    text(subject)
                )?,
                Event::Arrived {
                    number,
                    is_copy,
                    clock_apart_ms,
                    status,
                    hidden,
                    body,
                } => {
                    let copy = if *is_copy { " (the copy)" } else { "" };
                    write!(
                        f,
                        "#{number}{copy} arrives, clock {clock_apart_ms:+} ms: {status} {}",
                        text(body)
                    )?;
                    if *hidden > 0 {
                        write!(f, " ({hidden} not shown yet)")?;
                    }
                }
                Event::Answered {
                    number,
                    answer,
                    is_heard,
                } => {
                    match answer {
                        Ok((status, body)) => {
                            write!(f, "#{number} is answered: {status} {}", text(body))?;
                        }
                        Err(broken) => write!(f, "#{number} gets no whole answer: {broken}")?,
                    }
                    if !is_heard {
                        f.write_str(" (nobody waits any more)")?;
                    }
                }
                Event::Note(note) => f.write_str(note)?,
            }
            f.write_str("\n")?;
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(600).collect()
}
