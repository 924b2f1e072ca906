// Which view is shown: the part of the address behind `#`, so that every view has a link.

import { useEffect, useState } from './ui.js';

/** Splits an address into its path and its query. */
export function parse(hash) {
  const text = hash.replace(/^#\/?/, '');
  const [path, query = ''] = text.split('?', 2);
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  return { parts, query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns the address of a view. */
export function to(parts, query = {}) {
  const path = parts.map(encodeURIComponent).join('/');
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(kept).toString();
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

/** Goes to a view. */
export function go(parts, query) {
  location.hash = to(parts, query);
}

/** The view that the address names. */
export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parse(hash);
}
