//! The `OpenAPI` document: made of the same table as the router, so that it tells what there is.
//!
//! Invariants:
//!
//! * Each route is described, with the role that it takes.
//! * Whatever goes wrong is described as a problem.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema as _;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, ResponseBuilder, Schema,
};
use utoipa_axum::routes;

use crate::App;
use crate::access::{self, Role, Route};

/// How a token is sent.
const TOKEN: &str = "token";

/// The route of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::new(Role::Anyone, routes!(show))]
}

/// Tells what the API is.
#[utoipa::path(
    get,
    operation_id = "show_document",
    path = "/v1/openapi.json",
    tag = "daemon",
    responses((status = 200, description = "The document of the API", body = lockstep_api::Plain))
)]
async fn show(State(app): State<App>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], app.document.to_string()).into_response()
}

/// Returns the document of all routes.
pub(crate) fn document() -> OpenApi {
    let (mut paths, mut components) = (Paths::new(), ComponentsBuilder::new());
    for Route { needs, path, mut described, schemas, .. } in access::routes() {
        for (_, operation) in operations(&mut described) {
            complete(operation, needs);
            if let Some(RefOr::T(body)) = &mut operation.request_body
                && may_be_left_out(body, &schemas)
            {
                body.required = Some(Required::False);
            }
        }
        match paths.paths.get_mut(&path) {
            Some(present) => present.merge_operations(described),
            None => drop(paths.paths.insert(path, described)),
        }
        components = components.schemas_from_iter(schemas);
    }
    let mut schemas = Vec::new();
    lockstep_api::Problem::schemas(&mut schemas);
    let problem = <lockstep_api::Problem as utoipa::PartialSchema>::schema();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = components
        .schemas_from_iter(schemas)
        .schema(lockstep_api::Problem::name(), problem)
        .security_scheme(TOKEN, token);
    let info = InfoBuilder::new()
        .title("Lockstep")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Durable workflows for work that must not race."))
        .extensions(Some(Extensions::builder().add("x-roles", Role::ALL.map(Role::name)).build()));
    let built = OpenApiBuilder::new().info(info).paths(paths);
    built.components(Some(components.build())).build()
}

/// Returns what can be done at a path, with the methods.
pub(crate) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Returns whether a request may have no body: one that is empty counts as `{}`, and a batch may have
/// no lines.
fn may_be_left_out(body: &RequestBody, schemas: &[(String, RefOr<Schema>)]) -> bool {
    let named = |to: &Ref| {
        let name = to.ref_location.rsplit('/').next();
        schemas.iter().find(|(known, _)| Some(&**known) == name).map(|(_, schema)| schema)
    };
    body.content.iter().any(|(kind, content)| {
        let RefOr::T(Content { schema: Some(schema), .. }) = content else { return false };
        let schema = if let RefOr::Ref(to) = schema { named(to) } else { Some(schema) };
        let Some(RefOr::T(Schema::Object(object))) = schema else { return false };
        let is_text = object.schema_type == SchemaType::from(Type::String);
        kind.ends_with("ndjson") || (object.required.is_empty() && !is_text)
    })
}

/// Adds what holds for all routes: roles and problems.
fn complete(operation: &mut Operation, needs: Role) {
    let schema = RefOr::Ref(Ref::from_schema_name(lockstep_api::Problem::name()));
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/problem+json", content);
    operation.responses.responses.insert("default".to_owned(), problem.build().into());
    let role = Extensions::builder().add("x-role", needs.name()).build();
    operation.extensions.get_or_insert_default().merge(role);
    if needs != Role::Anyone {
        let none: [&str; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new(TOKEN, none)]);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use std::collections::BTreeSet;

    use super::{document, operations};

    #[test]
    fn the_document_is_in_the_documentation() {
        let document = document().to_pretty_json().unwrap() + "\n";
        expect_file!["../../../docs/openapi.json"].assert_eq(&document);
    }

    #[test]
    fn no_two_operations_have_one_name() {
        let (mut names, mut paths) = (BTreeSet::new(), document().paths);
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                let name = operation.operation_id.clone().expect("it has a name");
                assert!(names.insert(name), "{method} {path}: write `operation_id = \"...\"`");
            }
        }
    }
}
