// What an instance did at which time, out of its journal: the bars of a timeline. Pure.
//
// The model: what has a beginning and an end in the journal (a wait for a lock, a call, a wait for an
// answer) is a bar of its own; between the first and the last entry of an activity, what no bar covers
// was work. A commit is told when it is ordered; from there to the next entry the instance waits until
// it is durable, for it goes on only then. Where the next activity tells of itself only by its own
// commit, what lies between was its work, and the commit before it is drawn without a length.
//
// Invariants:
// - Bars lie between the beginning of the instance and its end, or the present.
// - Work covers no other bar of its activity; bars of one track do not overlap.
//
// Times are microseconds since 1970.

import { micros } from '../format.js';

/** What a bar can be, in the order in which a legend tells it. */
export const KINDS = {
  lock: 'waiting for a lock',
  work: 'working',
  call: 'outside calls',
  commit: 'being committed',
  pause: 'waiting for people, times, workflows',
};

/** Name and content of what an entry tells. */
export function happening(entry) {
  if (typeof entry.event === 'string') return [entry.event, {}];
  const [name, content] = Object.entries(entry.event)[0];
  return [name, content ?? {}];
}

/** What begins a bar, under which key it is found again, and what it is called. */
const BEGINS = {
  lock_waited: ({ key }) => ['lock', `lock ${key}`, key],
  called: ({ key, attempt }) => ['call', `call ${key}`, attempt > 1 ? `call, attempt ${attempt}` : 'call'],
  waited: ({ signal, title }) => ['pause', `wait ${signal ?? ''}`, title ?? signal ?? 'a moment'],
  retried: ({ error }) => ['pause', 'retry', `after ${error}`],
  child_started: ({ instance, workflow, awaited }) =>
    (awaited ? ['pause', `child ${instance}`, `workflow ${workflow}`] : undefined),
};

/** Which bars an entry ends; a text ends those whose key begins with it. */
const ENDS = {
  lock_granted: ({ key }) => [`lock ${key}`],
  returned: ({ key }) => [`call ${key}`],
  signal_taken: ({ name }) => [`wait ${name}`],
  child_ended: ({ instance }) => [`child ${instance}`],
  skipped: () => ['lock '],
  caught: () => [''],
  failed: () => [''],
  finished: () => [''],
  lock_broken: () => [],
};

/** What comes upon an instance wherever it is; the activity in these entries tells nothing. */
const COMES = new Set(['signalled', 'signal_dropped', 'lock_broken', 'recovered', 'finished', 'failed']);

const WHOLE = '';

/**
 * The lanes of a timeline: `{ lanes: [{ name, tracks: [[bar]] , marks }], from, to, sums }`.
 *
 * `instance` is what the API tells, `entries` its journal, `doing` what it waits for in this moment,
 * `now` the present.
 */
export function timeline(instance, entries, now, doing = []) {
  const from = micros(instance.started_at);
  const last = entries.length === 0 ? from : micros(entries.at(-1).at);
  const to = instance.ended_at ? micros(instance.ended_at) : Math.max(now, last);
  const lanes = new Map();
  const lane = (name) => {
    if (!lanes.has(name)) lanes.set(name, { name, bars: [], spans: [], marks: [] });
    return lanes.get(name);
  };
  let before = from;
  let open = [];
  let current;
  let commit;
  for (const entry of entries) {
    const at = Math.min(Math.max(micros(entry.at), from), to);
    const [name, content] = happening(entry);
    const it = COMES.has(name) && current !== undefined ? current : lane(entry.activity ?? WHOLE);
    // What is done between two entries is done by the activity of the later one.
    if (commit !== undefined && name !== 'committed') commit.to = at;
    else it.spans.push([before, at]);
    commit = undefined;
    current = it;
    const ends = endsOf(name, content, open, it);
    for (const bar of ends) bar.to = at;
    open = open.filter((bar) => !ends.includes(bar));
    if (name === 'committed') {
      commit = { kind: 'commit', from: at, to: at, label: committed(content) };
      it.bars.push(commit);
    }
    const begun = BEGINS[name]?.(content);
    if (begun !== undefined) {
      const bar = { kind: begun[0], key: begun[1], label: begun[2], from: at, to: undefined, lane: it };
      it.bars.push(bar);
      open.push(bar);
    }
    if (['lock_lost', 'lock_broken', 'failed', 'caught'].includes(name)) {
      it.marks.push({ at, label: mark(name, content) });
    }
    before = at;
  }
  for (const bar of open) bar.to = to;
  if (!instance.ended_at && current !== undefined) {
    current.spans.push([before, to]);
    const isCommitting = doing.some(({ awaits }) => awaits === 'commit');
    if (isCommitting) current.bars.push({ kind: 'commit', from: before, to, label: 'being committed' });
  }
  const all = [...lanes.values()].filter((it) => it.bars.length > 0 || it.marks.length > 0 || it.spans.some(([from, to]) => to > from));
  for (const it of all) finish(it);
  return { lanes: all, from, to: Math.max(to, from + 1), sums: sums(all) };
}

function endsOf(name, content, open, lane) {
  const keys = ENDS[name]?.(content) ?? [];
  const isOver = name === 'finished' || (name === 'failed');
  const found = open.filter((bar) => isOver || (bar.lane === lane && keys.some((key) => bar.key.startsWith(key))));
  // A pause for a moment, or before a retry, ends with the next entry of its activity.
  const silent = open.filter((bar) => bar.lane === lane && (bar.key === 'wait ' || bar.key === 'retry'));
  return [...new Set([...found, ...silent])];
}

const committed = (objects) =>
  (Array.isArray(objects) && objects.length > 0
    ? objects.map(([object, version]) => (version === 0 ? `${object} deleted` : `${object} version ${version}`)).join(', ')
    : 'without changes');

const mark = (name, { key, by, reason, error }) => ({
  lock_lost: `lost the lock ${key}`,
  lock_broken: `the lock was broken by ${by}: ${reason}`,
  failed: `failed with ${error}`,
  caught: `${error} is caught`,
}[name]);

/** Fills up with work what nothing covers, and puts what overlaps into tracks below each other. */
function finish(lane) {
  const bars = [...lane.bars].sort((one, other) => one.from - other.from || one.to - other.to);
  const work = [];
  for (const [from, to] of lane.spans) {
    let end = from;
    for (const bar of bars.filter((bar) => bar.to > from && bar.from < to)) {
      if (bar.from > end) work.push({ kind: 'work', from: end, to: bar.from, label: 'works' });
      end = Math.max(end, bar.to);
    }
    if (to > end) work.push({ kind: 'work', from: end, to, label: 'works' });
  }
  const tracks = [];
  for (const bar of [...bars, ...work].sort((one, other) => one.from - other.from)) {
    const free = tracks.find((track) => track.at(-1).to <= bar.from);
    if (free === undefined) tracks.push([bar]);
    else free.push(bar);
  }
  lane.tracks = tracks;
}

/** How long each kind took in all, and how often it came. */
function sums(lanes) {
  const sums = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, { length: 0, times: 0 }]));
  for (const { kind, from, to } of lanes.flatMap(({ tracks }) => tracks.flat())) {
    sums[kind].length += to - from;
    sums[kind].times += 1;
  }
  return sums;
}
