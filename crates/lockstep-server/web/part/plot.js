// A plot over time, by uPlot, in the colours of the page; what it shows is told in words, too.

import { html, useEffect, useRef } from '../ui.js';
import { count } from '../format.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function options(series, width, height) {
  const axis = {
    stroke: colour('muted'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    // Half of the last label of the time stands beyond the last point.
    padding: [8, 26, 0, 0],
    scales: { x: { time: true }, y: { range: (_, least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, at) => at.map((it) => clock(it)) },
      { ...axis, size: 44, space: 26, values: (_, at) => at.map((it) => (Number.isInteger(it) ? count(it) : '')) },
    ],
    series: [
      {},
      ...series.map(({ ink, dash }) => ({
        stroke: colour(ink),
        width: 1.75,
        dash,
        fill: dash ? undefined : `${colour(ink)}1f`,
        // What nothing joins to another is seen as a point.
        points: { show: (plot, at) => plot.data[at].filter((it) => it !== null).length === 1, size: 6, fill: colour(ink) },
        spanGaps: true,
      })),
    ],
  };
}

/** The last value that there is. */
const number = (values) => {
  const last = values.findLast((it) => it !== null);
  if (last === undefined) return '–';
  return last < 10 ? String(Math.round(last * 10) / 10) : count(Math.round(last));
};

const clock = (at) => new Date(at * 1000).toTimeString().slice(0, 8);

/**
 * `times` in seconds; `series` of `{ label, ink, dash?, values }`, where `ink` names a colour of the style.
 */
export function Plot({ title, unit, times, series, height = 150 }) {
  const place = useRef();
  const plot = useRef();
  const shown = useRef();
  shown.current = [times, ...series.map(({ values }) => values)];
  useEffect(() => {
    const element = place.current;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(series, element.clientWidth, height), shown.current, element);
    };
    make();
    const watch = new ResizeObserver(() => plot.current.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    dark.addEventListener('change', make);
    return () => {
      watch.disconnect();
      dark.removeEventListener('change', make);
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current.setData(shown.current));
  const told = series.map(({ label, values }) => {
    return `${label}: ${number(values)} now, at most ${count(Math.round(Math.max(0, ...values)))}`;
  });
  return html`<figure class="plot">
    <figcaption><span class="plot-title">${title}</span> <span class="muted">${unit}</span>
      <span class="plot-keys">${series.map(({ label, ink, dash, values }) => html`
        <span class="plot-key"><span class=${`dash ink-${ink} ${dash ? 'broken' : ''}`} aria-hidden="true"></span>
          ${label} <b>${number(values)}</b></span>`)}</span>
    </figcaption>
    <div ref=${place} class="plot-place" role="img" aria-label=${`${title}, ${unit}. ${told.join('. ')}.`}></div>
  </figure>`;
}
