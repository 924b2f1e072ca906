// What must not happen in a page, however it is used: errors, requests to others, findings of axe.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Watches a page of `url`; what is wrong comes into `wrong`. */
export function watch(page, url, wrong) {
  // Refusals that a walk has asked for: browsers write a line about each.
  let expected = 0;
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const text = message.text();
    if (/Failed to load resource.* (401|403|404|409|422) /.test(text) && expected > 0) expected -= 1;
    else wrong.push(`console: ${text} (${message.location().url})`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.stack}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) wrong.push(`a request to another host: ${request.url()}`);
  });
  return { expectRefusals: (count) => { expected = count; } };
}

/** Looks at what is shown: axe, and whether it is wider than the screen. */
export async function inspect(page, name, wrong) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, help, nodes } of violations) {
    wrong.push(`axe, ${name}: ${id}, ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  }
  const [width, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (width > screen) wrong.push(`${name}: ${width} pixels wide on a screen of ${screen}`);
}
