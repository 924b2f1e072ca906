// What is published: workflows with what they take and what starts them, entities, files.

import * as api from '../api.js';
import { ago } from '../format.js';
import { Empty, Loaded } from '../part/notice.js';
import { Finding } from '../part/source.js';
import { useResource } from '../resource.js';
import { to } from '../route.js';
import { html } from '../ui.js';

export const title = () => 'Definitions';

export function Definitions() {
  const definitions = useResource(api.definitions, ['definitions'], { concerns: () => false });
  return html`<${Loaded} of=${definitions} what="The definitions">${(it) => html`
    ${it.pending_errors.length > 0 && html`<section class="card failure" aria-labelledby="pending">
      <h2 id="pending">A changed file is not taken up</h2>
      <p>What was published before goes on. Mend this, and it is published by itself.</p>
      ${it.pending_errors.map((finding) => html`<${Finding} finding=${finding} />`)}
    </section>`}
    ${it.workflows.length === 0 ? html`<${Empty} title="There is no workflow yet">Start the daemon with <code>--workflows DIR</code>, or send a file: <code>PUT /v1/definitions/NAME</code>.<//>`
    : html`<ul class="cards">${it.workflows.map((workflow) => html`<li class="card" key=${workflow.name}>
      <h2><a href=${to(['definitions', workflow.name])}>${workflow.name}</a></h2>
      ${workflow.description && html`<p>${workflow.description}</p>`}
      <p class="muted">${takes(workflow.input)}${workflow.triggers.map((it) => ` ${starts(it)}`)}</p>
      <p class="buttons"><a class="button" href=${to(['start', workflow.name])} aria-label=${`Start ${workflow.name}`}>Start…</a>
        <a class="button" href=${to(['instances'], { workflow: workflow.name })} aria-label=${`Instances of ${workflow.name}`}>Instances</a></p>
    </li>`)}</ul>`}
    ${it.entities.length > 0 && html`<section class="card" aria-labelledby="entities"><h2 id="entities">Entities</h2>
      <ul class="plain">${it.entities.map(({ name, attributes }) => html`<li><a href=${to(['objects', name])}>${name}</a>${' '}
        <span class="muted">${attributes.map((it) => it.name).join(', ')}</span></li>`)}</ul></section>`}
    ${it.since && html`<p class="muted">Published ${ago(it.since)}.</p>`}`}<//>`;
}

const takes = (inputs) => (inputs.length === 0 ? 'Takes no input.' : `Takes ${inputs.map(({ name }) => name).join(', ')}.`);

const STARTS = {
  schedule: ({ cron, time_zone }) => `Started by the clock: ${cron} (${time_zone}).`,
  change: ({ entity }) => `Started by changes of ${entity}.`,
  webhook: ({ name }) => `Started by the webhook ${name}.`,
};
const starts = (trigger) => STARTS[trigger.kind]?.(trigger) ?? '';
