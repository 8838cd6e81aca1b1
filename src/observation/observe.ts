/**
 * Where a room tells what happens: one function of one event, whoever listens. Telling is cheap: text that takes time to make,
 * or that holds values of a request, is a function in the event, which only a listener that writes it calls.
 */
export type Observe<Event> = (event: Event) => void;

/** Nobody listens. */
export const unobserved: Observe<unknown> = () => undefined;

/** Whether a text has the values of a request (names, keys, dates that somebody asked for) or marks in their place. */
export type Values = 'hidden' | 'shown';

/** A text that is made when somebody writes it. */
export type TextOf = (values: Values) => string;

/** The same events, each with the id of the request that they belong to. */
export function ofRequest<Event extends { readonly event: string }>(
  observe: Observe<Event>,
  id: string,
): Observe<Event> {
  return (event) => observe({ id, ...event });
}

/** One function for several listeners, told in their order. */
export function everyone<Event>(...listeners: readonly Observe<Event>[]): Observe<Event> {
  return (event) => {
    for (const listener of listeners) {
      listener(event);
    }
  };
}
