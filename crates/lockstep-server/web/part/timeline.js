// The timeline of an instance: a lane for each activity, a bar for each thing that took time.
//
// Each kind has a colour and a pattern of its own; the legend tells how long each took in all, and the
// journal below tells the same in words.

import { length, moment } from '../format.js';
import { html } from '../ui.js';
import { KINDS, timeline } from './segments.js';

/** Most lanes that are drawn: beyond that nobody finds one. */
const MOST_LANES = 60;
const MOST_BARS = 200;

export function Timeline({ instance, entries, now, doing }) {
  const { lanes, from, to, sums } = timeline(instance, entries, now, doing);
  if (lanes.length === 0) return html`<p class="muted">Its journal does not tell anything yet.</p>`;
  const place = (at) => `${(100 * (at - from)) / (to - from)}%`;
  const shown = lanes.slice(0, MOST_LANES);
  const took = (kind) => (sums[kind].length > 0 ? length(sums[kind].length) : `${sums[kind].times}×`);
  const told = Object.entries(KINDS).filter(([kind]) => sums[kind].times > 0)
    .map(([kind, word]) => `${word} ${took(kind)}`).join(', ');
  return html`<div class="timeline">
    <ul class="legend" aria-label="What the bars mean, and how long each took">
      ${Object.entries(KINDS).map(([kind, word]) => html`
        <li class=${sums[kind].times > 0 ? '' : 'none'}><span class=${`swatch bar-${kind}`} aria-hidden="true"></span>${word}${' '}
          <b>${sums[kind].times > 0 ? took(kind) : '–'}</b></li>`)}
    </ul>
    <div class="lanes" role="img" aria-label=${`Timeline over ${length(to - from)}: ${told}.`}>
      <${Axis} from=${from} to=${to} />
      ${shown.map((lane) => html`<div class="lane" key=${lane.name}>
        <div class="lane-name" title=${lane.name}>${lane.name === '' ? 'workflow' : lane.name}</div>
        <div class="tracks">
          ${lane.tracks.map((track) => html`<div class="track">
            ${track.slice(0, MOST_BARS).map((bar) => html`<span class=${`bar bar-${bar.kind}`}
              style=${{ left: place(bar.from), width: place(from + bar.to - bar.from) }}
              title=${`${KINDS[bar.kind]}: ${bar.label}, ${length(bar.to - bar.from)}`}></span>`)}
          </div>`)}
          ${lane.marks.map((mark) => html`<span class="mark" style=${{ left: place(mark.at) }} title=${mark.label}>✕</span>`)}
        </div>
      </div>`)}
    </div>
    ${lanes.length > MOST_LANES && html`<p class="muted">${lanes.length - MOST_LANES} more activities are told by the journal.</p>`}
  </div>`;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Lines at round lengths of time since the beginning. */
function Axis({ from, to }) {
  const span = to - from;
  const step = round(span / 4);
  const ticks = [];
  for (let at = 0; at <= span * 0.97; at += step) ticks.push(at);
  return html`<div class="lane axis"><div class="lane-name">${moment(new Date(from / 1000).toISOString())}</div>
    <div class="tracks"><div class="ticks">
      ${ticks.map((at) => html`<span class="tick" style=${{ left: `${(100 * at) / span}%` }}><span>${at === 0 ? '0' : `+${length(at)}`}</span></span>`)}
    </div></div></div>`;
}

function round(us) {
  for (const unit of [1, 1e3, 1e6]) {
    const found = STEPS.find((step) => step * unit >= us && (unit < 1e6 || step < 60));
    if (found !== undefined) return found * unit;
  }
  const minutes = [1, 2, 5, 10, 20, 30, 60, 120, 300, 720, 1440, 2880, 7200, 14400, 43200];
  return (minutes.find((it) => it * 60e6 >= us) ?? us / 60e6) * 60e6;
}
