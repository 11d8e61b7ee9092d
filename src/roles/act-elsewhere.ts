/** What lets our users act in rooms elsewhere, and looks after what came of it. */
import { randomFraction } from '../accounts/secrets.ts';
import { createElsewhere, type ElsewhereActs, type ElsewhereDeps } from '../commands/elsewhere/act-elsewhere.ts';
import { createRoomJoiner } from '../commands/elsewhere/join-elsewhere.ts';
import type { FederationParts } from '../http/parts.ts';

type Given = Pick<ElsewhereDeps, 'db' | 'lanes' | 'recorder' | 'identity' | 'now' | 'limits' | 'log' | 'signal'>;

export function actElsewhere(
  given: Given,
  { calls, checkEventSignatures: checkSignatures, receiver }: FederationParts,
): ElsewhereActs {
  const { db, lanes, identity, now } = given;
  const { serverName } = identity;
  const joiner = createRoomJoiner({ db, lanes, serverName, identity, checkSignatures, calls, receiver, now });
  return createElsewhere({
    ...given,
    calls,
    receiver,
    joiner,
    checkSignatures,
    random: randomFraction,
  });
}
