/** Instants as answers spell them: there are dozens in a page, and toISOString() takes half a microsecond for each. */

const DAY_MS = 86_400_000;
const [TWO, THREE] = [spelled(60, 2), spelled(1_000, 3)];

function spelled(count: number, digits: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => String(n).padStart(digits, '0'));
}

/** The day that was spelled last, up to its `T`: those of a page are mostly of one. */
let known = { day: NaN, text: '' };

/** As toISOString(). Throws a RangeError for what is no instant. */
export function spellInstant(instant: Date): string {
  const time = instant.getTime();
  const day = Math.floor(time / DAY_MS);
  if (day !== known.day) known = { day, text: instant.toISOString().slice(0, -'00:00:00.000Z'.length) };
  const seconds = Math.floor((time - day * DAY_MS) / 1_000);
  const [hour, minute, second] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${known.text}${TWO[hour]}:${TWO[minute]}:${TWO[second]}.${THREE[(time - day * DAY_MS) % 1_000]}Z`;
}
