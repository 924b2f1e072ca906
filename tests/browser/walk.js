// A walk through the web page in a real browser, on a real daemon:
//
//   node walk.js PATH-OF-LOCKSTEP [FOLDER-FOR-SCREENSHOTS]
//
// Invariants:
// - It sees what people see: elements are found by their role and name, as a screen reader finds them.
// - It waits for what must come, and fails when it does not; it never sleeps to let something happen.
// - In every view axe finds nothing, nothing is written to the console, and no other host is asked.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { start, tokens } from './daemon.js';
import { inspect, watch } from './watcher.js';

const [named, shots = 'shots'] = process.argv.slice(2);
const binary = resolve(named);
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const OPTIONS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const PATIENCE = 60_000;
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 320, height: 700 }, reducedMotion: 'reduce' },
];

mkdirSync(shots, { recursive: true });
const wrong = [];
const daemon = await start(binary);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: OPTIONS });

async function open({ name: _name, ...look } = LOOKS[0], { url } = daemon) {
  const context = await browser.newContext({ ...look, baseURL: url });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  return { page, ...watch(page, url, wrong) };
}

const shot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
const seen = (locator) => locator.waitFor();
const heading = (page, name) => seen(page.getByRole('heading', { level: 1, name }));
const step = (text) => console.log(`- ${text}`);

/** Starts a booking by the form; returns the address of its instance. */
async function book(page, customer) {
  await page.goto('/#/start/book');
  await page.getByLabel('timeslot').fill('monday-9');
  await page.getByLabel('customer').fill(customer);
  await page.getByRole('button', { name: 'Start' }).click();
  await heading(page, /^Instance/);
  return page.url();
}

async function lockIsWaitedForAndBroken() {
  const { page } = await open();
  step('an instance is started by its form, and its outside call is seen');
  const ann = await book(page, 'ann');
  await seen(page.getByRole('img', { name: /outside calls/ }));
  step('a second one waits for the lock, and the page says why');
  const bob = await book(page, 'bob');
  await seen(page.getByText(/Timeslot\/monday-9/).first());
  await seen(page.getByRole('img', { name: /waiting for a lock/ }));
  await inspect(page, 'an instance that waits', wrong);
  await shot(page, 'waiting');
  step('the lock is looked at: holder, waiter, why');
  await page.getByRole('link', { name: /Look at the lock/ }).click();
  await heading(page, 'Lock Timeslot/monday-9');
  await seen(page.getByRole('row', { name: /book/ }));
  await inspect(page, 'a lock', wrong);
  await shot(page, 'lock');
  step('it is broken with a reason, and goes to the next');
  await page.getByRole('button', { name: 'Break…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Break this lock?' });
  await seen(dialog);
  await inspect(page, 'the question before a lock is broken', wrong);
  await dialog.getByRole('button', { name: 'Break the lock' }).click();
  await seen(dialog); // Without a reason nothing is done.
  await dialog.getByLabel('Reason').fill('stuck since noon');
  await shot(page, 'break');
  await dialog.getByRole('button', { name: 'Break the lock' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await seen(page.getByText('Nobody.', { exact: true }));
  step('who lost it fails, and its journal says who broke the lock, and why');
  await page.goto(ann);
  await seen(page.getByRole('heading', { name: /Failed in book/ }));
  await seen(page.getByText(/was broken by .*: stuck since noon/).first());
  await inspect(page, 'an instance that has failed', wrong);
  await shot(page, 'failed');
  step('who got it goes on, while somebody looks');
  await page.goto(bob);
  await heading(page, /^Instance/);
  await daemon.calendar.release();
  await daemon.calendar.release();
  await seen(page.getByRole('heading', { name: 'Output' }));
  await seen(page.getByRole('cell', { name: /committed/ }).first());
  await shot(page, 'done');
  await page.context().close();
}

async function personAnswers() {
  const { page } = await open();
  step('a form asks a person, by keyboard alone');
  await page.goto('/');
  await heading(page, 'Overview');
  await press(page, 'Start');
  await press(page, 'approve');
  await page.keyboard.press('Tab');
  await tabTo(page, 'timeslot');
  await page.keyboard.type('monday-10');
  await page.keyboard.press('Enter');
  await seen(page.getByRole('heading', { name: 'Book a place at monday-10?' }));
  await inspect(page, 'a question', wrong);
  await shot(page, 'question');
  const link = page.url();
  step('an answer that is missing is told at its field');
  await tabTo(page, 'Answer');
  await page.keyboard.press('Enter');
  await seen(page.getByText('Choose one.'));
  assert.equal(await page.evaluate(() => document.activeElement.name), 'approved', 'the focus goes to the field');
  await inspect(page, 'a question with an answer that is missing', wrong);
  await page.keyboard.type('yes');
  await tabTo(page, 'comment');
  await page.keyboard.type('with pleasure');
  await page.keyboard.press('Enter');
  await seen(page.getByRole('heading', { name: 'Output' }));
  assert.equal(page.url(), link);
  await page.context().close();
}

/** Goes with the tab key to what is called `name`. */
async function tabTo(page, name) {
  for (let n = 0; n < 60; n += 1) {
    const is = await page.evaluate(() => {
      const it = document.activeElement;
      return it.getAttribute('aria-label') ?? it.labels?.[0]?.firstChild.textContent.trim() ?? it.textContent.trim();
    });
    if (is === name) {
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', `${name} shows that it has the focus`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`the tab key does not come to ${name}`);
}

async function press(page, name) {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
  // The focus goes to the heading of the view, so that a screen reader begins there.
  await page.waitForFunction(() => document.activeElement.id === 'heading');
}

async function conflictIsTold() {
  const { page, expectRefusals } = await open();
  step('the second who saves an object is told who was first, and may force it');
  await page.goto('/#/objects/Timeslot/monday-10');
  await page.getByRole('button', { name: 'Edit…' }).click();
  const other = await open();
  await other.page.goto('/#/objects/Timeslot/monday-10');
  await other.page.getByRole('button', { name: 'Edit…' }).click();
  const save = async (it, places) => {
    const field = it.getByLabel(/Attributes/);
    await field.fill((await field.inputValue()).replace(/"places": \d+/, `"places": ${places}`));
    await it.getByRole('button', { name: 'Save', exact: true }).click();
  };
  await save(other.page, 5);
  await other.page.getByRole('button', { name: 'Edit…' }).waitFor();
  await other.page.context().close();
  expectRefusals(1);
  await save(page, 7);
  await seen(page.getByText('Somebody has changed it since:'));
  await inspect(page, 'a conflict', wrong);
  await shot(page, 'conflict');
  await page.getByRole('button', { name: 'Save mine all the same' }).click();
  await page.getByRole('button', { name: 'Edit…' }).waitFor();
  await seen(page.getByText('7', { exact: true }));
  await page.context().close();
}

const VIEWS = {
  overview: ['#/', 'Overview', 'Throughput'],
  instances: ['#/instances', 'Instances', 'workflow'],
  'instances-none': ['#/instances?state=done&started_by=nobody', 'Instances', 'No instance is like that'],
  locks: ['#/locks', 'Locks', 'held by'],
  definitions: ['#/definitions', 'Definitions', 'Book a place in a timeslot'],
  definition: ['#/definitions/book', 'Workflow book', 'Picture'],
  objects: ['#/objects/Timeslot', 'Objects: Timeslot', 'monday-9'],
  object: ['#/objects/Timeslot/monday-9', 'Timeslot monday-9', 'Version'],
  start: ['#/start/book', 'Start book', 'Book a place in a timeslot'],
  unknown: ['#/nothing', 'There is no such page', 'Go to the overview'],
};

async function everyViewInEveryLook() {
  const { page: first } = await open();
  const running = await book(first, 'cora');
  await first.context().close();
  const views = { ...VIEWS, instance: [new URL(running).hash, /^Instance/, 'Timeline'] };
  for (const look of LOOKS) {
    step(`every view, ${look.name}`);
    const { page } = await open(look);
    for (const [name, [hash, title, text]] of Object.entries(views)) {
      await page.goto(`/${hash}`);
      await heading(page, title);
      await seen(page.getByText(text).first());
      await inspect(page, `${name}, ${look.name}`, wrong);
      await shot(page, `${name}-${look.name}`);
    }
    await page.context().close();
  }
  await daemon.calendar.release();
}

async function tokenIsAskedFor() {
  step('where there are tokens, one is asked for; a wrong one is not taken');
  const { args, made, remove } = await tokens(binary, { vera: 'viewer', ada: 'admin' });
  const guarded = await start(binary, args);
  const { page, expectRefusals } = await open(LOOKS[0], guarded);
  expectRefusals(Infinity);
  const signIn = async (token) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await page.goto('/');
  await heading(page, 'Sign in');
  await inspect(page, 'the question for a token', wrong);
  await shot(page, 'sign-in');
  await signIn('lks_wrong_wrong');
  await seen(page.getByText('The daemon did not take this token.'));
  await inspect(page, 'a token that is not taken', wrong);
  step('who has the role to look, looks, and sees what that role may not do');
  await signIn(made.vera);
  await heading(page, 'Overview');
  await page.goto('/#/start/greet');
  const refusal = 'vera has the role viewer, which may not do this.';
  await seen(page.getByText(refusal));
  const button = page.getByRole('button', { name: 'Start' });
  assert.deepEqual([await button.isDisabled(), await button.getAttribute('title')], [true, refusal]);
  await inspect(page, 'what a role may not do', wrong);
  await page.goto('/#/objects/Timeslot/monday-9');
  const edit = page.locator(`button[title="${refusal}"]`, { hasText: 'Edit…' });
  await seen(edit);
  await edit.focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.getByLabel(/Attributes/).count(), 0, 'nothing opens that could not be saved');
  await inspect(page, 'a button that a role may not press', wrong);
  await page.goto('/#/start/greet');
  await shot(page, 'forbidden');
  step('another one signs in, and does it under that name');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await heading(page, 'Sign in');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'the token is forgotten');
  await signIn(made.ada);
  await page.getByLabel('name').fill('ada');
  await page.getByRole('button', { name: 'Start' }).click();
  await heading(page, /^Instance/);
  await seen(page.getByText(/by ada/));
  await page.context().close();
  await guarded.stop();
  await remove();
}

const WAITERS = 10_000;
/** Longest time in which the page may draw nothing, in milliseconds: far more than it takes. */
const LONGEST_GAP = 1000;

/** Starts `count` instances of a workflow. */
async function startMany({ url }, workflow, count, input) {
  const LINES = 500;
  for (let begun = 0; begun < count; begun += LINES) {
    const lines = Array.from({ length: Math.min(LINES, count - begun) }, (_, n) => `${JSON.stringify({ input: input(begun + n) })}\n`);
    const response = await fetch(`${url}/v1/workflows/${workflow}/instances:batch`, { method: 'POST', body: lines.join('') });
    const answers = (await response.text()).trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([answers.length, answers.filter(({ status }) => status >= 300)], [lines.length, []], 'all are started');
  }
}

/** The longest time in which the page drew nothing, while it was looked at for `length` milliseconds. */
const longestGap = (page, length) => page.evaluate((length) => new Promise((resolve) => {
  const begin = performance.now();
  let last = begin;
  let longest = 0;
  const frame = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    if (now - begin > length) resolve(Math.round(longest));
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}), length);

async function muchHappens() {
  const busy = await start(binary);
  const { page } = await open(LOOKS[0], busy);
  step('the plots of the overview move while a load runs');
  await page.goto('/');
  const plot = page.getByRole('img', { name: /^Throughput/ });
  await seen(plot);
  let isOver = false;
  const load = (async () => {
    while (!isOver) await startMany(busy, 'greet', 500, () => ({ name: 'ann' }));
  })();
  const drawn = () => plot.locator('canvas').evaluate((canvas) => canvas.toDataURL());
  for (let times = 0; times < 3; times += 1) {
    const before = [await plot.getAttribute('aria-label'), await drawn()];
    for (;;) {
      const after = [await plot.getAttribute('aria-label'), await drawn()];
      if (before.every((it, n) => it !== after[n])) break;
      await page.waitForFunction(([old]) => document.querySelector('.plot-place').getAttribute('aria-label') !== old, before);
    }
  }
  const gaps = [await longestGap(page, 2000)];
  isOver = true;
  await load;
  step(`${WAITERS} wait for a lock, and the page does not stand still`);
  await startMany(busy, 'book', 1 + WAITERS, (n) => ({ timeslot: 'monday-9', customer: `customer ${n}` }));
  await seen(page.getByText(/^10.000 waiting$/));
  await inspect(page, 'the overview of much', wrong);
  await shot(page, 'overview-busy');
  await page.getByRole('link', { name: 'Timeslot/monday-9' }).click();
  await heading(page, 'Lock Timeslot/monday-9');
  await seen(page.getByText(/Behind it 9.999 wait/));
  gaps.push(await longestGap(page, 2000));
  await inspect(page, 'a lock with many who wait', wrong);
  await shot(page, 'lock-busy');
  await page.getByRole('link', { name: 'More' }).click();
  await seen(page.getByRole('cell', { name: '200', exact: true }));
  assert.ok(await page.getByRole('row').count() <= 201, 'only a page of them is drawn');
  console.log(`  longest time without drawing, in ms: ${gaps.join(', ')}`);
  assert.ok(Math.max(...gaps) < LONGEST_GAP, 'the page goes on drawing');
  await page.context().close();
  // What waits goes on after a restart; nobody waits here for its outside call to come back.
  await busy.stop('SIGKILL');
}

try {
  await lockIsWaitedForAndBroken();
  await personAnswers();
  await conflictIsTold();
  await everyViewInEveryLook();
  await tokenIsAskedFor();
  await muchHappens();
} catch (error) {
  wrong.push(error.stack);
  for (const context of browser.contexts()) for (const page of context.pages()) await shot(page, 'where-it-failed').catch(() => {});
} finally {
  await browser.close();
  await daemon.stop();
}
for (const text of wrong) console.error(`WRONG: ${text}`);
console.log(wrong.length === 0 ? 'the page is well' : `${wrong.length} things are wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;
