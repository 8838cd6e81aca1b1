import { FTPError } from 'basic-ftp';
import type { DeliverySettings } from '../../catalogue/delivery-settings.ts';
import { GatewayError } from '../../errors.ts';
import { isFull, reasonOf, spoolFull } from './faults.ts';

/** At what a connection was when something failed. */
export type FtpStage = 'connecting' | 'encrypting' | 'logging in' | 'working';

/** What OpenSSL and Node say of a certificate that is not trusted, is no longer or not yet valid, or is another host's. */
const certificateFaults =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_CERT_)/;

/** The one error that says what became of a connection or a command. GatewayErrors pass. */
export function ftpError(error: unknown, stage: FtpStage, settings: DeliverySettings): GatewayError {
  if (error instanceof GatewayError) {
    return error;
  }
  if (isFull(error)) {
    return spoolFull(error);
  }
  const at = `${settings.host}:${settings.port}`;
  const code = codeOf(error);
  if (certificateFaults.test(code)) {
    return new GatewayError(
      'CertificateRefused',
      `The certificate of ${at} is not accepted: ${reasonOf(error)} (${code})`,
      {
        target: settings.id,
        cause: error,
      },
    );
  }
  const reply = error instanceof FTPError ? error : null;
  if (reply !== null && stage === 'logging in' && reply.code >= 500 && !isServersOwn(reply)) {
    return new GatewayError('LoginRefused', `${at} refuses the login of ${settings.user}: ${reply.message}`, {
      target: settings.id,
      cause: error,
    });
  }
  if (reply !== null && stage === 'encrypting') {
    return new GatewayError('DeliveryInvalid', `${at} offers no TLS (${reply.message}): correct kind or tls`, {
      target: settings.id,
      cause: error,
    });
  }
  if (stage === 'encrypting' && code.startsWith('ERR_SSL_')) {
    return new GatewayError(
      'DeliveryInvalid',
      `${at} speaks no TLS that we know (${reasonOf(error)}): correct tls or port`,
      {
        target: settings.id,
        cause: error,
      },
    );
  }
  if (isTransferFault(error)) {
    return new GatewayError('TransferRefused', `${at} opens no data connection: ${reasonOf(error)}`, {
      target: settings.id,
      cause: error,
    });
  }
  return new GatewayError('ServerUnreachable', `${at}, while ${stage}: ${reasonOf(error)}`, {
    target: settings.id,
    cause: error,
  });
}

/**
 * Whether a login failed by what the server is at, not by user or password. ProFTPD says 530 where it has as many clients as it takes (others say 421),
 * which a session that is left of a broken connection can be; vsftpd says `500 OOPS` of its own faults.
 */
const isServersOwn = ({ code, message }: FTPError): boolean =>
  (code === 500 && /\bOOPS\b/.test(message)) ||
  (/\b(too many|maximum)\b.*\b(clients|connections|connected|users|sessions)\b/i.test(message) &&
    !/fail|attempt|lock|incorrect|disabled|denied/i.test(message));

/** Replies and faults that say that no data connection could be opened, which is not the fault of what was asked for. */
function isTransferFault(error: unknown): boolean {
  if (error instanceof FTPError) {
    return error.code === 425;
  }
  return /^(Can't open data connection|Timeout when trying to open data connection|PASV returned another host|None of the available transfer strategies)/.test(
    reasonOf(error),
  );
}

/** Replies that say of a path that it is not there, or that we may not have it. */
export const isRefusal = (error: unknown): error is FTPError =>
  error instanceof FTPError && [450, 550, 551, 552, 553].includes(error.code);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : typeof error === 'string'
      ? error
      : '';
