/** What somebody is told of beside the log. */
export type AlarmEvent =
  /** Something happened that somebody should know; with ALERT_URL it is sent there, too. `details`: its data as JSON, without values of rows. */
  | {
      readonly event: 'alert';
      readonly id: string;
      readonly type: string;
      readonly source: string | null;
      readonly export: string | null;
      readonly details: string;
    }
  /** The webhook did not take an alert. `last`: it is not tried any more. */
  | {
      readonly event: 'alert-not-sent';
      readonly id: string;
      readonly type: string;
      readonly attempt: number;
      readonly reason: string;
      readonly last: boolean;
    };
