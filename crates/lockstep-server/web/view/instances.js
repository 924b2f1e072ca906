// All instances: newest first, by state, workflow, who started them and when.

import * as api from '../api.js';
import { brief, length, micros, moment } from '../format.js';
import { Empty, Loaded } from '../part/notice.js';
import { State } from '../part/state.js';
import { line } from '../part/value.js';
import { useNow, useResource } from '../resource.js';
import { go, to } from '../route.js';
import { html, useState } from '../ui.js';

export const title = () => 'Instances';

const FILTERS = ['state', 'workflow', 'started_by', 'after', 'before'];
const LIMIT = 50;

export function Instances({ query }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
  const cursor = query.get('cursor') ?? '';
  const page = useResource((o) => api.instances({ ...filters, cursor, limit: LIMIT }, o), [filters, cursor]);
  const now = useNow(1000);
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return html`
    <${Search} filters=${filters} />
    <${Loaded} of=${page} what="The instances">${({ items, next }) => html`
      ${items.length === 0 && (isFiltered
        ? html`<${Empty} title="No instance is like that">Take a filter away, or <a href=${to(['instances'])}>show all</a>.<//>`
        : html`<${Empty} title="There is no instance yet"><a href=${to(['start'])}>Start one</a> with a form, or over HTTP: <code>POST /v1/workflows/NAME/instances</code>.<//>`)}
      ${items.length > 0 && html`<${Table} items=${items} now=${now} />`}
      <nav class="pages" aria-label="Pages">
        ${cursor !== '' && html`<a class="button" href=${to(['instances'], filters)}>Newest</a>`}
        ${next !== undefined && html`<a class="button" href=${to(['instances'], { ...filters, cursor: next })}>Older</a>`}
      </nav>`}<//>`;
}

function Table({ items, now }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Instances">
    <table class="list">
      <thead><tr><th scope="col">state</th><th scope="col">workflow</th><th scope="col">id</th><th scope="col">input</th>
        <th scope="col">started</th><th scope="col" class="number">took</th><th scope="col">by</th><th scope="col">result</th></tr></thead>
      <tbody>${items.map((it) => html`<tr key=${it.id}>
        <td><${State} state=${it.state} /></td>
        <th scope="row"><a href=${to(['instances', it.id])}>${it.workflow}</a></th>
        <td class="mono muted" title=${it.id}>${brief(it.id)}</td>
        <td class="cut" title=${line(it.input)}>${line(it.input)}</td>
        <td><time datetime=${it.started_at}>${moment(it.started_at)}</time></td>
        <td class="number">${length((it.ended_at ? micros(it.ended_at) : now) - micros(it.started_at))}</td>
        <td>${it.started_by}</td>
        <td class="cut">${it.error ? html`<code class="code">${it.error.code}</code>` : line(it.output)}</td>
      </tr>`)}</tbody>
    </table>
  </div>`;
}

/** The filters; an id goes to its instance. */
function Search({ filters }) {
  const definitions = useResource(api.definitions, ['definitions'], { concerns: () => false });
  const [id, setId] = useState('');
  const change = (name) => (event) => go(['instances'], { ...filters, [name]: event.target.value });
  const moments = (name) => (event) => {
    const at = event.target.value;
    go(['instances'], { ...filters, [name]: at === '' ? '' : new Date(at).toISOString() });
  };
  const workflows = (definitions.data?.workflows ?? []).map(({ name }) => name);
  if (filters.workflow !== '' && !workflows.includes(filters.workflow)) workflows.push(filters.workflow);
  return html`<search class="filters">
    <form class="find" onSubmit=${(event) => { event.preventDefault(); if (id.trim() !== '') go(['instances', id.trim()]); }}>
      <label>Id <input type="search" class="mono" value=${id} placeholder="go to an instance" onInput=${(event) => setId(event.target.value)} spellcheck=${false} /></label>
    </form>
    <label>State <select onChange=${change('state')}>
      ${['', 'running', 'done', 'failed'].map((it) => html`<option value=${it} selected=${it === filters.state}>${it || 'all'}</option>`)}
    </select></label>
    <label>Workflow <select onChange=${change('workflow')}>
      ${['', ...workflows].map((it) => html`<option value=${it} selected=${it === filters.workflow}>${it || 'all'}</option>`)}
    </select></label>
    <label>Started by <input type="search" value=${filters.started_by} onChange=${change('started_by')} /></label>
    <label>After <input type="datetime-local" value=${here(filters.after)} onChange=${moments('after')} /></label>
    <label>Before <input type="datetime-local" value=${here(filters.before)} onChange=${moments('before')} /></label>
  </search>`;
}

/** A time in the form that the browser's field takes, which knows no zone. */
function here(text) {
  if (text === '') return '';
  const at = new Date(text);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
