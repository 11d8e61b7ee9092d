/** Resolvers of KnockEvidence. */
import { enumName } from '../names.ts';
import type { EvidenceEventResolvers, EvidenceSignatureResolvers } from '../schema.generated.ts';
import { visibleEvent } from '../sight.ts';

export const evidenceEvent: EvidenceEventResolvers = {
  event: ({ transition: { roomId }, position }, _args, context) => visibleEvent(context, { roomId, position }),
};

export const evidenceSignature: EvidenceSignatureResolvers = {
  status: ({ status }) => enumName(status),
};
