/** Starts the program, or says plainly what is missing when an old Node was told to. */
import { complaintAbout } from './node-version.mjs';

const complaint = complaintAbout(process.versions.node);
if (complaint === null) {
  await import('./main.ts');
} else {
  process.stderr.write(complaint);
  process.exitCode = 1;
}
