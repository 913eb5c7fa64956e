//! The errors of the OpenAPI document: which statuses a route may answer instead, and what each of them means.
//!
//! The bodies are in `problem.rs`.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, Response, ResponseBuilder, Type,
};

use super::problem::PROBLEM;
use super::routes::Need;

/// Which routes a refusal is possible on.
#[derive(Clone, Copy)]
enum On {
    Any,
    /// Where the path names an index.
    Named,
    /// Where there is a body.
    Body,
    /// Where something is written.
    Write,
}

const REFUSALS: [(&str, On, &str); 15] = [
    (
        "400",
        On::Any,
        "The request is not what this route takes: `detail` says why, `item` which of several is at fault",
    ),
    ("401", On::Any, "The service asks for a key, and none that it knows was sent"),
    (
        "403",
        On::Any,
        "The key's role does not allow it; or no key is asked for, and it came from a page of another site or names another host",
    ),
    ("404", On::Named, "There is no such index, or no such row"),
    ("408", On::Body, "The body stopped coming"),
    ("409", On::Write, "The name is taken, or something else was written at the same time"),
    ("413", On::Named, "The body is too large, or the answer would be: `detail` names the limit"),
    ("414", On::Any, "The URL is too long: `detail` names the limit"),
    ("415", On::Body, "The body is of another content type, or compressed"),
    ("431", On::Any, "The head is too long: `detail` names the limits"),
    ("500", On::Any, "A bug, or damage in the store"),
    ("501", On::Write, "This store cannot do it"),
    ("503", On::Any, "Not now: the header Retry-After says when to ask again"),
    ("504", On::Any, "It took too long; a write may have happened all the same (`outcome`)"),
    ("507", On::Write, "The store is full, or a quota is used up"),
];

/// The refusals that are possible for `operation`.
pub(super) fn refusals(path: &str, need: Need, operation: &Operation) -> Vec<(String, Response)> {
    let possible = |on: &On| match on {
        On::Any => true,
        On::Named => path.contains("{name}"),
        On::Body => operation.request_body.is_some(),
        On::Write => need != Need::Read,
    };
    let listed = REFUSALS.iter().filter(|(_, on, _)| possible(on));
    listed.map(|(status, _, meaning)| ((*status).to_owned(), refusal(status, meaning))).collect()
}

fn refusal(status: &str, meaning: &str) -> Response {
    let response = ResponseBuilder::new().description(meaning).content(PROBLEM, problem());
    let waits = status == "503";
    if waits { response.header("Retry-After", retry_after()).build() } else { response.build() }
}

fn problem() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build()
}

fn retry_after() -> utoipa::openapi::Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds")).build()
}
