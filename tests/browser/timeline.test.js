// The bars of a timeline, out of journals: run with `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeline } from '../../crates/lockstep-server/web/part/segments.js';

const START = Date.parse('2026-11-23T10:00:00Z');
const at = (ms) => new Date(START + ms).toISOString();
const entry = (ms, activity, event) => ({ at: at(ms), activity, event });

/** The lanes as a text: each bar with its milliseconds from the start. */
function lanes(entries, { ended, now = 0, doing } = {}) {
  const instance = { started_at: at(0), ended_at: ended === undefined ? undefined : at(ended) };
  const { lanes } = timeline(instance, entries, (START + now) * 1000, doing);
  const ms = (us) => us / 1000 - START;
  return lanes.map(({ name, tracks, marks }) => [
    name,
    ...tracks.map((track) => track.map(({ kind, from, to }) => `${kind} ${ms(from)}-${ms(to)}`).join(', ')),
    ...marks.map(({ at, label }) => `${label} ${ms(at)}`),
  ].join(': '));
}

test('a wait for a lock, work, a call and a commit are bars one behind the other', () => {
  assert.deepEqual(lanes([
    entry(0, 'book', 'started'),
    entry(5, 'book', { lock_waited: { key: 'k', holder: null } }),
    entry(105, 'book', { lock_granted: { key: 'k', token: 1, waited: 100000 } }),
    entry(110, 'book', { called: { key: 'c', attempt: 1 } }),
    entry(200, 'book', { returned: { key: 'c', error: null } }),
    entry(220, 'book', { committed: [] }),
    entry(230, 'book', 'finished'),
  ], { ended: 230 }), ['book: work 0-5, lock 5-105, work 105-110, call 110-200, work 200-220, commit 220-230']);
});

test('what waits in this moment grows up to the present', () => {
  assert.deepEqual(lanes([
    entry(0, 'book', 'started'),
    entry(2, 'book', { lock_waited: { key: 'k', holder: 'x' } }),
  ], { now: 5000 }), ['book: work 0-2, lock 2-5000']);
});

test('a commit that goes on is told by what the instance does', () => {
  assert.deepEqual(lanes([entry(0, 'book', 'started')], { now: 40, doing: [{ awaits: 'commit' }] }), ['book: commit 0-40']);
});

test('calls side by side are tracks below each other, and cover the work', () => {
  assert.deepEqual(lanes([
    entry(0, 'all', { parallel_began: { branches: ['a', 'b'] } }),
    entry(1, 'all', { called: { key: 'a', attempt: 1 } }),
    entry(2, 'all', { called: { key: 'b', attempt: 1 } }),
    entry(50, 'all', { returned: { key: 'b', error: null } }),
    entry(90, 'all', { returned: { key: 'a', error: null } }),
    entry(95, 'all', 'finished'),
  ], { ended: 95 }), ['all: work 0-1, call 1-90, work 90-95: call 2-50']);
});

test('a signal that comes while another activity works changes nothing there', () => {
  assert.deepEqual(lanes([
    entry(0, 'first', 'started'),
    entry(10, 'first', { committed: [] }),
    entry(20, 'second', { called: { key: 'c', attempt: 1 } }),
    entry(30, 'first', { signalled: { name: 's', by: 'ann' } }),
    entry(60, 'second', { returned: { key: 'c', error: null } }),
    entry(60, 'first', 'finished'),
  ], { ended: 60 }), ['first: work 0-10, commit 10-20', 'second: call 20-60']);
});

test('a lost lock and the failure are marks, and end what was open', () => {
  assert.deepEqual(lanes([
    entry(0, 'ship', { lock_granted: { key: 'k', token: 1, waited: 0 } }),
    entry(1, 'ship', { called: { key: 'c', attempt: 1 } }),
    entry(30, 'ship', { lock_broken: { key: 'k', by: 'ann', reason: 'stuck' } }),
    entry(30, 'ship', { lock_lost: { key: 'k', token: 1 } }),
    entry(31, 'ship', { failed: { error: 'lock.lost', message: 'lost' } }),
  ], { ended: 31 }), [
    'ship: work 0-1, call 1-31: the lock was broken by ann: stuck 30: lost the lock k 30: failed with lock.lost 31',
  ]);
});

test('pauses before another attempt and waits for people are told apart from work', () => {
  assert.deepEqual(lanes([
    entry(0, 'ask', { retried: { error: 'data.conflict' } }),
    entry(8, 'ask', { waited: { signal: 'approval', title: 'Well?', until: null } }),
    entry(500, 'ask', { signalled: { name: 'approval', by: 'ann' } }),
    entry(500, 'ask', { signal_taken: { name: 'approval', by: 'ann' } }),
    entry(510, 'ask', 'finished'),
  ], { ended: 510 }), ['ask: pause 0-8, pause 8-500, work 500-510']);
});
