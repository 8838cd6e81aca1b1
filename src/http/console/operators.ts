import type { Principal } from '../../sign-in/principal.ts';
import { isLoopback } from '../edge/served-host.ts';

export interface OperatorRules {
  /** What OPERATORS has: names of lines of files, and ids of principals. */
  readonly operators: readonly string[];
  /** Credentials are looked at. */
  readonly signsIn: boolean;
  /** Address that is listened on. */
  readonly host: string;
  readonly publicUrl: string | null;
}

/**
 * Who may replay and dismiss: those whom OPERATORS names. A name is enough for a line of a file of passwords or keys; whoever signs in elsewhere is named by the id,
 * as names there can pass to somebody else. Where nobody can sign in, everybody who reaches the gateway, as long as that is this machine alone: behind
 * PUBLIC_URL nobody, and never who shows nothing where others sign in.
 */
export function operatorRule({
  operators,
  signsIn,
  host,
  publicUrl,
}: OperatorRules): (principal: Principal | null) => boolean {
  const alone = !signsIn && isLoopback(host) && (publicUrl === null || isLoopback(new URL(publicUrl).hostname));
  return (principal) => {
    if (principal === null) {
      return alone;
    }
    const { id, name, kind } = principal;
    return operators.includes(id) || ((kind === 'basic' || kind === 'key') && operators.includes(name));
  };
}
