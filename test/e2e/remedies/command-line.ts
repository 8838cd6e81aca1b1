import process from 'node:process';

const main = new URL('../../../src/main.ts', import.meta.url).href;
let runs = 0;
/** Commands that end their process half a second after their work, whatever is still open: here that would be the tests' own. */
const endingCommands = new Set(['start', 'sync', 'archive', 'connect']);

export interface Outcome {
  readonly code: number;
  /** Standard output and error. */
  readonly output: string;
}

/**
 * Runs a command line as a person would type it, `gateway ...`, through the program's own entry in this process: what a child
 * process costs is no part of what is tried here. The words stand between blanks.
 */
export async function gatewayCommand(line: string, environment: Readonly<Record<string, string>>): Promise<Outcome> {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name !== 'gateway') {
    throw new Error(`not a command of the gateway: ${line}`);
  }
  return runInProcess(words, environment);
}

/** The same with words that may have blanks in them. Throws for a command that ends its process. */
export async function runInProcess(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Outcome> {
  if (endingCommands.has(words[0] ?? '')) {
    throw new Error(`gateway ${words[0]} ends its process: run it in one of its own`);
  }
  const { argv, env, exitCode } = process;
  const streams = [process.stdout, process.stderr] as const;
  const writers = streams.map((stream) => stream.write);
  const listeners = streams.map((stream) => stream.listeners('error'));
  // A process of its own would keep its umask to itself.
  const umask = process.umask(0o022);
  let output = '';
  const take = (chunk: string | Uint8Array): boolean => {
    output += String(chunk);
    return true;
  };
  try {
    for (const stream of streams) {
      stream.write = take as typeof stream.write;
    }
    process.argv = ['node', 'gateway', ...words];
    process.env = { PATH: env['PATH'] ?? '', LOG_LEVEL: 'silent', SAMPLES: 'off', ...environment };
    process.exitCode = undefined;
    await import(`${main}?run=${++runs}`);
    return { code: Number(process.exitCode ?? 0), output };
  } finally {
    for (const [index, stream] of streams.entries()) {
      stream.write = writers[index] ?? stream.write;
      for (const listener of stream.listeners('error')) {
        if (!listeners[index]?.includes(listener)) {
          stream.off('error', listener as () => void);
        }
      }
    }
    process.umask(umask);
    process.argv = argv;
    process.env = env;
    process.exitCode = exitCode;
  }
}
