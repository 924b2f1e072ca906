// The text of a definition, with the numbers of its lines, and findings below the lines they are about.

import { html } from '../ui.js';

/** Splits a line of YAML into what is drawn apart: comment, key, expression, text. */
function pieces(line) {
  const comment = line.match(/^(.*?)(^|\s)(#.*)$/);
  if (comment && !/["'].*#.*["']/.test(line)) {
    return [...pieces(comment[1] + comment[2]), ['comment', comment[3]]];
  }
  const key = line.match(/^(\s*(?:- )?)([\w-]+)(:)(.*)$/);
  if (key) return [['', key[1]], ['key', key[2]], ['', key[3]], ...expressions(key[4])];
  return expressions(line);
}

function expressions(text) {
  return text.split(/(\$\{[^}]*\})/).map((part) => [part.startsWith('${') ? 'expression' : '', part]);
}

export function Source({ text, findings = [], label }) {
  const about = new Map();
  for (const finding of findings) about.set(finding.line, [...(about.get(finding.line) ?? []), finding]);
  return html`<div class="scroll source" tabindex="0" role="region" aria-label=${label}>
    <ol>${text.replace(/\n$/, '').split('\n').map((line, n) => html`<li key=${n}>
      <code>${pieces(line).map(([kind, part]) => (kind === '' ? part : html`<span class=${`yaml-${kind}`}>${part}</span>`))}${line === '' && ' '}</code>
      ${about.get(n + 1)?.map((finding) => html`<${Finding} finding=${finding} />`)}
    </li>`)}</ol>
  </div>`;
}

export const Finding = ({ finding }) => html`<p class=${`finding ${finding.severity ?? 'error'}`}>
  <strong>${finding.severity ?? 'error'}</strong> <code>${finding.code}</code>
  ${finding.line > 0 && html` <span class="muted">${finding.file}:${finding.line}:${finding.column}</span>`} ${finding.message}
  ${finding.help && html`<span class="remedy">${finding.help}</span>`}
</p>`;
