// One instance: what it does now and why it waits, its timeline, its way through the workflow, what
// came in and out, its journal; ending it, trying it again, answering and signalling it.

import * as api from '../api.js';
import { announce } from '../part/announce.js';
import { Asked } from '../part/dialog.js';
import { Graph } from '../part/graph.js';
import { Journal } from '../part/journal.js';
import { Loaded, Trouble } from '../part/notice.js';
import { State } from '../part/state.js';
import { Timeline } from '../part/timeline.js';
import { Told } from '../part/told.js';
import { Value } from '../part/value.js';
import { brief, length, micros, moment } from '../format.js';
import { useNow, useResource } from '../resource.js';
import { go, to } from '../route.js';
import { html, useEffect, useRef, useState } from '../ui.js';
import { Answer } from './answer.js';

export const title = ([, id]) => `Instance ${brief(id)}`;

const hasEnded = ({ state }) => state !== 'running';

export function Instance({ parts: [, id] }) {
  const concerns = (event) => event.instance === undefined || event.instance === id;
  const instance = useResource((o) => api.instance(id, o), ['instance', id], { concerns, isEnded: hasEnded });
  const state = instance.data?.state;
  const journal = useResource((o) => api.journal(id, o), ['journal', id, state], { concerns, isEnded: () => state !== undefined && state !== 'running' });
  const explained = useResource((o) => (state === 'running' ? api.explain(id, o) : Promise.resolve(undefined)),
    // Whoever holds the lock that it waits for says more about it than itself.
    ['explain', id, state], { concerns: (event) => concerns(event) || event.kind.startsWith('lock_'), isEnded: () => state !== 'running' });
  useEnding(state);
  return html`<${Loaded} of=${instance} what="The instance">${(it) => html`
    <${Head} it=${it} reload=${instance.reload} />
    ${it.state === 'running' && html`<${Now} explained=${explained} entries=${journal.data?.items ?? []} id=${id} reload=${instance.reload} />`}
    ${it.error && html`<${Failure} error=${it.error} />`}
    <${Course} it=${it} journal=${journal} explained=${explained.data} />
    <div class="beside">
      <${Picture} it=${it} journal=${journal.data} explained=${explained.data} />
      <div>
        <section class="card" aria-labelledby="input"><h2 id="input">Input</h2><${Value} value=${it.input} /></section>
        ${it.state === 'done' && html`<section class="card" aria-labelledby="output"><h2 id="output">Output</h2><${Value} value=${it.output} /></section>`}
      </div>
    </div>
    <section class="card" aria-labelledby="journal"><h2 id="journal">Journal</h2>
      <${Loaded} of=${journal} what="The journal">${({ items, isCut }) => html`
        <${Journal} entries=${items} from=${micros(it.started_at)} isCut=${isCut} />`}<//>
    </section>`}<//>`;
}

/** Tells when an instance ends while somebody looks at it. */
function useEnding(state) {
  const before = useRef();
  useEffect(() => {
    if (before.current === 'running' && state !== undefined && state !== 'running') announce(`The instance is ${state}.`);
    if (state !== undefined) before.current = state;
  }, [state]);
}

function Head({ it, reload }) {
  const now = useNow(200, it.state === 'running');
  const took = (it.ended_at ? micros(it.ended_at) : now) - micros(it.started_at);
  return html`<div class="head">
    <dl class="facts">
      <div><dt>State</dt><dd><${State} state=${it.state} /></dd></div>
      <div><dt>Workflow</dt><dd><a href=${to(['definitions', it.workflow])}>${it.workflow}</a></dd></div>
      <div><dt>${it.ended_at ? 'Took' : 'For'}</dt><dd class="figures-in-line">${length(took)}</dd></div>
      <div><dt>Started</dt><dd><time datetime=${it.started_at}>${moment(it.started_at)}</time> by ${it.started_by}</dd></div>
      <div><dt>Id</dt><dd class="mono id">${it.id}</dd></div>
    </dl>
    <div class="buttons">
      ${it.state === 'running' && html`
        <${Signal} id=${it.id} after=${reload} />
        <${Asked} operation="cancel_instance" label="Cancel…" kind="danger" title="Cancel this instance?" confirm="Cancel the instance" reason="possible"
          act=${(reason) => api.cancel(it.id, reason || 'cancelled on the page')} done="The instance is cancelled." after=${reload}>
          It ends with the error <code>cancelled</code>. What it has committed stays; what it has not is dropped, and its locks go to the next who wait.
        <//>`}
      ${it.state === 'failed' && html`<${Asked} operation="retry_instance" label="Try again…" kind="main" title="Try it again?" confirm="Start it again"
          act=${() => api.retry(it.id)} done="A new instance has been started." after=${(told) => go(['instances', told.id])}>
          A new instance is started with the same input. Pressed twice, it is still started once.
        <//>`}
    </div>
  </div>`;
}

function Signal({ id, after }) {
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const send = () => {
    let value = null;
    if (text.trim() !== '') {
      try {
        value = JSON.parse(text);
      } catch {
        throw new api.Problem(0, { code: 'request.invalid', detail: 'What it carries is not JSON: write a text in quotes, such as "yes"' });
      }
    }
    return api.signal(id, name, value);
  };
  return html`<${Asked} operation="send_signal" label="Signal…" title="Send a signal" confirm="Send" act=${async () => send()}
    done="The signal is kept until the instance takes it." after=${after}>
    <label class="field"><span class="label">Name</span>
      <input required maxlength="200" value=${name} onInput=${(event) => setName(event.target.value)} spellcheck=${false} /></label>
    <label class="field"><span class="label">What it carries <span class="type">JSON, may be empty</span></span>
      <textarea rows="3" class="mono" value=${text} onInput=${(event) => setText(event.target.value)} spellcheck=${false}></textarea></label>
  <//>`;
}

/** What it does in this moment, in a sentence, and the form that it waits for. */
function Now({ explained, entries, id, reload }) {
  const { data, problem } = explained;
  if (problem && problem.status === 404) return null;
  if (problem) return html`<${Trouble} problem=${problem} what="Why it waits could not be read." />`;
  if (data === undefined) return null;
  const forms = (data.doing ?? []).filter(({ awaits, form }) => awaits === 'signal' && form !== undefined && form !== null);
  const locks = (data.doing ?? []).filter(({ awaits }) => awaits === 'lock').flatMap(({ keys }) => keys);
  return html`
    <section class=${`card now ${locks.length > 0 ? 'waits' : ''}`} aria-label="Now">
      <p class="sentence"><${Told} text=${data.sentence ?? ''} /></p>
      ${locks.length > 0 && html`<p>${locks.map((key) => html`<a class="button" href=${to(['locks', key])}>Look at the lock <span class="mono">${key}</span></a>`)}</p>`}
    </section>
    ${forms.map((doing) => html`<${Answer} key=${doing.name} id=${id} doing=${doing} entries=${entries} after=${reload} />`)}`;
}

const Failure = ({ error }) => html`<section class="card failure" aria-labelledby="error">
  <h2 id="error">Failed${error.activity && html` in <span>${error.activity}</span>`} <code class="code">${error.code}</code></h2>
  <p class="sentence"><${Told} text=${error.message} /></p>
  ${error.details !== null && error.details !== undefined && html`<${Value} value=${error.details} />`}
</section>`;

function Course({ it, journal, explained }) {
  const now = useNow(250, it.state === 'running');
  return html`<section class="card" aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
    <${Loaded} of=${journal} what="The journal">${({ items }) => html`
      <${Timeline} instance=${it} entries=${items} now=${now} doing=${explained?.doing ?? []} />`}<//>
  </section>`;
}

function Picture({ it, journal, explained }) {
  const workflow = useResource((o) => api.workflow(it.workflow, o), ['workflow', it.workflow], { concerns: () => false, isEnded: () => true });
  const svg = workflow.data?.svg;
  if (svg === undefined) return html`<div></div>`;
  const entries = journal?.items ?? [];
  const seen = [...new Set(entries.map(({ activity }) => activity).filter((name) => name !== null))];
  const here = it.state === 'running' ? explained?.activity ?? undefined : undefined;
  return html`<section class="card" aria-labelledby="graph"><h2 id="graph">Way through the workflow</h2>
    <${Graph} svg=${svg} here=${here} seen=${seen} failed=${it.error?.activity} /></section>`;
}
