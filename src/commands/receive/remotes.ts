/** How receiving asks other servers: no more of `federation/` than it needs. */
import type { Answer } from '../../federation/answer.ts';
import type { Calls } from '../../federation/calls.ts';
import type { CheckEventSignatures } from '../../federation/event-signatures.ts';
import type { JsonObject } from '../../matrix/json.ts';

export type Remotes = Pick<Calls, 'event' | 'eventAuth' | 'getMissingEvents' | 'stateIds'>;

export type Fetched<T> = Answer<T>;

/** Events as they were sent. Nothing of them is checked. */
export type RawEvents = readonly JsonObject[];

export type CheckSignatures = CheckEventSignatures;
