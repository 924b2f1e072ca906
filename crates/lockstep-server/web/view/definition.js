// One workflow: its picture, and the text of the file that it is written in, which can be replaced.

import * as api from '../api.js';
import { announce } from '../part/announce.js';
import { Permitted } from '../part/dialog.js';
import { Graph } from '../part/graph.js';
import { Loaded, Trouble } from '../part/notice.js';
import { Finding, Source } from '../part/source.js';
import { useResource } from '../resource.js';
import { to } from '../route.js';
import { html, useState } from '../ui.js';

export const title = ([, name]) => `Workflow ${name}`;

export function Definition({ parts: [, name] }) {
  const definition = useResource((o) => api.workflow(name, o), ['workflow', name], { concerns: () => false });
  const [isEdited, setEdited] = useState(false);
  return html`<${Loaded} of=${definition} what="The definition">${(it) => html`
      <p class="buttons"><a class="button main" href=${to(['start', name])}>Start…</a>
        <a class="button" href=${to(['instances'], { workflow: name })}>Instances</a></p>
      ${it.svg && html`<section class="card" aria-labelledby="graph"><h2 id="graph">Picture</h2><${Graph} svg=${it.svg} /></section>`}
      <section class="card" aria-labelledby="source"><div class="head"><h2 id="source">Source <span class="mono muted">${it.source}</span></h2>
        ${!isEdited && it.isEditable && html`<${Permitted} operation="put_definition" label="Edit…" onClick=${() => setEdited(true)} />`}</div>
        ${isEdited
        ? html`<${Editor} it=${it} close=${() => { setEdited(false); definition.reload(); }} />`
        : html`<${Source} text=${it.text} findings=${it.findings} label="Text of the file" />`}
      </section>`}<//>`;
}

/** The text as a field: it is checked by the daemon, which changes nothing if it is wrong. */
function Editor({ it, close }) {
  const [text, setText] = useState(it.text);
  const [problem, setProblem] = useState();
  const [isSent, setSent] = useState(false);
  const findings = problem?.rest.details?.findings ?? [];
  const submit = async (event) => {
    event.preventDefault();
    if (isSent) return;
    setSent(true);
    try {
      await api.publish(it.source, text);
      announce('The definition is published.');
      close();
    } catch (caught) {
      setProblem(caught);
      setSent(false);
    }
  };
  return html`<form onSubmit=${submit}>
    <label class="field"><span class="label">Text of the file <span class="type">instances that run go on with what they began with</span></span>
      <textarea class="mono editor" rows="24" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>
    ${problem && html`<${Trouble} problem=${problem} what="Nothing has changed." />`}
    ${findings.map((finding) => html`<${Finding} finding=${finding} />`)}
    <div class="buttons"><button type="button" class="button" onClick=${close}>Go back</button>
      <button type="submit" class="button main" disabled=${isSent}>Check and publish</button></div>
  </form>`;
}
