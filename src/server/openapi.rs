//! GET /openapi.json: what the handlers say of themselves, and what follows from the route for all of them.
//!
//! A handler tells what it takes and what it answers when all is well. The parameters of paths, the errors and the
//! headers of answers are added here, so that no handler can forget one.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Header, HeaderBuilder, KnownFormat, ObjectBuilder, RefOr, Required, ResponseBuilder, SchemaFormat, Type,
    schema,
};
use utoipa::{Modify, OpenApi};

use super::app::routes;
use super::refusals::refusals;
use super::routes::{Need, Route};
use super::{
    counts, create, found, health, ids, indexes, items, later, metadata, pages, problem, recall, scrape,
    search, shapes, stats,
};

/// The routes of indexes, below `/v1/vectors`.
#[derive(OpenApi)]
#[openapi(
    paths(
        create::create,
        indexes::names,
        indexes::describe,
        indexes::delete,
        items::add,
        items::get_one,
        items::delete_one,
        ids::get,
        ids::delete,
        metadata::set,
        pages::list,
        counts::get_count,
        counts::count,
        counts::values,
        search::search,
        recall::recall,
        later::flush,
        stats::stats,
        stats::checkpoint
    ),
    components(schemas(problem::Document, shapes::Hit, found::Explained))
)]
struct Vectors;

/// The routes of the process.
#[derive(OpenApi)]
#[openapi(
    paths(health::live, health::healthy, health::ready, scrape::metrics, openapi),
    info(
        title = "vectord",
        description = "Vector indexes over HTTP. An index holds rows: an id, a vector of f32 and, if wanted, metadata, \
                       which is any JSON.\n\nA write that was answered with 2xx is on disk. Every write answers `seq`, \
                       its place in the index's log; reads answer the `seq` they have seen.\n\nThe same routes answer \
                       below `/vectors`. Errors are `application/problem+json` (RFC 9457), on every route; besides those \
                       listed, 405 and 431 are possible everywhere."
    ),
    tags(
        (name = "Indexes", description = "Make, list and delete indexes"),
        (name = "Rows", description = "Add, read and delete rows"),
        (name = "Search", description = "Find rows"),
        (name = "Operations", description = "Look after the service")
    ),
    security(("key" = [])),
    modifiers(&Keys)
)]
struct Service;

/// Tells how a key is sent.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A key as `vectord key new` makes it, where the service was started with keys. The header `X-Api-Key: KEY` \
             will do as well.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(key.build()));
    }
}

/// The document, as JSON.
static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| document().to_json().expect("a document of strings and numbers is always JSON"));

/// Tell the routes: this document
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// To the page that renders the document.
pub(super) async fn docs() -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "ui/docs")]).into_response()
}

fn document() -> utoipa::openapi::OpenApi {
    let mut document = Service::openapi().nest("/v1/vectors", Vectors::openapi());
    for Route { method, path, need } in routes() {
        let Some(item) = document.paths.paths.get_mut(&path) else { continue };
        let operation = match method {
            "GET" => &mut item.get,
            "POST" => &mut item.post,
            "PUT" => &mut item.put,
            "DELETE" => &mut item.delete,
            other => panic!("{other} is no method of a route"),
        };
        if let Some(operation) = operation {
            complete(&path, method, need, operation);
        }
    }
    document
}

/// Adds what follows from the route.
fn complete(path: &str, method: &str, need: Need, operation: &mut Operation) {
    let named = |name: &str| path.contains(&format!("{{{name}}}"));
    let parameters = operation.parameters.get_or_insert_default();
    let path_parameters = PATH_PARAMETERS.iter().filter(|(name, ..)| named(name));
    for (at, parameter) in path_parameters.map(path_parameter).enumerate() {
        parameters.insert(at, RefOr::T(parameter));
    }
    if method == "GET" && named("name") {
        let known = ResponseBuilder::new().description("What the caller has (If-None-Match) is still so");
        operation.responses.responses.insert("304".to_owned(), known.into());
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        response.headers.insert("X-Request-Id".to_owned(), RefOr::T(request_id()));
        if named("name") && !matches!(status.as_str(), "202" | "204") {
            response.headers.insert("X-Vectord-Seq".to_owned(), RefOr::T(seq()));
        }
    }
    let Some(role) = need.role() else {
        operation.security = Some(Vec::new());
        return;
    };
    let needs = format!("Needs the role `{}`, where keys are asked for.", role.name());
    let told = operation.description.take().filter(|told| !told.is_empty());
    operation.description = Some(told.map_or_else(|| needs.clone(), |told| format!("{told}\n\n{needs}")));
    for (status, response) in refusals(path, need, operation) {
        operation.responses.responses.entry(status).or_insert(RefOr::T(response));
    }
}

/// A name in a path, what it is, and an example.
const PATH_PARAMETERS: [(&str, &str, &str); 2] = [
    ("name", "The name of an index, percent-encoded", "places"),
    ("id", "The id of a row, percent-encoded", "oslo"),
];

fn path_parameter((name, description, example): &(&str, &str, &str)) -> Parameter {
    let text = ObjectBuilder::new().schema_type(schema::Type::String).min_length(Some(1));
    ParameterBuilder::new()
        .name(*name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(*description))
        .schema(Some(text))
        .example(Some((*example).into()))
        .build()
}

fn request_id() -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some("The request's id: as it was sent, or a new one"))
        .build()
}

fn seq() -> Header {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0));
    HeaderBuilder::new()
        .schema(Some(number))
        .description(Some("The place in the index's log that the answer speaks of"))
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_status_is_described_and_every_error_is_a_problem() {
        let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let summary = operation["summary"].as_str().unwrap_or_default();
                assert!(!summary.is_empty() && !summary.ends_with('.'), "{method} {path}: {summary:?}");
                for (status, response) in operation["responses"].as_object().unwrap() {
                    assert_ne!(response["description"], "", "{method} {path} {status}");
                    let types: BTreeSet<_> = response["content"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| name.as_str())
                        .collect();
                    let is_problem = types == BTreeSet::from(["application/problem+json"]);
                    assert_eq!(is_problem, status.as_str() > "399", "{method} {path} {status}: {types:?}");
                }
            }
        }
    }

    /// Pages for people, and the same routes under their old names.
    fn is_told(Route { path, .. }: &Route) -> bool {
        !path.starts_with("/ui") && path != "/docs" && !path.starts_with("/vectors/")
    }

    #[test]
    fn every_route_is_in_the_document_and_the_other_way_round() {
        let routes: BTreeSet<_> = routes()
            .into_iter()
            .filter(is_told)
            .map(|route| (route.path, route.method.to_lowercase()))
            .collect();
        let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
        let told = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))
        });
        assert_eq!(told.collect::<BTreeSet<_>>(), routes);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
        for rest in DOCUMENT.split("\"$ref\":\"#").skip(1) {
            let pointer = rest.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
