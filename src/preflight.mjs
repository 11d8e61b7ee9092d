/** Starts the program, or says plainly what is missing when an old Node was told to. */
import { fileURLToPath } from 'node:url';
import { complaintAbout } from './node-version.mjs';

const complaint = complaintAbout(process.versions.node);
if (complaint === null) {
  // Beside the packages, whose owner alone may write there: what is compiled once starts in half the time.
  // An old Node has no such thing, and must get as far as the complaint.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/vestibule', import.meta.url)));
  // Before any library is there: those that look for faults of their users' code look less then.
  process.env.NODE_ENV ??= 'production';
  await import('./main.ts');
} else {
  process.stderr.write(complaint);
  process.exitCode = 1;
}
