import { type Config, type Environment, examineConfig } from '../../config.ts';

type Place = Pick<Config, 'alertUrl' | 'alertSecrets'>;

/**
 * Where alerts go and what they are signed with, as the files of `ALERT_URL_FILE` and `ALERT_SECRET_FILE` have it at each sending, so that both can be changed while the
 * gateway runs. A file that is gone or has a fault changes nothing. null: alerts are sent nowhere.
 */
export function webhookSettings(
  first: Place,
  environment: Environment,
): { readonly url: string; readonly secrets: readonly string[] } | null {
  if (first.alertUrl === null) {
    return null;
  }
  let last = { url: first.alertUrl, secrets: first.alertSecrets };
  const now = (): typeof last => {
    const { config, faults } = examineConfig(environment);
    const isSound = config.alertUrl !== null && !faults.some((fault) => fault.startsWith('ALERT_'));
    last = isSound && config.alertUrl !== null ? { url: config.alertUrl, secrets: config.alertSecrets } : last;
    return last;
  };
  return {
    get url() {
      return now().url;
    },
    get secrets() {
      return now().secrets;
    },
  };
}
