#!/usr/bin/env node
// Runs the project's commands on a machine that has nothing but Node: installs what the lock file says when it is not
// there or not up to date, then runs the command. No dependencies, and no syntax newer than the oldest Node that can
// still say which Node is needed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../bin/compiled.mjs';
import { whenStarterEnds } from './starter.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const needed = [20, 19];

const [command = 'start', ...given] = process.argv.slice(2);
checkNode();
const commands = {
  start: () => gateway(['serve', ...given]),
  gateway: () => gateway(given),
  test: () => test(),
  'test:long': () => longTests(),
  check: () => check(),
  bench: () => bench(given),
  install: async () => 0,
};
const chosen = commands[command];
if (chosen === undefined) {
  fail(`There is no command "${command}". Use one of: ${Object.keys(commands).join(', ')}.`, 2);
}
install();
process.exitCode = await chosen();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) {
    return;
  }
  fail(
    `The gateway needs Node ${needed.join('.')} or newer, and this is Node ${process.versions.node}: install one from nodejs.org.`,
    1,
  );
}

function fail(message, code) {
  console.error(message);
  process.exit(code);
}

/** Installs when node_modules was not made from this lock file. Install scripts are not needed: the program makes the embedded server's links itself. */
function install() {
  const stamp = path.join(root, 'node_modules', '.gateway-lock-sha256');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) {
    return;
  }
  if (!installed()) {
    console.error('Installing what package-lock.json says (once) ...');
    // npm is a script beside node; on Windows it is npm.cmd, which only a shell can run.
    const run = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
      env: { ...process.env, NODE_ENV: 'development' },
    });
    if (run.error !== undefined) {
      fail(`npm could not be started (${run.error.message}): is it installed beside Node?`, 1);
    }
    if (run.status !== 0) {
      fail('npm ci failed, see above. Is the npm registry reachable?', 1);
    }
  }
  try {
    writeFileSync(stamp, lock);
  } catch {
    // A read-only node_modules is compared anew each time.
  }
}

/** Compares package-lock.json with npm's own record of what it put into node_modules. */
function installed() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) {
    return false;
  }
  const there = JSON.parse(readFileSync(record, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, entry]) => name === '' || entry.optional === true || there[name]?.version === entry.version,
  );
}

/** Runs a program of this Node and passes signals on; resolves to its exit code. */
function node(args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', ...options });
    // Ctrl-C in a terminal reaches the child by itself; once more would tell it to hurry. A service manager signals us alone.
    process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
    for (const signal of ['SIGTERM', 'SIGHUP']) {
      process.on(signal, () => child.kill(signal));
    }
    whenStarterEnds(() => child.kill('SIGTERM'));
    child.on('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

/** Called from the project folder by npm, but paths in arguments mean the folder the caller stood in. */
function gateway(args) {
  compile(root);
  const cwd = process.env.INIT_CWD ?? process.cwd();
  // Over the channel the gateway notices that this process was killed: it must not outlive it with port and data folder.
  return node([path.join(root, 'bin', 'gateway.mjs'), ...args], {
    cwd,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, GATEWAY_ENDS_WITH_STARTER: '1' },
  });
}

/** Runs a tool of node_modules through its `bin` entry: Windows-safe, without a shell. */
function tool(name, args, options) {
  const manifest = JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8'));
  const bin = typeof manifest.bin === 'string' ? manifest.bin : Object.values(manifest.bin)[0];
  return node([path.join(root, 'node_modules', name, bin), ...args], options);
}

function mocha(args, options) {
  return tool('mocha', ['--reporter', path.join('scripts', 'counting-reporter.cjs'), ...args], options);
}

/** Everything that is not long, a process for each core, each with a database server of its own; what is named runs in one. */
function test() {
  // Programs that tests start are the compiled ones, as users have them: each starts in half of the time.
  compile(root);
  if (given.length > 0) {
    return mocha(given);
  }
  const jobs = String(Math.min(4, availableParallelism()));
  // Processes take the next file in this order: the longest of the last ones would leave the others idle, so its folder comes first.
  const files = ['test/warehouse/**/*.test.ts', 'test/*.test.ts', 'test/!(warehouse)/**/*.test.ts'];
  return mocha(['--parallel', '--jobs', jobs, ...files, '--ignore', 'test/**/*.long.test.ts']);
}

/** The long ones, and the properties of the others twenty times as often. */
function longTests() {
  compile(root);
  const triesProperties = (file) => /\bruns\(/.test(readFileSync(path.join(root, file), 'utf8'));
  const properties = readdirSync(path.join(root, 'test'), { recursive: true })
    .map((name) => path.join('test', name))
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts') && triesProperties(name));
  const env = { ...process.env, PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? '20' };
  return mocha(given.length > 0 ? given : ['test/**/*.long.test.ts', ...properties], { env });
}

async function check() {
  const steps = [
    ['types', () => tool('typescript', ['--noEmit'])],
    ['types of the console', () => tool('typescript', ['-p', path.join('src', 'console', 'tsconfig.json')])],
    ['lint', () => tool('@biomejs/biome', ['lint', '--error-on-warnings', '.'])],
    ['format', () => tool('@biomejs/biome', ['format', '.'])],
    ['tests', () => commands.test()],
  ];
  const failed = [];
  // The tests come last, so that their counts are the last line.
  for (const [name, run] of steps) {
    console.error(`== ${name}`);
    if ((await run()) !== 0) {
      failed.push(name);
    }
  }
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}.`);
  }
  return failed.length === 0 ? 0 : 1;
}

/** `bench` runs all comparisons, `bench extraction gzip` some; a program of its own is called by its file name. */
function bench(args) {
  const file = path.join('bench', `${args[0]}.ts`);
  const own = args.length > 0 && existsSync(path.join(root, file));
  compile(root);
  return node(['--import', 'tsx', ...(own ? [file, ...args.slice(1)] : [path.join('bench', 'run.ts'), ...args])]);
}
