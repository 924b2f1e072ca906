// What happens, as it happens: the stream of events, read with fetch so that the token goes with it.
//
// Invariants:
// - There is one stream for the page, and only while somebody listens and the page is seen.
// - When it breaks it is taken up again where it was, after a pause that grows; meanwhile, and where
//   there is none, views ask every few seconds.

import { EVENTS, send } from './api.js';
import { isRefused, watch as watchSession } from './session.js';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
const MOST_AT_ONCE = 50;

const listeners = new Set();
const watchers = new Set();
let state = 'asking';
let position;
let pause = FIRST_PAUSE;
let running;
let timer;

/** Returns `live`, `asking` (every few seconds) or `away` (the daemon cannot be reached). */
export const standing = () => state;

/** Calls `listener` with each event; returns how to end that. */
export function listen(listener) {
  listeners.add(listener);
  begin();
  return () => listeners.delete(listener);
}

/** Calls `watcher` when the standing changes; returns how to end that. */
export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function stand(next) {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher();
}

function begin() {
  clearTimeout(timer);
  if (running !== undefined || document.hidden || isRefused() || listeners.size === 0) return;
  running = new AbortController();
  follow(running.signal).catch((problem) => {
    stand(problem.status === 0 ? 'away' : 'asking');
  }).finally(() => {
    running = undefined;
    timer = setTimeout(begin, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  });
}

async function follow(signal) {
  const headers = { accept: 'text/event-stream' };
  if (position !== undefined) headers['last-event-id'] = position;
  const response = await send('GET', EVENTS, { headers, signal });
  pause = FIRST_PAUSE;
  stand('live');
  // What happened between the last reading of a view and the beginning of the stream is not in it.
  tell({ kind: 'resync' });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    rest = taken(rest + value);
  }
  stand('asking');
}

/** Takes whole events out of a text; returns what is left of it. */
function taken(text) {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop();
  // Where much happens at once, that it does is all that a view can use.
  if (blocks.length > MOST_AT_ONCE) tell({ kind: 'resync' });
  else for (const block of blocks) event(block);
  return rest;
}

function event(block) {
  let kind = 'message';
  let data = '';
  for (const line of block.split('\n')) {
    const [name, ...value] = line.split(':');
    const text = value.join(':').replace(/^ /, '');
    if (name === 'event') kind = text;
    if (name === 'id') position = text;
    if (name === 'data') data += text;
  }
  if (data === '' && kind === 'message') return;
  let told = {};
  try {
    told = JSON.parse(data || '{}');
  } catch {
    // One that cannot be read tells that something happened.
  }
  tell({ ...told, kind });
}

function tell(event) {
  for (const listener of listeners) listener(event);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) running?.abort();
  else {
    pause = FIRST_PAUSE;
    begin();
  }
});
addEventListener('online', begin);
watchSession(() => {
  running?.abort();
  pause = FIRST_PAUSE;
  begin();
});
