//! The conversation with one editor.
//!
//! Invariants:
//!
//! * Every request gets exactly one answer; one that is not understood, an error.
//! * Findings are told when no message waits: a fast typist gets those of the last text.
//! * Nothing that the editor sends ends the conversation but `exit` and the end of the input.
//!
//! Absent by design: a thread for each request. An answer takes milliseconds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_definition::index::Target;
use lockstep_definition::{Diagnostic, Span};
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionParams, CodeActionProviderCapability, CompletionOptions, CompletionParams,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentSymbolParams,
    GotoDefinitionParams, HoverParams, HoverProviderCapability, InitializeParams, Location, OneOf,
    Position, PositionEncodingKind, PublishDiagnosticsParams, RenameOptions, RenameParams,
    ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextEdit, Uri, WorkDoneProgressOptions,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer;
use super::position::{Encoding, Lines};
use super::wire;
use super::workspace::Workspace;
use crate::pages;

/// Why a request has no answer.
struct Refusal {
    /// A number of the protocol.
    code: i32,
    message: String,
}

impl Refusal {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

type Answer = Result<Value, Refusal>;

/// Serves until the editor ends the conversation; returns whether it did so in order: `shutdown`,
/// then `exit`.
pub(super) fn serve(connection: &Connection) -> bool {
    let mut server = Server::new(connection);
    while let Ok(message) = connection.receiver.recv() {
        match message {
            Message::Request(request) => server.request(request),
            Message::Notification(note) if note.method == "exit" => return server.shut_down,
            Message::Notification(note) => server.notification(note),
            Message::Response(_) => {}
        }
        if connection.receiver.is_empty() && server.changed {
            server.publish();
        }
    }
    false
}

struct Server<'c> {
    connection: &'c Connection,
    workspace: Option<Workspace>,
    shut_down: bool,
    /// Whether texts have changed since findings were told.
    changed: bool,
    /// The findings that the editor shows, by path.
    told: BTreeMap<Arc<str>, Vec<Diagnostic>>,
}

impl<'c> Server<'c> {
    fn new(connection: &'c Connection) -> Self {
        let told = BTreeMap::new();
        Self { connection, workspace: None, shut_down: false, changed: false, told }
    }

    fn send(&self, message: impl Into<Message>) {
        // Fails only if the editor is gone; then the next message does not come either.
        drop(self.connection.sender.send(message.into()));
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match (method.as_str(), &self.workspace) {
            _ if self.shut_down => {
                Err(Refusal::new(wire::INVALID_REQUEST, "the server is shut down"))
            }
            ("initialize", None) => self.initialize(params),
            ("initialize", Some(_)) => {
                Err(Refusal::new(wire::INVALID_REQUEST, "it is initialized already"))
            }
            (_, None) => Err(Refusal::new(wire::NOT_INITIALIZED, "`initialize` comes first")),
            ("shutdown", Some(_)) => {
                self.shut_down = true;
                Ok(Value::Null)
            }
            (_, Some(workspace)) => answered(workspace, &self.told, &method, params),
        };
        self.send(response(id, answer));
    }

    fn initialize(&mut self, params: Value) -> Answer {
        let params: InitializeParams = read(params)?;
        let general = params.capabilities.general;
        let known = general.and_then(|general| general.position_encodings).unwrap_or_default();
        let (encoding, kind) = if known.contains(&PositionEncodingKind::UTF8) {
            (Encoding::Utf8, PositionEncodingKind::UTF8)
        } else {
            (Encoding::Utf16, PositionEncodingKind::UTF16)
        };
        #[expect(deprecated, reason = "older editors name one folder only")]
        let single = params.root_uri;
        let folders: Vec<Uri> = match params.workspace_folders {
            Some(folders) => folders.into_iter().map(|folder| folder.uri).collect(),
            None => single.into_iter().collect(),
        };
        let folders: Vec<PathBuf> = folders.iter().filter_map(answer::folder).collect();
        self.workspace = Some(Workspace::new(folders, encoding));
        self.changed = true;
        let triggers = [".", "{", " ", "$"].map(str::to_owned).to_vec();
        let capabilities = ServerCapabilities {
            position_encoding: Some(kind),
            text_document_sync: Some(TextDocumentSyncCapability::Kind(
                TextDocumentSyncKind::INCREMENTAL,
            )),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            completion_provider: Some(CompletionOptions {
                trigger_characters: Some(triggers),
                ..CompletionOptions::default()
            }),
            definition_provider: Some(OneOf::Left(true)),
            document_symbol_provider: Some(OneOf::Left(true)),
            code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
            rename_provider: Some(OneOf::Right(RenameOptions {
                prepare_provider: Some(true),
                work_done_progress_options: WorkDoneProgressOptions::default(),
            })),
            ..ServerCapabilities::default()
        };
        let server = json!({ "name": "lockstep", "version": env!("CARGO_PKG_VERSION") });
        Ok(json!({ "capabilities": capabilities, "serverInfo": server }))
    }

    fn notification(&mut self, note: Notification) {
        let Some(workspace) = &mut self.workspace else { return };
        // A notification has no answer, so what is not understood is passed over.
        let understood = match note.method.as_str() {
            "textDocument/didOpen" => opened(workspace, note.params),
            "textDocument/didChange" => edited(workspace, note.params),
            "textDocument/didClose" => closed(workspace, note.params),
            "textDocument/didSave" => saved(workspace, note.params),
            "workspace/didChangeWatchedFiles" => written_elsewhere(workspace, note.params),
            _ => None,
        };
        self.changed |= understood.is_some();
    }

    /// Tells the findings of all texts; texts that have none any more get an empty list.
    fn publish(&mut self) {
        self.changed = false;
        let Some(workspace) = &mut self.workspace else { return };
        let checked = workspace.check();
        let Some(workspace) = &self.workspace else { return };
        let mut found: BTreeMap<Arc<str>, Vec<Diagnostic>> = BTreeMap::new();
        for finding in checked.diagnostics {
            found.entry(Arc::clone(&finding.source)).or_default().push(finding);
        }
        let none = Vec::new();
        let gone = self.told.keys().filter(|path| !found.contains_key(*path));
        let empty = gone.map(|path| (path, &none));
        let changed = found.iter().filter(|(path, list)| self.told.get(*path) != Some(list));
        for (path, list) in changed.chain(empty) {
            let lines = workspace.lines(path).unwrap_or_else(|| Lines::new("", Encoding::Utf8));
            let diagnostics =
                list.iter().map(|one| answer::diagnostic(one, &lines, workspace)).collect();
            let Some(uri) = answer::uri(path) else { continue };
            let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
            let method = "textDocument/publishDiagnostics".to_owned();
            self.send(Notification::new(method, params));
        }
        self.told = found;
    }
}

fn response(id: RequestId, answer: Answer) -> Response {
    match answer {
        Ok(value) => Response::new_ok(id, value),
        Err(refusal) => Response::new_err(id, refusal.code, refusal.message),
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params)
        .map_err(|error| Refusal::new(wire::INVALID_PARAMS, error.to_string()))
}

fn written(value: impl Serialize) -> Answer {
    serde_json::to_value(value)
        .map_err(|error| Refusal::new(wire::INVALID_PARAMS, error.to_string()))
}

/// The answer to a question about texts.
fn answered(
    workspace: &Workspace,
    told: &BTreeMap<Arc<str>, Vec<Diagnostic>>,
    method: &str,
    params: Value,
) -> Answer {
    match method {
        "textDocument/hover" => {
            let params: HoverParams = read(params)?;
            hover(workspace, told, &params.text_document_position_params)
        }
        "textDocument/completion" => {
            let params: CompletionParams = read(params)?;
            let (path, lines, offset) = place(workspace, &params.text_document_position)?;
            let found = workspace.index.completions(&path, offset);
            let items: Vec<_> = found
                .into_iter()
                .enumerate()
                .map(|(number, found)| answer::completion(found, &lines, number))
                .collect();
            written(items)
        }
        "textDocument/definition" => {
            let params: GotoDefinitionParams = read(params)?;
            let (path, _, offset) = place(workspace, &params.text_document_position_params)?;
            let target = workspace.index.definition(&path, offset);
            written(target.and_then(|target| location(workspace, &target)))
        }
        "textDocument/prepareRename" => {
            let params: TextDocumentPositionParams = read(params)?;
            let (path, lines, offset) = place(workspace, &params)?;
            let found = workspace.index.renamable(&path, offset);
            written(
                found
                    .map(|(name, span)| json!({ "range": lines.range(span), "placeholder": name })),
            )
        }
        "textDocument/rename" => rename(workspace, read(params)?),
        "textDocument/documentSymbol" => {
            let params: DocumentSymbolParams = read(params)?;
            let path = answer::path(&params.text_document.uri);
            let lines = lines(workspace, &path)?;
            let symbols = workspace.index.symbols(&path);
            written(symbols.into_iter().map(|one| answer::symbol(one, &lines)).collect::<Vec<_>>())
        }
        "textDocument/codeAction" => actions(workspace, told, read(params)?),
        other => {
            let message = format!("`{other}` is not a request that this server knows");
            Err(Refusal::new(wire::METHOD_NOT_FOUND, message))
        }
    }
}

fn lines<'w>(workspace: &'w Workspace, path: &str) -> Result<Lines<'w>, Refusal> {
    workspace
        .lines(path)
        .ok_or_else(|| Refusal::new(wire::INVALID_PARAMS, format!("{path} is not open")))
}

fn place<'w>(
    workspace: &'w Workspace,
    params: &TextDocumentPositionParams,
) -> Result<(Arc<str>, Lines<'w>, usize), Refusal> {
    let path = answer::path(&params.text_document.uri);
    let lines = lines(workspace, &path)?;
    let offset = lines.offset(params.position).ok_or_else(|| {
        let Position { line, .. } = params.position;
        Refusal::new(wire::INVALID_PARAMS, format!("{path} has no line {line}"))
    })?;
    Ok((path, lines, offset))
}

fn hover(
    workspace: &Workspace,
    told: &BTreeMap<Arc<str>, Vec<Diagnostic>>,
    params: &TextDocumentPositionParams,
) -> Answer {
    let (path, lines, offset) = place(workspace, params)?;
    let found = workspace.index.hover(&path, offset);
    let mut span = found.as_ref().map(|hover| hover.span);
    let mut parts: Vec<String> = found.into_iter().map(|hover| hover.markdown).collect();
    for finding in told.get(&path).map_or(&[][..], Vec::as_slice) {
        let Span { start, end } = finding.span;
        if (start..=end).contains(&offset) {
            let meaning = pages::summary(finding.code.page());
            parts.push(format!("**{}**: {meaning}", finding.code));
            span = span.or(Some(finding.span));
        }
    }
    let Some(span) = span else { return Ok(Value::Null) };
    let contents = answer::markdown(parts.join("\n\n---\n\n"));
    Ok(json!({ "contents": contents, "range": lines.range(span) }))
}

fn location(workspace: &Workspace, target: &Target) -> Option<Location> {
    let range = workspace.lines(&target.path)?.range(target.span);
    Some(Location { uri: answer::uri(&target.path)?, range })
}

fn rename(workspace: &Workspace, params: RenameParams) -> Answer {
    let (path, lines, offset) = place(workspace, &params.text_document_position)?;
    let new = params.new_name;
    let targets = workspace
        .index
        .rename(&path, offset, &new)
        .map_err(|error| Refusal::new(wire::INVALID_PARAMS, error.to_string()))?;
    let edits: Vec<TextEdit> = targets
        .iter()
        .map(|target| TextEdit { range: lines.range(target.span), new_text: new.clone() })
        .collect();
    let uri = params.text_document_position.text_document.uri;
    Ok(json!({ "changes": { uri.as_str(): edits } }))
}

/// For each finding at a place that knows what would be right: the change.
fn actions(
    workspace: &Workspace,
    told: &BTreeMap<Arc<str>, Vec<Diagnostic>>,
    params: CodeActionParams,
) -> Answer {
    let uri = params.text_document.uri;
    let path = answer::path(&uri);
    let lines = lines(workspace, &path)?;
    let mut actions = Vec::new();
    for finding in told.get(&path).map_or(&[][..], Vec::as_slice) {
        let range = lines.range(finding.span);
        let apart = range.end < params.range.start || params.range.end < range.start;
        let Some(suggestion) = finding.suggestion.as_ref().filter(|_| !apart) else { continue };
        actions.push(json!({
            "title": format!("Replace by `{suggestion}`"),
            "kind": "quickfix",
            "diagnostics": [answer::diagnostic(finding, &lines, workspace)],
            "edit": { "changes": { uri.as_str(): [{ "range": range, "newText": suggestion }] } },
        }));
    }
    Ok(Value::Array(actions))
}

fn opened(workspace: &mut Workspace, params: Value) -> Option<()> {
    let params: DidOpenTextDocumentParams = read(params).ok()?;
    let document = params.text_document;
    workspace.set_open(&answer::path(&document.uri), Arc::from(document.text));
    Some(())
}

fn edited(workspace: &mut Workspace, params: Value) -> Option<()> {
    let params: DidChangeTextDocumentParams = read(params).ok()?;
    let path = answer::path(&params.text_document.uri);
    let mut text = workspace.open_text(&path)?.to_string();
    for change in params.content_changes {
        let Some(range) = change.range else {
            text = change.text;
            continue;
        };
        let lines = Lines::new(&text, workspace.encoding);
        // The line behind the last one is where editors append.
        let offset = |position| lines.offset(position).unwrap_or(text.len());
        let (start, end) = (offset(range.start), offset(range.end));
        text.replace_range(start..end.max(start), &change.text);
    }
    workspace.set_open(&path, Arc::from(text));
    Some(())
}

fn closed(workspace: &mut Workspace, params: Value) -> Option<()> {
    let params: DidCloseTextDocumentParams = read(params).ok()?;
    workspace.close(&answer::path(&params.text_document.uri));
    Some(())
}

fn saved(workspace: &mut Workspace, params: Value) -> Option<()> {
    let params: DidSaveTextDocumentParams = read(params).ok()?;
    workspace.read_file(&answer::path(&params.text_document.uri));
    Some(())
}

fn written_elsewhere(workspace: &mut Workspace, params: Value) -> Option<()> {
    let params: DidChangeWatchedFilesParams = read(params).ok()?;
    for change in params.changes {
        workspace.read_file(&answer::path(&change.uri));
    }
    Some(())
}
