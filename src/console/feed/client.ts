/** What a request was refused with: the code, message and remedy of an OData error (OData JSON 19). */
export class FeedError extends Error {
  /** HTTP status; 0: nothing answered. */
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, told: { readonly code: string; readonly message: string; readonly remedy: string }) {
    super(told.message);
    this.name = 'FeedError';
    this.status = status;
    this.code = told.code;
    this.remedy = told.remedy;
  }
}

/** How whoever looks at the console shows who he is, where the browser does not do it by itself: a key, kept by this tab alone. */
const keyPlace = 'gateway-key';
export const keptKey = (): string | null => sessionStorage.getItem(keyPlace);
export const keepKey = (key: string): void => sessionStorage.setItem(keyPlace, key);
export const forgetKey = (): void => sessionStorage.removeItem(keyPlace);

const signedIn = (): Record<string, string> => {
  const key = keptKey();
  return key === null ? {} : { Authorization: `Bearer ${key}` };
};

/** Numbers of 64 bits and decimals come as texts: a browser's numbers do not hold them. */
const exactJson = 'application/json;odata.metadata=minimal;IEEE754Compatible=true';

export interface Asking {
  readonly signal?: AbortSignal;
  /** Rows of a page. */
  readonly page?: number;
}

/** JSON of the feed; `path` is below the service root, or absolute. Throws FeedError. */
export async function fromFeed<T>(path: string, { signal, page }: Asking = {}): Promise<T> {
  const prefer: Record<string, string> = page === undefined ? {} : { Prefer: `odata.maxpagesize=${page}` };
  const url = new URL(path, new URL('odata/', document.baseURI));
  const accept = path.includes('$metadata') ? 'application/json' : exactJson;
  const reply = await ask(url, {
    headers: { Accept: accept, ...prefer, ...signedIn() },
    ...(signal ? { signal } : {}),
  });
  return (await reply.json()) as T;
}

/** A plain number, of `/$count`. Throws FeedError. */
export async function countFromFeed(path: string, { signal }: Asking = {}): Promise<number> {
  const url = new URL(path, new URL('odata/', document.baseURI));
  const reply = await ask(url, { headers: { Accept: 'text/plain', ...signedIn() }, ...(signal ? { signal } : {}) });
  return Number(await reply.text());
}

/** Data that the feed does not have. Throws FeedError. */
export async function fromConsole<T>(name: string, { signal }: Asking = {}): Promise<T> {
  const url = new URL(`console/data/${name}`, document.baseURI);
  const reply = await ask(url, {
    headers: { Accept: 'application/json', ...signedIn() },
    ...(signal ? { signal } : {}),
  });
  return (await reply.json()) as T;
}

/** Changes something. Throws FeedError. */
export async function order<T>(name: string, body: object): Promise<T> {
  const url = new URL(`console/data/${name}`, document.baseURI);
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', ...signedIn() };
  const reply = await ask(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await reply.json()) as T;
}

/** A file as the browser saves it; for those who sign in with a key, whom a link alone would leave out. `path` is below the page. Throws FeedError. */
export async function save(path: string, name: string): Promise<void> {
  const reply = await ask(new URL(path, document.baseURI), { headers: signedIn() });
  const url = URL.createObjectURL(await reply.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function ask(url: URL, init: RequestInit): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(url, { credentials: 'same-origin', cache: 'no-cache', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      throw error;
    }
    throw new FeedError(0, {
      code: 'NoAnswer',
      message: 'The gateway does not answer.',
      remedy: 'See whether it runs, then try again.',
    });
  }
  if (!reply.ok) {
    throw await refusal(reply);
  }
  return reply;
}

interface ErrorBody {
  readonly error?: {
    readonly code?: string;
    readonly message?: string;
    readonly details?: readonly { readonly code?: string; readonly message?: string }[];
  };
}

async function refusal(reply: Response): Promise<FeedError> {
  const { error = {} } = (await reply.json().catch(() => ({}))) as ErrorBody;
  const { code = `Status${reply.status}`, message = `The reply has status ${reply.status}.`, details = [] } = error;
  const remedy = details.find((one) => one.code === 'remedy')?.message ?? '';
  return new FeedError(reply.status, { code, message, remedy });
}
