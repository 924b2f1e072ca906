// Who the page acts for, and what they may do: told by the daemon, which decides all the same.
//
// Invariants:
// - As long as it is not known, nothing is held back: the daemon refuses what is not allowed.

import { caller as ask } from './api.js';
import { isRefused, watch as watchSession } from './session.js';
import { useEffect, useState } from './ui.js';

let known;
const listeners = new Set();

async function learn() {
  known = undefined;
  // Who has signed in as somebody else meanwhile has asked anew.
  const mine = {};
  learn.last = mine;
  const told = isRefused() ? undefined : await ask().catch(() => undefined);
  if (learn.last !== mine) return;
  known = told;
  for (const listener of listeners) listener();
}

watchSession(learn);
learn();

/** Returns who asks, `{ name, role, may }`; undefined as long as that is not known. */
export function useCaller() {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const listener = () => setTurn((turn) => turn + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return known;
}

/** Returns why the caller may not do an operation of the API; undefined if they may. */
export function useRefusal(operation) {
  const caller = useCaller();
  if (caller === undefined || caller.may.includes(operation)) return undefined;
  return `${caller.name} has the role ${caller.role}, which may not do this.`;
}
