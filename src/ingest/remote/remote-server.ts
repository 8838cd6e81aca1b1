import type { Writable } from 'node:stream';

/**
 * A server with files, whatever its protocol. Errors are GatewayErrors: ServerUnreachable and TransferRefused where the same again may
 * succeed on a new connection, LoginRefused, HostKeyMismatch, CertificateRefused and DeliveryInvalid where it will not, and those of each member.
 */
export interface RemoteServer {
  /** Connects and logs in, once. */
  connect(): Promise<RemoteConnection>;
}

/** One login. Asked for one thing at a time. After ServerUnreachable and TransferRefused it is no use any more. */
export interface RemoteConnection {
  /**
   * What lies directly in a directory. Throws DirectoryUnreadable, and ListingCut where the server says that it left files out, or
   * is known to.
   */
  list(directory: string): Promise<RemoteListing>;
  /** What the server says of a file now; null: it is not there, or no file. */
  facts(path: string): Promise<RemoteFacts | null>;
  /**
   * Writes the bytes of a file from an offset on, and ends the stream. Throws FileUnreadable (it is gone), FilePermissionDenied, and
   * what the stream throws. A server that ends early does not say so: compare the length.
   */
  read(path: string, from: number, into: Writable): Promise<void>;
  /** Moves a file to a path where none is. Throws FilePermissionDenied. */
  move(from: string, to: string): Promise<void>;
  /** Throws FilePermissionDenied. */
  remove(path: string): Promise<void>;
  /** Makes a directory and those above it; one that is there is none to make. Throws FilePermissionDenied. */
  makeDirectory(path: string): Promise<void>;
  /** Ends the connection, also in the middle of something; never throws. */
  close(): Promise<void>;
}

export interface RemoteListing {
  readonly entries: readonly RemoteEntry[];
  /** What the server said of files that it left out; null: it listed all. */
  readonly cut: string | null;
}

export interface RemoteEntry {
  readonly name: string;
  /** `other`: neither file nor directory nor link, e.g. a FIFO. */
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Bytes; null: not said. */
  readonly size: number | null;
  /** null: not said, or only in a form for people. */
  readonly modifiedAt: Date | null;
}

export interface RemoteFacts {
  readonly size: number;
  /** null: the server does not tell times. */
  readonly modifiedAt: Date | null;
}

/** With what to log in; never shown. */
export interface Login {
  readonly user: string;
  readonly password: string | null;
  readonly privateKey: string | null;
  readonly passphrase: string | null;
}

/** The path of something in a directory of a server. */
export const joinRemote = (directory: string, name: string): string =>
  directory === '.' || directory === '' ? name : `${directory.replace(/\/+$/, '')}/${name}`;
