// Who looks at the page: the token that is sent with each request.
//
// Invariants:
// - The token stays in this tab (sessionStorage) and is forgotten with it.
// - It is sent to the daemon that the page came from, and to nobody else: api.js asks for paths only.

const NAME = 'lockstep.token';
const listeners = new Set();
let refused = false;

/** Returns the token, or an empty text. */
export const token = () => sessionStorage.getItem(NAME) ?? '';

/** Returns whether the daemon wants a token, or another one. */
export const isRefused = () => refused;

/** Takes a token; an empty one signs out. */
export function take(text) {
  if (text === '') sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, text);
  refused = text === '';
  tell();
}

/** Remembers that the daemon did not take the token. */
export function refuse() {
  if (!refused) {
    refused = true;
    tell();
  }
}

/** Calls `listener` at each change; returns how to end that. */
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}
