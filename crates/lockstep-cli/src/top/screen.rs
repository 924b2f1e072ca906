//! The screen: the terminal as long as the view is shown.
//!
//! Invariants:
//!
//! * However it ends, by a key, a signal, an error or a panic, the terminal is as it was before.

use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal;

use super::eye::Eye;
use super::sample::Sample;
use super::view::View;
use crate::command_error::CommandError;
use crate::signals::Signals;
use crate::status::Status;

/// Longest time until a sample that has come is shown.
const TICK: Duration = Duration::from_millis(100);

/// What is to be done next.
enum Next {
    /// Something else is to be shown.
    Show(Result<Box<Sample>, String>),
    /// A signal ends it.
    End(Status),
}

/// Returns how many columns the terminal has.
pub(super) fn width() -> Option<u16> {
    terminal::size().ok().map(|(columns, _)| columns).filter(|columns| *columns > 0)
}

/// Shows a view, and whatever is seen later, until somebody ends it.
pub(super) async fn show(eye: Eye, view: View) -> Result<Status, CommandError> {
    let mut signals = Signals::listen()?;
    let (sender, coming) = channel();
    let looks = tokio::spawn(watch(eye, view.interval(), sender.clone()));
    let caught = tokio::spawn(async move {
        let status = signals.next().await.status();
        sender.send(Next::End(status)).ok();
    });
    let shown = tokio::task::spawn_blocking(move || {
        let mut screen = Screen::enter()?;
        screen.run(view, &coming)
    });
    let shown = shown.await;
    looks.abort();
    caught.abort();
    let failed = |source| CommandError::Machine { what: "cannot use the terminal", source };
    shown.map_err(io::Error::other).and_then(|shown| shown).map_err(failed)
}

/// Looks again and again, until nobody wants to know.
async fn watch(mut eye: Eye, interval: Duration, sender: Sender<Next>) {
    loop {
        tokio::time::sleep(interval).await;
        let looked = eye.look().await.map(Box::new).map_err(|error| error.to_string());
        if sender.send(Next::Show(looked)).is_err() {
            return;
        }
    }
}

/// The terminal, which is given back when this is dropped.
struct Screen(DefaultTerminal);

impl Screen {
    fn enter() -> io::Result<Self> {
        // It also sets what gives the terminal back before a panic is told.
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self(terminal)),
            Err(error) => {
                drop(ratatui::try_restore());
                Err(error)
            }
        }
    }

    fn run(&mut self, mut view: View, coming: &Receiver<Next>) -> io::Result<Status> {
        loop {
            self.0.draw(|frame| frame.render_widget(&view, frame.area()))?;
            loop {
                match coming.try_recv() {
                    Ok(Next::Show(looked)) => {
                        view.update(looked.map(|sample| *sample));
                        break;
                    }
                    Ok(Next::End(status)) => return Ok(status),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => {
                        return Err(io::Error::other("nobody looks any more"));
                    }
                }
                if !event::poll(TICK)? {
                    continue;
                }
                match event::read()? {
                    Event::Key(key) if leaves(key) => return Ok(Status::Done),
                    Event::Resize(..) => break,
                    Event::Key(_)
                    | Event::FocusGained
                    | Event::FocusLost
                    | Event::Mouse(_)
                    | Event::Paste(_) => {}
                }
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The cursor was hidden; there is nobody to tell if even that fails.
        drop(self.0.show_cursor());
        drop(ratatui::try_restore());
    }
}

fn leaves(key: KeyEvent) -> bool {
    let is_ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (is_ctrl_c || matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc))
}
