/** What clients ask that only other servers can answer: so many questions at a time, for anybody may ask them. */
import { createGate } from '../../accounts/gate.ts';

const gate = createGate({ atOnce: 50, waiting: 500 });

/** Asks in its turn. Throws M_LIMIT_EXCEEDED when too many wait already. */
export function askElsewhere<T>(ask: () => Promise<T>): Promise<T> {
  return gate.pass(ask);
}
