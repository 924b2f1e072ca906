// The journal of an instance, in words: a line for each entry.

import { brief, exact, length, micros, moment } from '../format.js';
import { to } from '../route.js';
import { html } from '../ui.js';
import { happening } from './segments.js';

const Lock = ({ name }) => html`<a href=${to(['locks', name])} class="mono">${name}</a>`;
const Id = ({ id }) => html`<a href=${to(['instances', id])} class="mono" title=${id}>${brief(id)}</a>`;
const at = (us) => moment(new Date(us / 1000).toISOString());

const WORDS = {
  started: () => 'started',
  lock_waited: ({ key, holder }) => html`waits for the lock <${Lock} name=${key} />${holder && html`, which <${Id} id=${holder} /> holds`}`,
  lock_granted: ({ key, token, waited }) =>
    html`got the lock <${Lock} name=${key} />${waited > 0 && ` after ${length(waited)}`} <span class="muted">token ${token}</span>`,
  lock_lost: ({ key }) => html`<b>lost</b> the lock <${Lock} name=${key} />`,
  lock_released: ({ key }) => html`gave the lock <${Lock} name=${key} /> back`,
  lock_broken: ({ key, by, reason }) => html`the lock <${Lock} name=${key} /> was <b>broken</b> by ${by}: ${reason}`,
  client_asked: ({ key, owner, note }) => html`client ${owner} asked for the lock <${Lock} name=${key} />${note && `: ${note}`}`,
  lock_renewed: ({ until }) => `renewed until ${at(until)}`,
  skipped: () => 'left out',
  called: ({ attempt }) => `calls outside${attempt > 1 ? `, attempt ${attempt}` : ''}`,
  returned: ({ error }) => (error ? html`the call failed with <code>${error}</code>` : 'the call came back'),
  committed: (objects) => Committed({ objects }),
  retried: ({ error }) => html`begins again after <code>${error}</code>`,
  caught: ({ error }) => html`<code>${error}</code> is caught`,
  logged: (text) => html`says: ${text}`,
  waited: ({ signal, title, until }) =>
    html`waits${title ? html` for the form <b>${title}</b>` : signal && html` for the signal ${signal}`}${until && `, until ${at(until)}`}`,
  signalled: ({ name, by }) => `the signal ${name} came from ${by}`,
  signal_taken: ({ name, by }) => `takes the signal ${name} of ${by}`,
  signal_dropped: ({ name, by, error }) => `drops the signal ${name} of ${by}: ${error}`,
  child_started: ({ instance, workflow, awaited }) => html`${awaited ? 'calls' : 'starts'} workflow ${workflow}: <${Id} id=${instance} />`,
  child_ended: ({ instance, error }) => html`<${Id} id=${instance} /> ${error ? html`failed with <code>${error}</code>` : 'is done'}`,
  traced: ({ parent }) => `goes on with the trace ${parent}`,
  each_began: ({ items }) => `goes through ${items} items`,
  parallel_began: ({ branches }) => `goes on in branches: ${branches.join(', ')}`,
  recovered: () => 'taken up again after a restart',
  finished: () => 'ended well',
  failed: ({ error, message }) => html`failed with <code>${error}</code>: ${message}`,
};

function Committed({ objects }) {
  if (!Array.isArray(objects) || objects.length === 0) return 'committed, without changes';
  return html`committed ${objects.map(([object, version], n) => html`${n > 0 && ', '}<span class="mono">${object}</span> ${version === 0 ? 'deleted' : `version ${version}`}`)}`;
}

const BAD = new Set(['failed', 'lock_lost', 'lock_broken', 'signal_dropped']);

export function Journal({ entries, from, isCut }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Entries of the journal">
    <table class="journal">
      <thead><tr><th scope="col">time</th><th scope="col" class="number">since start</th><th scope="col">activity</th><th scope="col">what happened</th></tr></thead>
      <tbody>${entries.map((entry, number) => {
        const [name, content] = happening(entry);
        return html`<tr key=${number} class=${BAD.has(name) ? 'bad' : ''}>
          <td class="time"><time datetime=${entry.at}>${exact(entry.at)}</time></td>
          <td class="number muted">+${length(micros(entry.at) - from)}</td>
          <td>${entry.activity ?? ''}</td>
          <td class="wide">${WORDS[name]?.(content) ?? name}</td>
        </tr>`;
      })}</tbody>
    </table>
    ${isCut && html`<p class="muted">There is more: <code>lockstep journal</code> tells all of it.</p>`}
  </div>`;
}
