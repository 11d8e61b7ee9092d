/** What this server asks of others: one function a request (server-server API). */
import { eventCalls, type EventCalls } from './calls-events.ts';
import { membershipCalls, type MembershipCalls } from './calls-membership.ts';
import { queryCalls, type QueryCalls } from './calls-queries.ts';
import type { SendRequest } from './request.ts';

/**
 * Events come as they were sent and unchecked, except that each says that it is of the room asked about: format, signatures
 * and hash are yet to be looked at. Those that are no JSON Matrix knows are left out of lists. No function throws for
 * what another server does.
 */
export type Calls = EventCalls & MembershipCalls & QueryCalls;

export function createCalls(send: SendRequest): Calls {
  return { ...eventCalls(send), ...membershipCalls(send), ...queryCalls(send) };
}
