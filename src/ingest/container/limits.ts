import { GatewayError } from '../../errors.ts';

/** What may come out of one container: what a few bytes of one can make of themselves has no end otherwise. */
export interface UnpackLimits {
  /** Bytes that all its members may have, unpacked. */
  readonly bytes: number;
  /** Bytes that come out for each byte that is packed; counts where more than `freeBytes` come out. */
  readonly ratio: number;
  readonly members: number;
}

/** CSV files of empty and repeated cells come to 100 to 1; nothing but a bomb comes near the 1032 to 1 of the format. */
export const defaultLimits: UnpackLimits = { bytes: 10 * 1024 ** 3, ratio: 200, members: 10_000 };

/** Bytes that may come out whatever the ratio: a short text of one repeated line is no bomb. */
export const freeBytes = 10 * 1024 ** 2;

/** Whether so much may come out of so many packed bytes. */
export function ratioAllows({ ratio }: UnpackLimits, packed: number, unpacked: number): boolean {
  return unpacked <= freeBytes || unpacked <= packed * ratio;
}

export const tooManyMembers = (name: string, members: number, limits: UnpackLimits): GatewayError =>
  tooLarge(name, `has ${members} members, more than the ${limits.members} of UNPACK_MAX_FILES`);

export const tooManyBytes = (name: string, limits: UnpackLimits): GatewayError =>
  tooLarge(name, `comes to more than the ${Math.floor(limits.bytes / 1024 ** 2)} MB of UNPACK_MAX_MB`);

export const tooDense = (name: string, limits: UnpackLimits): GatewayError =>
  tooLarge(name, `comes to more than ${limits.ratio} times its packed size (UNPACK_MAX_RATIO)`);

function tooLarge(name: string, why: string): GatewayError {
  return new GatewayError('ContainerTooLarge', `${name} ${why}: it was not unpacked to its end`, { target: name });
}
