/** Resolvers of KnockEvidence. */
import { MAX_SIGNATURES } from '../limits.ts';
import { enumName } from '../names.ts';
import type { EvidenceEventResolvers, EvidenceSignatureResolvers } from '../schema.generated.ts';
import { visibleEvent } from '../sight.ts';

export const evidenceEvent: EvidenceEventResolvers = {
  event: ({ transition: { roomId }, position }, _args, context) => visibleEvent(context, { roomId, position }),
  signatures: ({ signatures }) =>
    signatures.toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired)).slice(0, MAX_SIGNATURES),
};

export const evidenceSignature: EvidenceSignatureResolvers = {
  status: ({ status }) => enumName(status),
};
