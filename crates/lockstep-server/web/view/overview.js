// The overview: what runs, waits and fails now, and how it was in the last minutes.

import * as api from '../api.js';
import { ago, brief, count, micros } from '../format.js';
import { Empty, Loaded, Trouble } from '../part/notice.js';
import { Plot } from '../part/plot.js';
import { State } from '../part/state.js';
import { useNow, useResource } from '../resource.js';
import { to } from '../route.js';
import { html, useState } from '../ui.js';

export const title = () => 'Overview';

/** The daemon counts once a second, whatever happens. */
const SAMPLED_EVERY = 1000;

export function Overview() {
  const overview = useResource(api.overview, ['overview'], { every: SAMPLED_EVERY });
  const failed = useResource((o) => api.instances({ state: 'failed', limit: 6 }, o), ['failed']);
  const running = useResource((o) => api.instances({ state: 'running', limit: 6 }, o), ['running']);
  return html`
    <${Loaded} of=${overview} what="The overview">${(data) => html`<${Figures} data=${data} />`}<//>
    <div class="columns">
      <${Latest} of=${running} title="Running" href=${to(['instances'], { state: 'running' })}
        empty=${html`<${Empty} title="Nothing runs"><a href=${to(['start'])}>Start an instance</a>, or let an application do it over HTTP.<//>`} />
      <${Latest} of=${failed} title="Failed lately" href=${to(['instances'], { state: 'failed' })}
        empty=${html`<${Empty} title="Nothing has failed">What fails is listed here, with its error and a way to try again.<//>`} />
    </div>`;
}

function Figures({ data }) {
  const [span, setSpan] = useState('seconds');
  const points = data[span];
  const times = points.map(({ at }) => micros(at) / 1e6);
  const values = (name, factor = 1) => points.map((point) => (point[name] === undefined || point[name] === null ? null : point[name] * factor));
  const { instances, locks, last_minute: last } = data;
  return html`
    <ul class="figures" aria-label="Now">
      <${Figure} number=${instances.running} word="running" href=${to(['instances'], { state: 'running' })} />
      <${Figure} number=${locks.waiting} word="waiting for locks" kind=${locks.waiting > 0 ? 'lock' : ''} href=${to(['locks'])} />
      <${Figure} number=${locks.holding} word="holding locks" href=${to(['locks'])} />
      <${Figure} number=${last.done} word="done in the last minute" kind=${last.done > 0 ? 'done' : ''} href=${to(['instances'], { state: 'done' })} />
      <${Figure} number=${last.failed} word="failed in the last minute" kind=${last.failed > 0 ? 'failed' : ''} href=${to(['instances'], { state: 'failed' })} />
    </ul>
    <div class="over"><label>Plots over <select onChange=${(event) => setSpan(event.target.value)}>
      <option value="seconds" selected=${span === 'seconds'}>the last minute</option>
      <option value="minutes" selected=${span === 'minutes'}>the last hour</option></select></label></div>
    <div class="columns wide-ones">
      <section class="card" aria-label="Throughput over time"><${Plot} title="Throughput" unit=${`instances a ${span === 'seconds' ? 'second' : 'minute'}`} times=${times} series=${[
        { label: 'started', ink: 'running', values: values('started') },
        { label: 'done', ink: 'done', dash: [5, 3], values: values('done') },
        { label: 'failed', ink: 'failed', values: values('failed') },
      ]} /></section>
      <section class="card" aria-label="Locks over time"><${Plot} title="Locks" unit="instances and clients" times=${times} series=${[
        { label: 'waiting', ink: 'lock', values: values('waiting') },
        { label: 'holding', ink: 'muted', dash: [5, 3], values: values('holding') },
      ]} /></section>
      <section class="card" aria-label="Time from start to end"><${Plot} title="From start to end" unit="milliseconds" times=${times} series=${[
        { label: 'half are faster than', ink: 'running', values: values('median_seconds', 1000) },
        { label: '99 of 100 than', ink: 'commit', dash: [5, 3], values: values('slowest_seconds', 1000) },
      ]} /></section>
      <${Hottest} locks=${locks.hottest} />
    </div>`;
}

const Figure = ({ number, word, kind = '', href }) =>
  html`<li><a class=${`figure ${kind}`} href=${href}><span class="figure-number">${count(number)}</span><span>${word}</span></a></li>`;

function Hottest({ locks }) {
  const most = Math.max(...locks.map(({ waiting }) => waiting), 1);
  return html`<section class="card" aria-labelledby="hottest">
    <h2 id="hottest">Hottest locks</h2>
    ${locks.length === 0 && html`<${Empty} title="Nobody waits">The locks for which most wait are listed here.<//>`}
    <ol class="heat">${locks.map(({ key, waiting }) => html`<li key=${key}>
      <a class="mono cut" href=${to(['locks', key])}>${key}</a>
      <span class="heat-track" aria-hidden="true"><span class="heat-bar" style=${{ width: `${(100 * waiting) / most}%` }}></span></span>
      <span class="number">${count(waiting)} waiting</span>
    </li>`)}</ol>
  </section>`;
}

function Latest({ of, title, href, empty }) {
  const now = useNow(1000);
  // What has begun since the clock was looked at, has begun just now.
  const passed = (at) => ago(at, Math.max(now, micros(at)));
  return html`<section class="card" aria-label=${title}>
    <h2><a href=${href}>${title}</a></h2>
    ${of.problem && html`<${Trouble} problem=${of.problem} what="The list could not be read." />`}
    ${of.data?.items.length === 0 && empty}
    ${of.data?.items.length > 0 && html`<ul class="brief">${of.data.items.map((it) => html`<li key=${it.id}>
      <${State} state=${it.state} />
      <a href=${to(['instances', it.id])}>${it.workflow} <span class="mono muted">${brief(it.id)}</span></a>
      ${it.error && html`<code class="code">${it.error.code}</code>`}
      <time class="muted" datetime=${it.ended_at ?? it.started_at}>${passed(it.ended_at ?? it.started_at)}</time>
    </li>`)}</ul>`}
  </section>`;
}
