// Objects: those of an entity, and one of them with its version, which can be replaced by who has
// seen its present version, or knows that he overwrites another's.

import * as api from '../api.js';
import { announce } from '../part/announce.js';
import { Permitted } from '../part/dialog.js';
import { Empty, Loaded, Trouble } from '../part/notice.js';
import { line, Value } from '../part/value.js';
import { moment } from '../format.js';
import { useResource } from '../resource.js';
import { to } from '../route.js';
import { html, useState } from '../ui.js';

export const title = ([, entity, id]) => (id !== undefined ? `${entity} ${id}` : entity !== undefined ? `Objects: ${entity}` : 'Objects');

const LIMIT = 50;

export function Objects({ parts: [, entity, id], query }) {
  const definitions = useResource(api.definitions, ['definitions'], { concerns: () => false });
  const known = definitions.data?.entities ?? [];
  return html`
    <${Loaded} of=${definitions} what="The entities">${() => (known.length === 0
      ? html`<${Empty} title="There are no entities">An entity is a kind of object that workflows load and change: see <code>entity:</code> in a definition.<//>`
      : html`<nav aria-label="Entities"><ul class="tabs">${known.map(({ name }) => html`<li>
        <a href=${to(['objects', name])} aria-current=${name === entity ? 'page' : undefined}>${name}</a></li>`)}</ul></nav>`)}<//>
    ${entity !== undefined && id === undefined && html`<${List} key=${entity} entity=${entity} cursor=${query.get('cursor') ?? ''} />`}
    ${id !== undefined && html`<${One} key=${`${entity}/${id}`} entity=${entity} id=${id} />`}
    ${entity === undefined && known.length > 0 && html`<p class="muted">Choose an entity.</p>`}`;
}

function List({ entity, cursor }) {
  const page = useResource((o) => api.objects(entity, { cursor, limit: LIMIT }, o), ['objects', entity, cursor]);
  return html`<${Loaded} of=${page} what="The objects">${({ items, next }) => {
    if (items.length === 0) return html`<${Empty} title=${`There is no ${entity} yet`}>A workflow creates one, an import, or <code>POST /v1/entities/${entity}/objects</code>.<//>`;
    const names = [...new Set(items.flatMap((it) => Object.keys(attributes(it))))].slice(0, 8);
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${entity}><table class="list">
      <thead><tr><th scope="col">id</th>${names.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col" class="number">version</th><th scope="col">changed</th></tr></thead>
      <tbody>${items.map((it) => html`<tr key=${it.id}>
        <th scope="row"><a class="mono" href=${to(['objects', entity, it.id])}>${it.id}</a></th>
        ${names.map((name) => html`<td class="cut">${line(attributes(it)[name])}</td>`)}
        <td class="number">${it.metadata?.version}</td><td>${moment(it.metadata?.modified_at)}</td>
      </tr>`)}</tbody></table></div>
      <nav class="pages" aria-label="Pages">
        ${cursor !== '' && html`<a class="button" href=${to(['objects', entity])}>First</a>`}
        ${next !== undefined && html`<a class="button" href=${to(['objects', entity], { cursor: next })}>More</a>`}
      </nav>`;
  }}<//>`;
}

/** What the entity declares of an object: all but its id and what the engine keeps. */
function attributes({ id: _id, entity: _entity, metadata: _metadata, ...rest }) {
  return rest;
}

function One({ entity, id }) {
  const object = useResource((o) => api.object(entity, id, o), ['object', entity, id]);
  const [edited, setEdited] = useState();
  return html`<${Loaded} of=${object} what="The object">${(it) => {
    const meta = it.metadata ?? {};
    return html`<section class="card" aria-labelledby="object">
      <div class="head"><h2 id="object">${entity} <span class="mono">${id}</span></h2>
        ${edited === undefined && html`<${Permitted} operation="replace_object" label="Edit…" onClick=${() => setEdited(it)} />`}</div>
      <dl class="facts">
        <div><dt>Version</dt><dd class="figures-in-line">${meta.version}</dd></div>
        <div><dt>Changed</dt><dd>${moment(meta.modified_at)}${meta.modified_by && ` by ${meta.modified_by}`}</dd></div>
        <div><dt>Created</dt><dd>${moment(meta.created_at)}${meta.created_by && ` by ${meta.created_by}`}</dd></div>
      </dl>
      ${edited === undefined ? html`<${Value} value=${attributes(it)} />`
      : html`<${Editor} entity=${entity} id=${id} seen=${edited} close=${() => { setEdited(undefined); object.reload(); }} />`}
    </section>`;
  }}<//>`;
}

/** The attributes as JSON; a save under a version that is not the present one is told who was first. */
function Editor({ entity, id, seen, close }) {
  const [text, setText] = useState(JSON.stringify(attributes(seen), null, 2));
  const [problem, setProblem] = useState();
  const [isSent, setSent] = useState(false);
  const save = async (version) => {
    setSent(true);
    setProblem(undefined);
    try {
      let value;
      try {
        value = JSON.parse(text);
      } catch {
        throw new api.Problem(0, { code: 'request.invalid', detail: 'This is not JSON.' });
      }
      await api.putObject(entity, id, value, version);
      announce('Saved.');
      close();
    } catch (caught) {
      setProblem(caught);
      setSent(false);
    }
  };
  const isStale = problem?.code === 'data.conflict';
  return html`<form onSubmit=${(event) => { event.preventDefault(); if (!isSent) save(seen.metadata.version); }}>
    <label class="field"><span class="label">Attributes <span class="type">JSON; you have seen version ${seen.metadata?.version}</span></span>
      <textarea class="mono" rows="12" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>
    ${problem && html`<${Trouble} problem=${problem} what=${isStale ? 'Somebody has changed it since.' : 'It was not saved.'} />`}
    <div class="buttons">
      <button type="button" class="button" onClick=${close}>${isStale ? 'Give up, show theirs' : 'Go back'}</button>
      ${isStale && html`<button type="button" class="button danger" disabled=${isSent} onClick=${() => save(null)}>Save mine all the same</button>`}
      ${!isStale && html`<button type="submit" class="button main" disabled=${isSent}>Save</button>`}
    </div>
  </form>`;
}
