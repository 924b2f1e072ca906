// What all modules of the page draw with: one import, so that the vendored files are named once.

import htm from './vendor/htm.js';
import { h } from './vendor/preact.js';

export { render } from './vendor/preact.js';
export {
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from './vendor/preact-hooks.js';

/** Elements as a template: html`<p class=${name}>${text}</p>`. */
export const html = htm.bind(h);
