// The page: what stands around every view, and which view is shown.
//
// Invariants:
// - Every view has an address, a title and one heading of the first level.
// - When the view changes, the focus goes to its heading, so that a screen reader begins there.

import { useCaller } from './caller.js';
import { announce } from './part/announce.js';
import { standing, watch as watchLive } from './live.js';
import { isRefused, take, token, watch as watchSession } from './session.js';
import { to, useRoute } from './route.js';
import { html, render, useEffect, useRef, useState } from './ui.js';
import * as answer from './view/answer.js';
import * as definition from './view/definition.js';
import * as definitions from './view/definitions.js';
import * as instance from './view/instance.js';
import * as instances from './view/instances.js';
import * as lock from './view/lock.js';
import * as locks from './view/locks.js';
import * as objects from './view/objects.js';
import * as overview from './view/overview.js';
import { SignIn } from './view/sign_in.js';
import * as start from './view/start.js';

const nothing = { title: () => 'There is no such page', View: () => html`<p><a href="#/">Go to the overview</a></p>` };

/** The view of an address. */
function viewOf(parts) {
  const [first, second, third] = parts;
  const isOne = second !== undefined;
  switch (first) {
    case undefined: return { ...overview, View: overview.Overview };
    case 'instances': return isOne ? { ...instance, View: instance.Instance } : { ...instances, View: instances.Instances };
    case 'answer': return third === undefined ? nothing : { ...answer, View: answer.Question };
    case 'locks': return isOne ? { ...lock, View: lock.Lock } : { ...locks, View: locks.Locks };
    case 'definitions': return isOne ? { ...definition, View: definition.Definition } : { ...definitions, View: definitions.Definitions };
    case 'objects': return { ...objects, View: objects.Objects };
    case 'start': return { ...start, View: start.Start };
    default: return nothing;
  }
}

const ROOMS = [[[], 'Overview'], [['instances'], 'Instances'], [['locks'], 'Locks'], [['definitions'], 'Definitions'], [['objects'], 'Objects'], [['start'], 'Start']];

const STANDINGS = {
  live: 'Live',
  asking: 'Asked every 2 s',
  away: 'The daemon is away',
};

function useWatched(watch, read) {
  const [value, setValue] = useState(read());
  useEffect(() => {
    setValue(read());
    return watch(() => setValue(read()));
  }, []);
  return value;
}

function Page() {
  const isOut = useWatched(watchSession, isRefused);
  const { parts, query } = useRoute();
  if (isOut) return html`<${SignIn} />`;
  const { title, View } = viewOf(parts);
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById('heading').focus(); }}>Go to the content</a>
    <header class="side">
      <a class="brand" href="#/" aria-label="Lockstep, overview"><img src="/assets/icon.svg" alt="" width="22" height="22" /> <span>Lockstep</span></a>
      <nav aria-label="Views"><ul>${ROOMS.map(([room, word]) => html`<li>
        <a href=${to(room)} aria-current=${parts[0] === room[0] ? (parts.length === room.length ? 'page' : 'true') : undefined}>${word}</a></li>`)}</ul></nav>
      <${Standing} />
    </header>
    <main id="main">
      <${Heading} key="heading" text=${title(parts)} />
      <${View} key=${parts.join('\n')} parts=${parts} query=${query} />
    </main>`;
}

function Heading({ text }) {
  const heading = useRef();
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${text} · Lockstep`;
    if (isFirst.current) isFirst.current = false;
    else {
      heading.current.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [text]);
  return html`<h1 id="heading" tabindex="-1" ref=${heading}>${text}</h1>`;
}

/** Whether what is shown follows what happens, and who is signed in. */
function Standing() {
  const state = useWatched(watchLive, standing);
  const before = useRef(state);
  const caller = useCaller();
  useEffect(() => {
    if (before.current !== state && (before.current === 'away' || state === 'away')) announce(STANDINGS[state]);
    before.current = state;
  }, [state]);
  return html`<div class="standing"><span class=${`live ${state}`}><span class="dot" aria-hidden="true"></span>${STANDINGS[state]}</span>
    ${token() !== '' && caller && html`<span class="muted">${caller.name}, ${caller.role}</span>`}
    ${token() !== '' && html`<button type="button" class="link" onClick=${() => { take(''); }}>Sign out</button>`}</div>`;
}

render(html`<${Page} />`, document.getElementById('page'));
