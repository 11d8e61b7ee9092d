/** Events of another server, from their JSON to the disk: signature, hash, rules, verdict and rows. */
import { verify } from 'node:crypto';
import { Session } from 'node:inspector/promises';
import { referenceForm } from '../src/matrix/hashes.ts';
import { signaturesBy, verifyEvent } from '../src/matrix/signatures.ts';
import { isRejection } from '../src/matrix/rejection.ts';
import { identityFor, publishKeys, type ForeignRoom } from '../test/support/foreign-room.ts';
import { openTestLog } from '../test/support/history.ts';
import { startCluster, withCopy, type BenchDatabase, type Cluster } from './support/cluster.ts';
import {
  joinElsewhere,
  makeChain,
  messageOf,
  ORIGIN,
  receive,
  receiverOf,
  roomElsewhere,
  type Made,
} from './support/foreign-events.ts';
import { driveWarm, sample, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { summarise, type Profile } from './support/profile.ts';
import { printBudget, printTable, printValue, progress, say } from './support/report.ts';
import { figures, interleave, ratios } from './support/rounds.ts';

const options = readOptions(
  'receive',
  'Messages of another server, verified, judged and stored: in one room and in many, against the verifying of their signatures alone, and that against bare Ed25519.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    events: { default: 5000, help: 'events a round' },
    rooms: { default: 20, help: 'rooms of the other contender' },
    callers: { default: 64, help: 'events under way at once' },
    functions: { default: 25, help: 'functions of the profile that are printed' },
  },
);

const TEMPLATE = 'template_receive';

/** When it was measured, in microseconds. */
interface Window extends Sample {
  readonly from: number;
  readonly to: number;
}

interface Prepared {
  readonly made: Made;
  readonly room: ForeignRoom;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const rooms = await prepareTemplate(cluster);
    progress('signing the events');
    const [one, many] = [prepare(rooms.slice(0, 1)), prepare(rooms)];
    const names = { bare: 'bare Ed25519', verify: 'signatures alone', one: 'one room', many: `${options.rooms} rooms` };
    const contenders = [
      { name: names.bare, run: verifyBare(one) },
      { name: names.verify, run: () => verifyAlone(one) },
      { name: names.one, run: () => receiveAll(cluster, one) },
      { name: names.many, run: () => receiveAll(cluster, many) },
    ];
    const results = await interleave(options.rounds, contenders, progress);
    say(`receive: ${options.events} messages a round, ${options.callers} under way at once\n`);
    printTable(results, 'events/s');
    say('');
    const aCore = ({ ownCpu = NaN }: Sample): number => 1_000_000 / ownCpu;
    const withPostgres = ({ ownCpu = NaN, postgresCpu = NaN }: Sample): number => 1_000_000 / (ownCpu + postgresCpu);
    // What a signature takes is the machine's; what is ours is the form that was signed.
    printBudget('signatures alone, over bare Ed25519', ratios(results, names.verify, names.bare), { atLeast: 0.7 });
    for (const name of [names.one, names.many]) {
      printBudget(`${name}: events a second of the server's CPU`, figures(results, name, aCore), { atLeast: 1_500 });
      printValue(`${name}: events a second of CPU, Postgres' too`, figures(results, name, withPostgres), 0);
    }
    await profiled(cluster, one);
  } finally {
    await cluster.stop();
  }
}

async function prepareTemplate(cluster: Cluster): Promise<readonly ForeignRoom[]> {
  progress(`joining ${options.rooms} rooms`);
  const template = await cluster.create(TEMPLATE);
  await publishKeys(template.owner, ORIGIN);
  const log = await openTestLog(template.service);
  const rooms = Array.from({ length: options.rooms }, roomElsewhere);
  for (const room of rooms) await joinElsewhere(log, template.service, room);
  await log.close();
  await template.owner.pool.query('analyze');
  await template.close();
  return rooms;
}

/** Events of the rooms in turn. */
function prepare(rooms: readonly ForeignRoom[]): readonly Prepared[] {
  const each = Math.ceil(options.events / rooms.length);
  const chains = rooms.map((room) => makeChain(room, each, messageOf).map((made) => ({ made, room })));
  return Array.from({ length: options.events }, (_, n) => chains[n % rooms.length]![Math.floor(n / rooms.length)]!);
}

/** Of the same bytes, made in advance. */
function verifyBare(events: readonly Prepared[]): () => Promise<Sample> {
  const { key } = identityFor(ORIGIN);
  const signed = events.map(({ made: { pdu }, room: { version } }) => ({
    bytes: Buffer.from(referenceForm(pdu, version)),
    signature: Buffer.from(String(Object.values(signaturesBy(pdu, ORIGIN))[0]), 'base64'),
  }));
  return async () => {
    const started = performance.now();
    for (const { bytes, signature } of signed)
      if (!verify(null, bytes, key.publicKey, signature)) throw new Error('a bad signature');
    const took = performance.now() - started;
    return { ...sample(signed.length, took, []), ownCpu: (took * 1_000) / signed.length, postgresCpu: 0 };
  };
}

async function verifyAlone(events: readonly Prepared[]): Promise<Sample> {
  const { key } = identityFor(ORIGIN);
  const started = performance.now();
  for (const { made, room } of events) {
    if (isRejection(verifyEvent(made.pdu, room.version, () => key.publicKey))) throw new Error('a bad signature');
  }
  const took = performance.now() - started;
  return { ...sample(events.length, took, []), ownCpu: (took * 1_000) / events.length, postgresCpu: 0 };
}

function receiveAll(cluster: Cluster, events: readonly Prepared[]): Promise<Window> {
  return withCopy(cluster, TEMPLATE, (database) => receiveIn(cluster, database, events));
}

async function receiveIn(cluster: Cluster, { service }: BenchDatabase, events: readonly Prepared[]): Promise<Window> {
  const log = await openTestLog(service);
  const receiver = receiverOf(log, service, events[0]!.room);
  await cluster.checkpoint();
  const from = monotonic();
  const measured = await driveWarm(cluster.pid, events.length, options.callers, (n) =>
    receive(receiver, events[n]!.made),
  );
  const to = monotonic();
  await log.close();
  return { ...measured, from, to };
}

/** Microseconds, as a profile counts them. */
function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** The same once more under V8's profiler, the first fifth included. */
async function profiled(cluster: Cluster, events: readonly Prepared[]): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  const { ownCpu = 0, from, to } = await receiveAll(cluster, events);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const { busy, kinds, functions } = summarise(profile as Profile, from, to);
  const share = (part: number): string =>
    `${((100 * part) / busy).toFixed(1).padStart(6)} %  ${((ownCpu * part) / busy).toFixed(1).padStart(6)} µs  `;
  say(`\nprofile of the receiving in one room, ${ownCpu.toFixed(0)} µs of CPU an event, by kind of work`);
  for (const { name, microseconds } of kinds) say(share(microseconds) + name);
  say('\nby function, its callees left out');
  for (const { name, microseconds } of functions.slice(0, options.functions)) say(share(microseconds) + name);
}

await main();
