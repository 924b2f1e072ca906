// A question in front of the page: an action that must be confirmed, mostly with a reason.
//
// Invariants:
// - The browser's own dialog keeps the focus inside, ends with Escape, and gives the focus back.
// - An action is sent once, however often its button is pressed.

import { useRefusal } from '../caller.js';
import { html, useEffect, useRef, useState } from '../ui.js';
import { announce } from './announce.js';
import { Trouble } from './notice.js';

/**
 * A button for what takes the right to an `operation` of the API. Without it the button stays to be
 * found, by the keyboard too, and tells why it does nothing.
 */
export function Permitted({ operation, kind = '', label, onClick }) {
  const refusal = useRefusal(operation);
  return html`<button type="button" class=${`button ${kind}`} aria-disabled=${refusal === undefined ? undefined : 'true'}
    title=${refusal} onClick=${() => { if (refusal === undefined) onClick(); }}>${label}</button>`;
}

/**
 * A button that asks before it acts. `act(reason)` does it, which is an `operation` of the API; `done` is
 * what is said then. `reason`: `needed`, `possible`, or nothing.
 */
export function Asked({ operation, label, kind = '', title, children, confirm, reason, act, done, after }) {
  const [isOpen, setOpen] = useState(false);
  return html`
    <${Permitted} operation=${operation} kind=${kind} label=${label} onClick=${() => setOpen(true)} />
    ${isOpen && html`<${Question} ...${{ title, children, confirm, kind, reason, act, done, after }}
      close=${() => setOpen(false)} />`}`;
}

function Question({ title, children, confirm, kind, reason, act, done, after, close }) {
  const dialog = useRef();
  const [text, setText] = useState('');
  const [isSent, setSent] = useState(false);
  const [problem, setProblem] = useState();
  useEffect(() => dialog.current.showModal(), []);
  const submit = async (event) => {
    event.preventDefault();
    if (isSent) return;
    setSent(true);
    try {
      const told = await act(text.trim());
      announce(done);
      dialog.current.close();
      after?.(told);
    } catch (caught) {
      setProblem(caught);
      setSent(false);
    }
  };
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${close}>
    <form onSubmit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      <div class="dialog-text">${children}</div>
      ${reason && html`<label class="field">
        <span class="label">Reason${reason === 'possible' ? ' (not needed)' : ''}</span>
        <textarea rows="3" maxlength="1000" required=${reason === 'needed'} value=${text}
          onInput=${(event) => setText(event.target.value)}></textarea>
        <span class="hint">It stays in the journal, with your name.</span>
      </label>`}
      ${problem && html`<${Trouble} problem=${problem} what="That was not done." />`}
      <div class="buttons">
        <button type="button" class="button" onClick=${() => dialog.current.close()}>Go back</button>
        <button type="submit" class=${`button ${kind || 'main'}`} disabled=${isSent}>${confirm}</button>
      </div>
    </form>
  </dialog>`;
}
