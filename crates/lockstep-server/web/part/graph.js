// The picture of a workflow, laid out and drawn by the daemon (as `lockstep graph` does), with the
// place where an instance is.
//
// Invariants:
// - Only shapes and texts of the picture come into the page: what could act or carry a style of its
//   own is left out, so that the page's style counts.

import { html, useEffect, useRef } from '../ui.js';

const KEPT = new Set(['svg', 'g', 'rect', 'path', 'text', 'title', 'desc']);
const PLAIN = /^(class|x|y|width|height|rx|d|transform|viewbox|role|text-anchor|aria-labelledby|id|data-activity)$/i;

/** `svg` is the picture as text, `here` the activity where it is, `seen` those that it went through. */
export function Graph({ svg, here, seen = [], failed }) {
  const place = useRef();
  useEffect(() => {
    const picture = cleaned(svg);
    if (picture !== undefined) place.current.replaceChildren(picture);
    else place.current.textContent = 'The picture cannot be read.';
  }, [svg]);
  useEffect(() => {
    for (const box of place.current.querySelectorAll('g')) {
      const name = box.dataset.activity ?? box.querySelector('.title')?.textContent;
      box.classList.toggle('here', name === here);
      box.classList.toggle('seen', name !== here && seen.includes(name));
      box.classList.toggle('broke', name === failed);
    }
    // Where it is, or else the middle, is in sight.
    const view = place.current.getBoundingClientRect();
    const box = place.current.querySelector('.here, .broke')?.getBoundingClientRect();
    const middle = box === undefined ? place.current.scrollWidth / 2 : place.current.scrollLeft + box.left - view.left + box.width / 2;
    place.current.scrollLeft = middle - view.width / 2;
    if (box !== undefined && (box.top < view.top || box.bottom > view.bottom)) place.current.scrollTop += box.top - view.top - 60;
  }, [svg, here, failed, seen.join('\n')]);
  const at = failed ? ` It failed in ${failed}.` : here ? ` It is at ${here}.` : '';
  return html`<div class="graph" ref=${place} tabindex="0" role="group" aria-label=${`Picture of the workflow.${at}`}></div>`;
}

function cleaned(text) {
  // The policy of the page counts for what it parses, too: the style goes before that.
  const bare = text.replace(/<style\b[^]*?<\/style>/g, '');
  const read = new DOMParser().parseFromString(bare, 'image/svg+xml').documentElement;
  if (read.localName !== 'svg') return undefined;
  for (const element of [read, ...read.querySelectorAll('*')]) {
    if (!KEPT.has(element.localName)) {
      element.remove();
      continue;
    }
    for (const { name } of [...element.attributes]) if (!PLAIN.test(name)) element.removeAttribute(name);
  }
  return document.importNode(read, true);
}
