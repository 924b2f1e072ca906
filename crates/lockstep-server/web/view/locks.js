// All locks: who holds them, how many wait; those for which most wait come first.

import * as api from '../api.js';
import { brief, count, moment, plural, since } from '../format.js';
import { Empty, Loaded } from '../part/notice.js';
import { useNow, useResource } from '../resource.js';
import { go, to } from '../route.js';
import { html } from '../ui.js';

export const title = () => 'Locks';

const ORDERS = { waiting: 'most waiting first', key: 'by key' };
const LIMIT = 100;

export function Locks({ query }) {
  const order = query.get('order') ?? 'waiting';
  const cursor = query.get('cursor') ?? '';
  const page = useResource((o) => api.locks({ order: order === 'key' ? '' : order, cursor, limit: LIMIT }, o), ['locks', order, cursor]);
  const now = useNow(1000);
  return html`
    <search class="filters"><label>Order <select onChange=${(event) => go(['locks'], { order: event.target.value })}>
      ${Object.entries(ORDERS).map(([it, word]) => html`<option value=${it} selected=${it === order}>${word}</option>`)}
    </select></label></search>
    <${Loaded} of=${page} what="The locks">${({ items, next }) => html`
      ${items.length === 0 && html`<${Empty} title="No lock is held">A lock is here as long as somebody holds it or waits for it. Who takes which one is written in the workflows as <code>exclusive_lock</code>.<//>`}
      ${items.length > 0 && html`<${Table} items=${items} now=${now} />`}
      <nav class="pages" aria-label="Pages">
        ${cursor !== '' && html`<a class="button" href=${to(['locks'], { order })}>First</a>`}
        ${next !== undefined && html`<a class="button" href=${to(['locks'], { order, cursor: next })}>More</a>`}
      </nav>`}<//>`;
}

/** Who has it: an instance, or a client under its name. */
export function Who({ it }) {
  if (it.client) return html`<span>client <b>${it.client}</b></span>`;
  if (!it.instance) return html`<span class="muted">somebody</span>`;
  return html`<a href=${to(['instances', it.instance])}>${it.workflow ?? 'instance'} <span class="mono muted">${brief(it.instance)}</span></a>`;
}

function Table({ items, now }) {
  const most = Math.max(1, ...items.map(({ waiting }) => waiting));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Locks">
    <table class="list">
      <thead><tr><th scope="col">key</th><th scope="col">held by</th><th scope="col">since</th><th scope="col">ends at the latest</th>
        <th scope="col" class="number">waiting</th><td></td></tr></thead>
      <tbody>${items.map((it) => html`<tr key=${it.key}>
        <th scope="row"><a class="mono" href=${to(['locks', it.key])}>${it.key}</a></th>
        <td>${it.holders.length > 0 ? html`<${Who} it=${it.holders[0]} />` : html`<span class="muted">nobody</span>`}
          ${it.holders.length > 1 && html` <span class="muted">and ${plural(it.holders.length - 1, 'other')} who share it</span>`}</td>
        <td>${it.holders.length > 0 && since(it.holders[0].since, now)}</td>
        <td>${it.holders.length > 0 && moment(it.holders[0].ends_at)}</td>
        <td class="number">${count(it.waiting)}</td>
        <td class="heat-cell"><span class="heat-track" aria-hidden="true"><span class="heat-bar" style=${{ width: `${(100 * it.waiting) / most}%` }}></span></span></td>
      </tr>`)}</tbody>
    </table>
  </div>`;
}
