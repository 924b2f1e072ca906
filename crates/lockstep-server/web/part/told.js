// A sentence of the daemon, for people who look at the page: ids are links, times are those of the
// reader, and what stands between backticks is code.

import { brief, moment } from '../format.js';
import { to } from '../route.js';
import { html } from '../ui.js';

const PARTS = /(`[^`]*`|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

export const Told = ({ text }) => text.split(PARTS).map((part, n) => {
  if (n % 2 === 0) return part;
  if (part.startsWith('`')) return html`<code>${part.slice(1, -1)}</code>`;
  if (part.endsWith('Z')) return html`<time datetime=${part}>${moment(part)}</time>`;
  return html`<a class="mono" href=${to(['instances', part])} title=${part}>${brief(part)}</a>`;
});
