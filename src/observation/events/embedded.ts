/** The embedded PostgreSQL ended by itself, or runs again; `message` is for whoever runs the program. */
export interface EmbeddedEvent {
  readonly event: 'database';
  readonly state: 'down' | 'up';
  readonly message: string;
}
