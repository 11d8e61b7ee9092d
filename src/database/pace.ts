/** Work that is cheaper for many at once: at its first call it is done at once, and then not again for a while. */

/** Whoever asks while it rests is served with all others who did, when the rest is over. */
export function createPace(restMs: number, work: () => void): () => void {
  let [resting, asked] = [false, false];
  const run = (): void => {
    resting = true;
    asked = false;
    setTimeout(() => {
      resting = false;
      if (asked) run();
    }, restMs);
    work();
  };
  return () => {
    if (resting) asked = true;
    else run();
  };
}
