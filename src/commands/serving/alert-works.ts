import type { Access } from '../../access/access.ts';
import { AlertSender } from '../../alarm/alert-sender.ts';
import { pruneAlerts } from '../../alarm/outbox.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { ScheduledWork } from '../../ingest/delivery/schedules.ts';
import { checkAlarms } from '../../ingest/ledger/alarms.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import type { Database } from '../../warehouse/database.ts';
import { signedInSources } from '../feeds/sign-in-findings.ts';
import type { Surroundings } from '../support/surroundings.ts';
import { webhookSettings } from './webhook-settings.ts';

interface AlertPlace {
  readonly observe: Observe<Observation>;
  readonly access: Pick<Access, 'refused'>;
  readonly signal: AbortSignal;
}

/** What a gateway that serves does about alarms: every minute it looks at what is missing or stuck, every ten seconds it tells what is new. */
export function alertWorks(
  { database, catalogue }: { readonly database: Database; readonly catalogue: Catalogue },
  { config, environment }: Pick<Surroundings, 'config' | 'environment'>,
  { observe, access, signal }: AlertPlace,
): readonly ScheduledWork[] {
  const webhook = webhookSettings(config, environment);
  const sender = new AlertSender(database, { webhook, observe, signal });
  return [
    {
      name: 'alarms',
      expression: '* * * * *',
      run: () => checkAlarms(database, signedInSources(catalogue), access.refused()),
    },
    { name: 'alerts', expression: '*/10 * * * * *', run: () => sender.round() },
    { name: 'old alerts', expression: '27 3 * * *', run: () => pruneAlerts(database) },
  ];
}
