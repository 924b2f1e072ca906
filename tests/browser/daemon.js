// A daemon for the walk: the real binary on a store of its own, and a calendar which it calls.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The folder of the definitions, so that they are called by their names alone. */
const here = fileURLToPath(new URL('.', import.meta.url));

/** A calendar that keeps every answer back until it is told to let one go. */
async function calendar() {
  const held = [];
  const waiting = [];
  const server = createServer((request, response) => {
    request.resume();
    held.push(response);
    waiting.shift()?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Answers the request that came first, as soon as there is one. */
    async release() {
      if (held.length === 0) await new Promise((resolve) => { waiting.push(resolve); });
      const response = held.shift();
      response.setHeader('content-type', 'application/json');
      response.end('{"id": "entry-1"}');
    },
    close: () => server.closeAllConnections() ?? server.close(),
  };
}

/** Makes a token for each of `roles`, `{ name: role }`; returns the file of them, and the tokens. */
export async function tokens(binary, roles) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-tokens-'));
  const file = join(folder, 'tokens');
  const made = {};
  for (const [name, role] of Object.entries(roles)) {
    const args = ['token', 'new', '--name', name, '--role', role, '--file', file];
    made[name] = execFileSync(binary, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  }
  return { args: ['--tokens', file], made, remove: () => rm(folder, { recursive: true }) };
}

/** Starts the daemon; `args` are further ones of `lockstep serve`. */
export async function start(binary, args = []) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-walk-'));
  const outside = await calendar();
  const all = ['serve', '--listen', '127.0.0.1:0', '--workflows', 'walk.yaml', '--seed', 'walk.seed.jsonl',
    '--store', `sqlite://${join(folder, 'walk.db')}`, '--config', `calendar=${outside.url}`, '--allow-host', '127.0.0.1', ...args];
  const daemon = spawn(binary, all, { cwd: here, stdio: ['ignore', 'inherit', 'pipe'] });
  const lines = createInterface({ input: daemon.stderr });
  const url = await new Promise((resolve, reject) => {
    daemon.once('exit', (code) => reject(new Error(`the daemon ended with status ${code}`)));
    lines.on('line', (line) => {
      const found = line.match(/listening on (http:\/\/[0-9.:]+)/);
      if (found) resolve(found[1]);
      else console.error(`  daemon: ${line}`);
    });
  });
  return {
    url,
    calendar: outside,
    async stop(signal = 'SIGTERM') {
      daemon.removeAllListeners('exit');
      daemon.kill(signal);
      if (daemon.exitCode === null) await once(daemon, 'exit');
      outside.close();
      await rm(folder, { recursive: true });
    },
  };
}
