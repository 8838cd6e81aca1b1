/** Milliseconds that PostgreSQL may take to give figures. */
const patience = 5000;

/**
 * Figures that PostgreSQL is asked for when somebody scrapes: what it says holds for `holds` milliseconds, however many ask, and is empty where it does not
 * answer.
 */
export function heldFigures<T>(ask: () => Promise<readonly T[]>, holds: number): () => Promise<readonly T[]> {
  let asked: { readonly at: number; readonly figures: Promise<readonly T[]> } | null = null;
  return () => {
    const now = performance.now();
    if (asked === null || now - asked.at >= holds) {
      asked = { at: now, figures: within(ask()) };
    }
    return asked.figures;
  };
}

async function within<T>(asking: Promise<readonly T[]>): Promise<readonly T[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly T[]>((resolve) => {
    timer = setTimeout(() => resolve([]), patience);
  });
  try {
    return await Promise.race([asking.catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}
