/** Says plainly what is missing when an old Node starts the server; that Node could not even parse the rest. */
const WANTED = [24, 12];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) {
  await import('./main.ts');
} else {
  process.stderr.write(
    `Vestibule needs Node ${WANTED.join('.')} or newer; this is ${process.versions.node}.\n` +
      'On Linux and Windows `npm ci` brings a fitting one: use `npm start`, or node_modules/.bin/node. On macOS install Node 24.\n',
  );
  process.exitCode = 1;
}
