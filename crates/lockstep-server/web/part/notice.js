// What a view says when there is nothing to show, or when something went wrong.

import { html } from '../ui.js';
import { Told } from './told.js';

const REMEDIES = {
  'daemon.unreachable': 'Nothing is lost: what runs, goes on when the daemon is started again.',
  'access.forbidden': 'Ask who runs this daemon for a token with the role that it takes, and sign in with it.',
  'access.rate': 'Wait a little; the page asks again by itself.',
  'engine.stopped': 'Its log tells why. After a restart everything that was acknowledged is there.',
  'route.not_found': 'This daemon does not offer it.',
  'request.host': 'Open the page under a name that the daemon knows: see --host.',
};

/** A problem: what it is, why, and what to do. */
export const Trouble = ({ problem, what }) => {
  const remedy = REMEDIES[problem.code];
  return html`<div class="trouble" role="alert">
    <strong>${what.replace(/\.$/, ':')}</strong> <${Told} text=${problem.message} />${/[.!?]$/.test(problem.message) ? '' : '.'} ${remedy}${' '}
    <code class="code">${problem.code}</code>
  </div>`;
};

/** A view whose data are asked for, could not be read, or are there. */
export const Loaded = ({ of, what, children }) => {
  const { data, problem } = of;
  return html`
    ${problem && html`<${Trouble} problem=${problem} what=${`${what} could not be read.`} />`}
    ${data === undefined && !problem && html`<p class="muted" aria-busy="true">Reading…</p>`}
    ${data !== undefined && children(data)}`;
};

/** Nothing to show, and what to do about it. */
export const Empty = ({ title, children }) =>
  html`<div class="empty"><p class="empty-title">${title}</p><p>${children}</p></div>`;
