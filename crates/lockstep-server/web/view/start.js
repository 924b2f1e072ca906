// Starting an instance by a form that is made of what its workflow takes.

import * as api from '../api.js';
import { announce } from '../part/announce.js';
import { InputForm } from '../part/input_form.js';
import { Empty, Loaded } from '../part/notice.js';
import { useResource } from '../resource.js';
import { go, to } from '../route.js';
import { html, useMemo } from '../ui.js';

export const title = ([, name]) => (name === undefined ? 'Start' : `Start ${name}`);

export function Start({ parts: [, name] }) {
  const definitions = useResource(api.definitions, ['definitions'], { concerns: () => false });
  return html`<${Loaded} of=${definitions} what="The definitions">${({ workflows }) => {
    if (workflows.length === 0) return html`<${Empty} title="There is no workflow yet">Start the daemon with <code>--workflows DIR</code>.<//>`;
    const workflow = workflows.find((it) => it.name === name);
    return html`
      <nav aria-label="Workflows"><ul class="tabs">${workflows.map((it) => html`<li>
        <a href=${to(['start', it.name])} aria-current=${it.name === name ? 'page' : undefined}>${it.name}</a></li>`)}</ul></nav>
      ${name === undefined && html`<p class="muted">Choose a workflow.</p>`}
      ${name !== undefined && workflow === undefined && html`<${Empty} title="There is no such workflow">Choose another one.<//>`}
      ${workflow && html`<${Form} key=${name} workflow=${workflow} />`}`;
  }}<//>`;
}

function Form({ workflow }) {
  // Whoever presses twice, or again after an answer was lost, starts one instance.
  const keys = useMemo(() => new Map(), []);
  const send = async (input) => {
    const text = JSON.stringify(input);
    if (!keys.has(text)) keys.set(text, drawn());
    const told = await api.start(workflow.name, input, keys.get(text));
    announce('The instance is started.');
    go(['instances', told.id]);
  };
  return html`<section class="card narrow" aria-labelledby="start">
    <h2 id="start">${workflow.name}</h2>
    ${workflow.description && html`<p class="muted">${workflow.description}</p>`}
    <${InputForm} fields=${workflow.input} send=${send} label="Start" prefix="input" operation="start_instance" />
  </section>`;
}

/** A key that nobody else has. */
const drawn = () => [...crypto.getRandomValues(new Uint8Array(16))].map((it) => it.toString(16).padStart(2, '0')).join('');
