// What a person is asked: the form of a `wait`, in its instance and under an address of its own.

import * as api from '../api.js';
import { announce } from '../part/announce.js';
import { InputForm } from '../part/input_form.js';
import { Empty, Loaded } from '../part/notice.js';
import { happening } from '../part/segments.js';
import { moment } from '../format.js';
import { useResource } from '../resource.js';
import { to } from '../route.js';
import { html, useState } from '../ui.js';

export const title = () => 'A question';

/** What stood above a form when it was asked. */
function titleOf(name, entries) {
  const asked = entries.map(happening).findLast(([kind, { signal }]) => kind === 'waited' && signal === name);
  return asked?.[1].title ?? name;
}

/** The form; `doing` is what the instance waits for, `entries` its journal. */
export function Answer({ id, doing, entries, after }) {
  const [isSent, setSent] = useState(false);
  const send = async (values) => {
    await api.signal(id, doing.name, values);
    setSent(true);
    announce('Your answer is taken.');
    after?.();
  };
  return html`<section class="card question" aria-labelledby=${`form-${doing.name}`}>
    <h2 id=${`form-${doing.name}`}>${titleOf(doing.name, entries)}</h2>
    ${doing.until && html`<p class="muted">It waits for an answer until ${moment(doing.until)}.</p>`}
    ${isSent ? html`<p class="sentence">Your answer is taken.</p>`
    : html`<${InputForm} fields=${doing.form} send=${send} label="Answer" prefix=${doing.name} operation="send_signal" />`}
  </section>`;
}

/** The form alone, for who was sent its address. */
export function Question({ parts: [, id, name] }) {
  const concerns = (event) => event.instance === undefined || event.instance === id;
  const explained = useResource((o) => api.explain(id, o), ['question', id], { concerns });
  const journal = useResource((o) => api.journal(id, o), ['asked', id], { concerns });
  return html`<${Loaded} of=${explained} what="The question">${(it) => {
    const doing = (it.doing ?? []).find((doing) => doing.awaits === 'signal' && doing.name === name && doing.form);
    if (doing === undefined) {
      return html`<${Empty} title="Nobody waits for this answer any more">It has been answered, or the wait is over: <a href=${to(['instances', id])}>look at the instance</a>.<//>`;
    }
    return html`<${Answer} id=${id} doing=${doing} entries=${journal.data?.items ?? []} />`;
  }}<//>`;
}
