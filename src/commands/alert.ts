import { messageId, sendMessage } from '../alarm/webhook.ts';
import { exitCodes } from './support/exit-code.ts';
import type { Surroundings } from './support/surroundings.ts';

/** `gateway alert --test`: sends one message to the webhook and says what came of it. Needs no database. 1 where it was not taken. */
export async function testAlertCommand({ config, print }: Surroundings): Promise<number> {
  const { alertUrl: url, alertSecrets: secrets } = config;
  if (url === null) {
    print('ALERT_URL is not set: alerts are told in the log alone. docs/alarms.md says what it takes.');
    return exitCodes.failed;
  }
  const id = messageId();
  const answer = await sendMessage(
    { url, secrets },
    { id, type: 'test', timestamp: new Date().toISOString(), data: { text: 'gateway alert --test' } },
  );
  if (answer.taken) {
    print(`${id} was taken with status ${answer.status}.`);
    return exitCodes.ok;
  }
  print(`${id} was not taken: ${answer.reason}. Check ALERT_URL, and that the receiver has the key of ALERT_SECRET.`);
  return exitCodes.failed;
}
