// One lock: who holds it, who waits in which order, a wait explained in a sentence; breaking it.

import * as api from '../api.js';
import { Asked } from '../part/dialog.js';
import { Empty, Loaded } from '../part/notice.js';
import { Told } from '../part/told.js';
import { count, moment, plural, since } from '../format.js';
import { useNow, useResource } from '../resource.js';
import { to } from '../route.js';
import { html } from '../ui.js';
import { Who } from './locks.js';

export const title = ([, key]) => `Lock ${key}`;

/** Waiters on a page. */
const LIMIT = 100;

export function Lock({ parts: [, key], query }) {
  const cursor = query.get('cursor') ?? '';
  const lock = useResource((o) => api.lock(key, { cursor, limit: LIMIT }, o), ['lock', key, cursor], { concerns: ({ kind, event }) => !kind.startsWith('lock_') || event?.[kind]?.key === undefined || event[kind].key === key });
  const now = useNow(1000);
  if (lock.problem?.status === 404) return html`<${Free} />`;
  return html`<${Loaded} of=${lock} what="The lock">${(it) => (it.holders.length === 0 && it.waiting === 0 ? html`<${Free} />` : html`
    ${cursor === '' && html`<${Sentence} it=${it} now=${now} />`}
    <section class="card" aria-labelledby="holders"><h2 id="holders">${it.holders.length > 1 ? 'Held together by' : 'Held by'}</h2>
      ${it.holders.length === 0 ? html`<p class="muted">Nobody in this moment.</p>` : it.holders.map((holder) => html`
        <${Holder} key=${holder.token} holder=${holder} lock=${it} now=${now} reload=${lock.reload} />`)}
    </section>
    <section class="card" aria-labelledby="waiters"><h2 id="waiters">Waiting <span class="muted">${count(it.waiting)}</span></h2>
      ${it.waiting === 0 ? html`<p class="muted">Nobody.</p>` : html`<${Waiters} it=${it} now=${now} isFirst=${cursor === ''} />`}
    </section>`)}<//>`;
}

const Free = () => html`<${Empty} title="This lock is free">Nobody holds it and nobody waits for it. This page shows it as soon as somebody does.<//>`;

/** Why the first waiter waits. */
function Sentence({ it, now }) {
  const [first] = it.waiters;
  const [holder] = it.holders;
  if (it.sentence) return html`<p class="sentence card"><${Told} text=${it.sentence} /></p>`;
  if (first === undefined) return null;
  return html`<p class="sentence card">
    <${Who} it=${first} /> has waited for ${since(first.since, now)}
    ${holder === undefined ? ', and is the next to get it.' : html`, because <${Who} it=${holder} /> holds the lock since${' '}
      ${moment(holder.since)}${holder.note ? ` (“${holder.note}”)` : ''}. It gets it when that one gives it back, at ${moment(holder.ends_at)} at the latest${
      it.holders.length > 1 ? `, and the ${plural(it.holders.length - 1, 'other')} too` : ''}.`}
    ${it.waiting > 1 && ` Behind it ${it.waiting === 2 ? 'one waits' : `${count(it.waiting - 1)} wait`}.`}
  </p>`;
}

function Holder({ holder, lock, now, reload }) {
  return html`<div class="head">
    <dl class="facts">
      <div><dt>Holder</dt><dd><${Who} it=${holder} /></dd></div>
      <div><dt>For</dt><dd class="figures-in-line">${since(holder.since, now)}</dd></div>
      <div><dt>Ends at the latest</dt><dd>${moment(holder.ends_at)}</dd></div>
      <div><dt>Mode</dt><dd>${holder.mode}</dd></div>
      <div><dt>Token</dt><dd class="mono">${holder.token}</dd></div>
      ${holder.note && html`<div><dt>Note</dt><dd>${holder.note}</dd></div>`}
      ${holder.keys?.length > 1 && html`<div><dt>With</dt><dd class="mono">${holder.keys.filter((key) => key !== lock.key).join(', ')}</dd></div>`}
    </dl>
    <div class="buttons"><${Asked} operation="break_lock" label="Break…" kind="danger" title="Break this lock?" confirm="Break the lock" reason="needed"
      act=${(reason) => api.breakLock(lock.key, reason, holder.token)} done="The lock is broken." after=${reload}>
      ${holder.client ? html`The client <b>${holder.client}</b> loses it.` : html`The instance that holds it loses it: it can commit nothing any more of what it did under the lock, and goes on with the error <code>lock.lost</code>.`}${' '}
      The next who waits gets it.
    <//></div>
  </div>`;
}

function Waiters({ it, now, isFirst }) {
  const behind = it.waiting - (it.waiters.at(-1)?.place ?? it.waiting);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Who waits, in order">
    <table class="list">
      <thead><tr><th scope="col" class="number">place</th><th scope="col">who</th><th scope="col">waits for</th><th scope="col">since</th>
        <th scope="col">mode</th><th scope="col" class="number">priority</th><th scope="col">written in</th></tr></thead>
      <tbody>${it.waiters.map((waiter, n) => html`<tr key=${waiter.ticket}>
        <td class="number">${waiter.place ?? n + 1}</td>
        <th scope="row"><${Who} it=${waiter} /></th>
        <td>${since(waiter.since, now)}</td>
        <td><time datetime=${waiter.since}>${moment(waiter.since)}</time></td>
        <td>${waiter.mode}</td><td class="number">${waiter.priority ?? 0}</td>
        <td class="mono cut">${waiter.context ?? ''}</td>
      </tr>`)}</tbody>
    </table>
  </div>
  <nav class="pages" aria-label="Pages of waiters">
    ${!isFirst && html`<a class="button" href=${to(['locks', it.key])}>First</a>`}
    ${it.next !== undefined && html`<a class="button" href=${to(['locks', it.key], { cursor: it.next })}>More</a>
      ${behind > 0 && html`<span class="muted">${count(behind)} wait behind them.</span>`}`}
  </nav>`;
}
