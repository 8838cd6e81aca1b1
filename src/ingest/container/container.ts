import type { GatewayError } from '../../errors.ts';

/** A file that holds files. Open one by `openContainer`, and close it. */
export interface Container {
  readonly kind: 'gzip' | 'zip';
  /** Those first that speak of earlier times; directories are none. */
  readonly members: readonly Member[];
  /**
   * Writes the bytes of a member to a file that does not exist yet, with the member's time. Its size, its checksum and the limits are held
   * against what comes out. Throws ContainerDamaged, ContainerTooLarge, StorageFull, FileUnreadable; the file may be there in part then.
   */
  extract(member: Member, path: string): Promise<void>;
  /** SHA-256 of its bytes as they are packed: what tells a member that cannot be unpacked from others. Throws what `extract` does. */
  digestPacked(member: Member): Promise<string>;
  close(): Promise<void>;
}

export interface Member {
  /** Tells it from the others of its container, also from those of its name. */
  readonly index: number;
  /** `/` between folders. As it is shown: control characters of a name that is refused for them are spelled out. */
  readonly path: string;
  /** Its last part: what rules match on. */
  readonly name: string;
  readonly modifiedAt: Date;
  readonly packedBytes: number;
  /** Why it cannot be taken, as its container says it; null: nothing against it so far. */
  readonly refusal: GatewayError | null;
}
