/** The body of a request between servers: read a stride at a time, with the text that its sender signed. */
import { createBreather, type Breathe } from '../commands/breather.ts';
import { canonicalJson, compareCodePoints } from '../matrix/canonical-json.ts';
import { isJsonArray, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { parseInPieces, type RefusedElement } from '../matrix/json-pieces.ts';

export interface SignedBody {
  readonly object: JsonObject;
  /** As canonical JSON. */
  readonly text: string;
}

/**
 * Throws M_NOT_JSON and M_BAD_JSON as parseJsonObject() does. `sparesElements`: an element of a list that is no JSON Matrix
 * knows is not thrown for, but null.
 */
export async function readSignedBody(bytes: Uint8Array, sparesElements: boolean): Promise<SignedBody> {
  const breathe = createBreather();
  const refused: RefusedElement[] = [];
  const pieces = parseInPieces(bytes, refused);
  for (;;) {
    const step = pieces.next();
    if (step.done !== true) {
      await breathe();
      continue;
    }
    if (refused.length > 0 && !sparesElements) throw refused[0]!.error;
    return { object: step.value, text: await signedText(step.value, refused, breathe) };
  }
}

/** What has no canonical form is taken to be written as it was signed, as servers do that sign what they send. */
async function signedText(object: JsonObject, refused: readonly RefusedElement[], breathe: Breathe): Promise<string> {
  const byList = Map.groupBy(refused, ({ list }) => list);
  const members: string[] = [];
  for (const key of Object.keys(object).sort(compareCodePoints)) {
    const value = object[key]!;
    const text = isJsonArray(value) ? await listText(value, byList.get(value) ?? [], breathe) : canonicalJson(value);
    members.push(`${canonicalJson(key)}:${text}`);
    await breathe();
  }
  return `{${members.join(',')}}`;
}

async function listText(
  list: readonly JsonValue[],
  refused: readonly RefusedElement[],
  breathe: Breathe,
): Promise<string> {
  const asTheyStood = new Map(refused.map(({ at, bytes }) => [at, Buffer.from(bytes).toString().trim()]));
  const elements: string[] = [];
  for (const [at, element] of list.entries()) {
    elements.push(asTheyStood.get(at) ?? canonicalJson(element));
    await breathe();
  }
  return `[${elements.join(',')}]`;
}
