// What the page asks the daemon: the only module that knows addresses of the API.
//
// Invariants:
// - Every request goes to the daemon that the page came from, with the token of this tab.
// - What goes wrong is a `Problem`: a code for programs, a sentence for people.

import { refuse, token } from './session.js';

/** What the daemon, or the way to it, has refused. */
export class Problem extends Error {
  constructor(status, { code = 'unknown', detail, title, ...rest } = {}) {
    super(detail ?? title ?? `the daemon answered ${status}`);
    this.status = status;
    this.code = code;
    this.rest = rest;
  }
}

const UNREACHABLE = {
  code: 'daemon.unreachable',
  detail: 'The daemon cannot be reached. Look whether it runs; the page goes on by itself when it is back.',
};

/** Sends a request; returns the response if it is not a problem. */
export async function send(method, path, { body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (token() !== '') sent.authorization = `Bearer ${token()}`;
  if (body !== undefined) sent['content-type'] ??= 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, signal, cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, UNREACHABLE);
  }
  if (response.status === 401) refuse();
  if (response.ok || response.status === 304) return response;
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

const read = async (path, options) => (await send('GET', path, options)).json();
const write = async (method, path, value, options = {}) => {
  const response = await send(method, path, { ...options, body: value === undefined ? undefined : JSON.stringify(value) });
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
};
const post = (path, value, options) => write('POST', path, value, options);
const at = (strings, ...values) => strings.reduce((path, part, n) => path + encodeURIComponent(values[n - 1]) + part);
const query = (path, values) => {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept)}`;
};

/** Who asks: `{ name, role, may }`. */
export const caller = (options) => read('/v1/caller', options);

export const overview = (options) => read('/v1/overview', options);

export const instances = (filters, options) => read(query('/v1/instances', filters), options);
export const instance = (id, options) => read(at`/v1/instances/${id}`, options);
export const explain = (id, options) => read(at`/v1/instances/${id}/explain`, options);
export const cancel = (id, reason) => post(`${at`/v1/instances/${id}`}:cancel`, { reason });
export const retry = (id) => post(`${at`/v1/instances/${id}`}:retry`);
export const signal = (id, name, payload) => post(at`/v1/instances/${id}/signals/${name}`, payload);

/** The whole journal of an instance, up to `MOST_ENTRIES`. */
export async function journal(id, options) {
  const items = [];
  let cursor;
  do {
    const page = await read(query(at`/v1/instances/${id}/journal`, { limit: 200, cursor }), options);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && items.length < MOST_ENTRIES);
  return { items, isCut: cursor !== undefined };
}

const MOST_ENTRIES = 2000;

/** Starts an instance; who asks again under the same key gets the same one. */
export async function start(workflow, input, key) {
  const path = at`/v1/workflows/${workflow}/instances`;
  try {
    return await post(path, input, { headers: { 'idempotency-key': key } });
  } catch (problem) {
    // One that has ended at once with an error of its own has been started.
    const place = problem.rest?.instance;
    if (place === undefined) throw problem;
    return { id: place.split('/').pop(), state: 'failed' };
  }
}

export const locks = (filters, options) => read(query('/v1/locks', filters), options);
export const lock = (key, filters, options) => read(query(at`/v1/locks/${key}`, filters), options);
export const breakLock = (key, reason, token) => post(`${at`/v1/locks/${key}`}:break`, { reason, token });

export const definitions = (options) => read('/v1/definitions', options);

/** A workflow with the text that it is written in, and its picture. */
export async function workflow(name, options) {
  const all = await definitions(options);
  const workflow = all.workflows.find((it) => it.name === name);
  if (workflow === undefined) {
    throw new Problem(404, { code: 'data.not_found', detail: `There is no workflow ${name}. What is published is listed under Definitions.` });
  }
  const source = await read(at`/v1/definitions/${workflow.source}`, options);
  const svg = source.workflows.find((it) => it.workflow === name)?.svg;
  const findings = all.pending_errors.filter(({ file }) => file === workflow.source);
  return { ...workflow, text: source.text, svg, findings, isEditable: all.origin === 'api' };
}

/** Replaces the text of a name. What is wrong with it stands in the problem, as `details.findings`. */
export const publish = (name, text) =>
  send('PUT', at`/v1/definitions/${name}`, { body: text, headers: { 'content-type': 'application/yaml' } });

export const objects = (entity, filters, options) =>
  read(query(at`/v1/entities/${entity}/objects`, filters), options);
export const object = (entity, id, options) => read(at`/v1/entities/${entity}/objects/${id}`, options);

/** Replaces an object; `version` is the one that was seen, or null to do it whatever is there. */
export const putObject = (entity, id, value, version) =>
  write('PUT', at`/v1/entities/${entity}/objects/${id}`, value, {
    headers: { 'if-match': version === null ? '*' : `"${version}"` },
  });

export const EVENTS = '/v1/events';
