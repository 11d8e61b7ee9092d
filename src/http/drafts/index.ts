/** Endpoints of drafts of the Matrix specification, served where clients do not start without them. */
import { named, type Endpoint } from '../endpoint.ts';
import { getRtcTransports } from './get-rtc-transports.ts';

export const draftEndpoints: readonly Endpoint[] = named({ getRtcTransports });
