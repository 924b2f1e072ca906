// A JSON value, for people: names beside values, lists below each other, long texts cut by the view.

import { html } from '../ui.js';

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isPlain = (value) => value === null || typeof value !== 'object';

export function Value({ value }) {
  if (value === undefined) return null;
  if (isMap(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return html`<span class="muted">nothing</span>`;
    return html`<dl class="pairs">${entries.map(([name, it]) => html`
      <div><dt>${name}</dt><dd><${Value} value=${it} /></dd></div>`)}</dl>`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return html`<span class="muted">empty list</span>`;
    if (value.every(isPlain)) return html`<span>${value.map((it, n) => html`${n > 0 && ', '}<${Value} value=${it} />`)}</span>`;
    return html`<ol class="items">${value.map((it) => html`<li><${Value} value=${it} /></li>`)}</ol>`;
  }
  if (value === null) return html`<span class="muted">none</span>`;
  if (typeof value === 'string') return html`<span class="text">${value === '' ? '“”' : value}</span>`;
  return html`<code>${String(value)}</code>`;
}

/** A value in one line of a table. */
export function line(value) {
  if (value === undefined || value === null) return '';
  if (!isMap(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.entries(value).map(([name, it]) => `${name}: ${isPlain(it) ? it : JSON.stringify(it)}`).join(', ');
}
