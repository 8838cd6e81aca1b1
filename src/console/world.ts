import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { FeedModel } from './feed/model.ts';

/** Sets of one source, or of all. */
export interface SetGroup {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: 'unified' | 'files' | 'odata' | 'builtin';
  readonly sets: readonly string[];
}

/** What the gateway says of itself and of whoever asks (`console/data/start`). */
export interface Start {
  /** Address of the feed, with its final slash: what is pasted into Power BI and Excel. */
  readonly address: string;
  readonly version: string;
  /** IANA name of the reporting zone. */
  readonly timeZone: string;
  /** null: nobody has to sign in. */
  readonly user: string | null;
  /** The user signed in with this browser, and can end that. */
  readonly session: boolean;
  readonly signsIn: boolean;
  readonly mayOperate: boolean;
  readonly groups: readonly SetGroup[];
}

/** What all views share. */
export interface World {
  readonly start: Start;
  readonly model: FeedModel;
}

export const WorldContext = createContext<World | null>(null);

export function useWorld(): World {
  const world = useContext(WorldContext);
  if (world === null) {
    throw new Error('A view stands outside of the app');
  }
  return world;
}
