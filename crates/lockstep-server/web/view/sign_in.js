// The daemon wants to know who looks: a token is asked for, and kept in this tab.

import { take, token } from '../session.js';
import { html, useEffect, useRef, useState } from '../ui.js';

export function SignIn() {
  const [text, setText] = useState('');
  const field = useRef();
  const wasWrong = token() !== '';
  useEffect(() => field.current.focus(), []);
  return html`<main id="main" class="sign-in"><form class="card" onSubmit=${(event) => { event.preventDefault(); if (text.trim() !== '') take(text.trim()); }}>
    <h1>Sign in</h1>
    <p>This daemon asks for a token. <span class="muted">It stays in this tab and is forgotten when the tab is closed.</span></p>
    ${wasWrong && html`<p class="trouble" role="alert"><strong>The daemon did not take this token.</strong> It may have ended, or a sign may be missing.</p>`}
    <label class="field"><span class="label">Token</span>
      <input ref=${field} type="password" autocomplete="off" class="mono" required value=${text} onInput=${(event) => setText(event.target.value)} /></label>
    <p class="hint">Who runs the daemon makes one: <code>lockstep token new --name NAME --role viewer</code></p>
    <div class="buttons"><button type="submit" class="button main">Sign in</button></div>
  </form></main>`;
}
