// A form made of declared fields: the inputs of a workflow, or what a person is asked.
//
// Invariants:
// - What cannot be a value of its type is told beside its field, before anything is sent.
// - A field that is left empty is not sent: the declared default counts, or that it is optional.
//
// A field is `{ name, type, optional?, default?, description? }`.

import { useRefusal } from '../caller.js';
import { html, useRef, useState } from '../ui.js';
import { Trouble } from './notice.js';

const WHOLE = /^[+-]?\d+$/;
/** What is written as JSON: lists, maps, anything, whole objects. */
const COMPOUND = /^(list<|map<|any$|[A-Z])/;

/** Reads what was written; throws a sentence if it is not of the type. */
export function read(field, text) {
  const { type } = field;
  if (type === 'int' || type === 'uint') {
    if (!WHOLE.test(text.trim()) || (type === 'uint' && Number(text) < 0)) throw new Error('Write a whole number.');
    if (!Number.isSafeInteger(Number(text))) throw new Error('This number is too large for a form.');
    return Number(text);
  }
  if (type === 'double') {
    const number = Number(text.trim().replace(',', '.'));
    if (!Number.isFinite(number)) throw new Error('Write a number.');
    return number;
  }
  if (type === 'bool') return text === 'true';
  if (type === 'timestamp') {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new Error('Write a day and a time.');
    return at.toISOString();
  }
  if (COMPOUND.test(type)) {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`Write JSON, such as ${type.startsWith('list<') ? '["a", "b"]' : '{"a": 1}'}.`);
    }
  }
  return text;
}

const isNeeded = (field) => !field.optional && field.default === undefined;
const shown = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/** The form; `send(values)` returns a promise. `prefix` keeps the ids of two forms apart. */
export function InputForm({ fields, send, label, prefix = 'field', operation }) {
  const refusal = useRefusal(operation);
  const [texts, setTexts] = useState({});
  const [wrong, setWrong] = useState({});
  const [problem, setProblem] = useState();
  const [isSent, setSent] = useState(false);
  const form = useRef();
  const submit = async (event) => {
    event.preventDefault();
    if (isSent) return;
    const { values, errors } = gathered(fields, texts);
    setWrong(errors);
    const first = fields.find((field) => errors[field.name] !== undefined);
    if (first !== undefined) {
      form.current.querySelector(`[id="${CSS.escape(`${prefix}-${first.name}`)}"]`)?.focus();
      return;
    }
    setSent(true);
    setProblem(undefined);
    try {
      await send(values);
    } catch (caught) {
      setProblem(caught);
    }
    setSent(false);
  };
  const change = (name) => (event) => setTexts({ ...texts, [name]: event.target.value });
  return html`<form ref=${form} class="form" onSubmit=${submit} novalidate>
    ${fields.length === 0 && html`<p class="muted">It asks for nothing.</p>`}
    ${fields.map((field) => html`<${Field} key=${field.name} ...${{ field, prefix }} text=${texts[field.name] ?? ''}
      wrong=${wrong[field.name]} change=${change(field.name)} />`)}
    ${problem && html`<${Trouble} problem=${problem} what="It was not taken." />`}
    ${refusal && html`<p class="muted">${refusal}</p>`}
    <div class="buttons"><button type="submit" class="button main" disabled=${isSent || refusal !== undefined} title=${refusal}>${label}</button></div>
  </form>`;
}

function gathered(fields, texts) {
  const values = {};
  const errors = {};
  for (const field of fields) {
    const text = texts[field.name] ?? '';
    if (text.trim() === '') {
      if (isNeeded(field)) errors[field.name] = field.type === 'bool' ? 'Choose one.' : 'This is needed.';
      continue;
    }
    try {
      values[field.name] = read(field, text);
    } catch (error) {
      errors[field.name] = error.message;
    }
  }
  return { values, errors };
}

function Field({ field, prefix, text, wrong, change }) {
  const id = `${prefix}-${field.name}`;
  const hint = [
    field.description,
    field.default !== undefined && `if left empty: ${shown(field.default)}`,
  ].filter(Boolean).join(' · ');
  const common = {
    id,
    name: field.name,
    required: isNeeded(field),
    'aria-invalid': wrong === undefined ? undefined : 'true',
    'aria-describedby': `${id}-hint${wrong === undefined ? '' : ` ${id}-wrong`}`,
  };
  return html`<div class="field">
    <label class="label" for=${id}>${field.name}
      <span class="type">${field.type}${isNeeded(field) ? '' : ', may be empty'}</span></label>
    <${Control} ...${{ field, common, text, change }} />
    <span class="hint" id=${`${id}-hint`}>${hint}</span>
    ${wrong !== undefined && html`<span class="wrong" id=${`${id}-wrong`}>${wrong}</span>`}
  </div>`;
}

function Control({ field, common, text, change }) {
  const { type } = field;
  if (type === 'bool') {
    return html`<select ...${common} value=${text} onChange=${change}>
      <option value="">${isNeeded(field) ? 'Choose…' : '—'}</option>
      ${[['true', 'yes'], ['false', 'no']].map(([value, word]) => html`<option value=${value} selected=${value === text}>${word}</option>`)}
    </select>`;
  }
  if (COMPOUND.test(type)) {
    return html`<textarea ...${common} rows="3" class="mono" spellcheck=${false} value=${text} onInput=${change}></textarea>`;
  }
  if (type === 'timestamp') {
    return html`<input ...${common} type="datetime-local" step="1" value=${text} onInput=${change} />`;
  }
  const isNumber = ['int', 'uint', 'double'].includes(type);
  return html`<input ...${common} type="text" inputmode=${isNumber ? 'decimal' : undefined} autocomplete="off"
    spellcheck=${false} value=${text} onInput=${change} />`;
}
