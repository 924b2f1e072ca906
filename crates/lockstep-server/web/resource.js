// What a view shows of the daemon: read, and read again when something has happened there.
//
// Invariants:
// - The answer of an older question never replaces that of a newer one.
// - What was read stays to be seen when it cannot be read again; the problem is told beside it.
// - The daemon is asked at most every `LEAST_PAUSE`, however much happens.

import { isRefused, watch as watchSession } from './session.js';
import { listen, standing } from './live.js';
import { useEffect, useRef, useState } from './ui.js';

const LEAST_PAUSE = 400;
/** How often it is asked without a stream of events, and with one, in case that one was missed. */
const ASK_EVERY = 2000;
const LOOK_AGAIN = 15000;

/**
 * Reads with `load(options)`, and again when `keys` change, when an event `concerns` it, and `every` so
 * many milliseconds, for what changes without events.
 * Returns `{ data, problem, reload }`; `data` is undefined as long as nothing was read.
 */
export function useResource(load, keys, { concerns = () => true, isEnded = () => false, every = LOOK_AGAIN } = {}) {
  const [shown, setShown] = useState({ key: undefined });
  const ask = useRef(() => {});
  const key = JSON.stringify(keys);
  useEffect(() => {
    let last = 0;
    let timer;
    let running;
    let isOver = false;
    let isStale = false;
    let data;
    const plan = (pause) => {
      clearTimeout(timer);
      timer = setTimeout(run, pause);
    };
    const run = async () => {
      if (isOver || document.hidden || isRefused()) return;
      running?.abort();
      const mine = new AbortController();
      running = mine;
      isStale = false;
      last = Date.now();
      try {
        data = await load({ signal: mine.signal });
        if (isOver || running !== mine) return;
        setShown({ key, data });
      } catch (problem) {
        if (isOver || running !== mine || problem.name === 'AbortError') return;
        setShown({ key, data, problem });
      }
      running = undefined;
      if (isStale) soon();
      else if (data === undefined || !isEnded(data)) plan(standing() === 'live' ? every : ASK_EVERY);
    };
    const soon = () => {
      // What happens while the daemon answers may not be in the answer: it is asked once more.
      if (running === undefined) plan(Math.max(0, last + LEAST_PAUSE - Date.now()));
      else isStale = true;
    };
    ask.current = run;
    const unlisten = listen((event) => {
      if (event.kind === 'resync' || concerns(event)) soon();
    });
    const unwatch = watchSession(soon);
    document.addEventListener('visibilitychange', soon);
    run();
    return () => {
      isOver = true;
      clearTimeout(timer);
      running?.abort();
      unlisten();
      unwatch();
      document.removeEventListener('visibilitychange', soon);
    };
  }, [key]);
  const mine = shown.key === key ? shown : {};
  return { data: mine.data, problem: mine.problem, reload: () => ask.current() };
}

/** The present, every `pause` milliseconds while `isRunning`. */
export function useNow(pause, isRunning = true) {
  const [now, setNow] = useState(Date.now() * 1000);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setNow(Date.now() * 1000), pause);
    return () => clearInterval(timer);
  }, [pause, isRunning]);
  return now;
}
