// Checks files against the JSON Schema of definitions with the YAML language server.
//
//   npm install --prefix /tmp/yaml yaml-language-server
//   node editors/check-schema.mjs /tmp/yaml/node_modules/yaml-language-server workflows/*.yaml
//
// Prints what an editor would show, and ends with status 1 if it would show anything.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [server, ...files] = process.argv.slice(2);
if (!server || files.length === 0) {
  console.error("usage: node check-schema.mjs PATH-OF-YAML-LANGUAGE-SERVER FILE...");
  process.exit(2);
}
const here = dirname(fileURLToPath(import.meta.url));
const schema = pathToFileURL(resolve(here, "../grammar/workflow.schema.json")).href;
const child = spawn("node", [resolve(server, "bin/yaml-language-server"), "--stdio"]);
const waiting = new Map();
const found = new Map();
let buffer = Buffer.alloc(0);
let last = 0;

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  child.stdin.write(body);
}

function request(method, params) {
  const id = ++last;
  send({ id, method, params });
  return new Promise((done) => waiting.set(id, done));
}

const settings = { yaml: { schemas: { [schema]: "*.yaml" }, validate: true, schemaStore: { enable: false } } };

function receive(message) {
  if (message.method === "textDocument/publishDiagnostics") {
    found.get(message.params.uri)?.(message.params.diagnostics);
  } else if (message.method === "workspace/configuration") {
    send({ id: message.id, result: message.params.items.map((item) => settings[item.section] ?? null) });
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (message.id !== undefined) {
    waiting.get(message.id)?.(message.result);
  }
}

child.stdout.on("data", (data) => {
  buffer = Buffer.concat([buffer, data]);
  for (;;) {
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
    if (buffer.length < end + 4 + length) return;
    receive(JSON.parse(buffer.subarray(end + 4, end + 4 + length).toString()));
    buffer = buffer.subarray(end + 4 + length);
  }
});

await request("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: { workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } } },
});
send({ method: "initialized", params: {} });
send({ method: "workspace/didChangeConfiguration", params: { settings } });
await new Promise((done) => setTimeout(done, 500));
let wrong = 0;
for (const file of files) {
  const uri = pathToFileURL(resolve(file)).href;
  const told = new Promise((done) => found.set(uri, done));
  const text = readFileSync(file, "utf8");
  send({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "yaml", version: 1, text } },
  });
  for (const { range, message } of await told) {
    wrong += 1;
    console.log(`${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
  }
}
console.log(`${files.length} files, ${wrong} findings`);
process.exit(wrong === 0 ? 0 : 1);
