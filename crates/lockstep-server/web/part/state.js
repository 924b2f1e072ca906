// How an instance is, as a word with a sign: never by colour alone.

import { html } from '../ui.js';

const SIGNS = { running: '●', done: '✓', failed: '✕' };

export const State = ({ state }) =>
  html`<span class=${`state ${state}`}><span aria-hidden="true">${SIGNS[state] ?? '○'}</span> ${state}</span>`;
