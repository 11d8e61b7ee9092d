/** Which Node the program needs. Plain JavaScript of long ago, for it must run on a Node that cannot parse the rest. */
const WANTED = [24, 12];

/**
 * What to tell whoever started the program with this version of Node; null when it will do.
 * @param {string} version such as `20.11.1`
 * @returns {string | null}
 */
export function complaintAbout(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return null;
  return (
    `Vestibule needs Node ${WANTED.join('.')} or newer; this is ${version}.\n` +
    'On Linux and Windows `npm ci` brings a fitting one: use `npm start`, or node_modules/.bin/node. On macOS install Node 24.\n'
  );
}
