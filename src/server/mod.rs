//! The HTTP face: routes, bodies, errors, and the loop that serves them.

mod answer;
mod app;
mod body;
mod content;
mod create;
mod first_bytes;
mod floats;
mod found;
mod health;
mod ids;
mod include;
mod indexes;
mod items;
mod keyed;
mod linger;
mod list;
mod live;
mod loading;
mod metadata;
mod metrics;
mod object;
mod outer;
mod pace;
mod patience;
mod problem;
mod query;
mod question;
mod running;
mod scrape;
mod search;
mod state;
mod stats;
mod ui;

pub mod serve;
pub mod storaged;

pub use self::app::app;
pub use self::metrics::{Metrics, Refusal};
pub use self::outer::storaged_app;
pub use self::problem::Problem;
pub use self::running::{Running, host, run, runtime};
pub use self::serve::serve;
pub use self::state::{AppState, Limits};
