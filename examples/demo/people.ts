/** Who knocks on the demo's room, why, and what becomes of it. */

export type Fate =
  /** Accepted; `joins` when the person has come in since. */
  | { readonly is: 'accepted'; readonly words: string; readonly joins: boolean }
  | { readonly is: 'rejected'; readonly words: string }
  | { readonly is: 'banned'; readonly words: string }
  | { readonly is: 'retracted'; readonly words: string }
  /** Waits; `again` are the words of a second knock while the first one waits. */
  | { readonly is: 'pending'; readonly again?: string };

export interface Person {
  readonly name: string;
  readonly displayName: string;
  readonly reason: string;
  readonly fate: Fate;
}

export const ROOM = {
  name: 'Harbour Street Repair Café',
  topic: 'We mend things on the first Saturday of the month. Knock and say what brings you.',
} as const;

export const MODERATOR = { name: 'mara', displayName: 'Mara Lindqvist' } as const;

export const PEOPLE: readonly Person[] = [
  {
    name: 'tomasz',
    displayName: 'Tomasz Zieliński',
    reason: 'Retired watchmaker. Small screws do not frighten me.',
    fate: { is: 'accepted', words: 'We have been waiting for you!', joins: true },
  },
  {
    name: 'amina',
    displayName: 'Amina Diallo',
    reason: 'I came last month with a toaster and would like to help at the sewing table.',
    fate: { is: 'accepted', words: 'The sewing table says hello.', joins: true },
  },
  {
    name: 'kenji',
    displayName: 'Kenji Arakawa',
    reason: 'Bike mechanic, free on Saturdays, own tools.',
    fate: { is: 'accepted', words: 'Welcome, the stand is yours.', joins: true },
  },
  {
    name: 'ruth',
    displayName: 'Ruth Abendroth',
    reason: 'Kenji told me that you need somebody for the till.',
    fate: { is: 'accepted', words: 'We do. See you Saturday.', joins: false },
  },
  {
    name: 'deals4u',
    displayName: 'BEST DEALS 4 U',
    reason: 'cheap repair parts!!! 70% off!!! write me now',
    fate: { is: 'banned', words: 'Advertising.' },
  },
  {
    name: 'owen',
    displayName: 'Owen Prichard',
    reason: 'Looking for somebody to fix my phone today.',
    fate: { is: 'rejected', words: 'This room is for helpers. Bring the phone on Saturday, no booking needed.' },
  },
  {
    name: 'lucia',
    displayName: 'Lucía Ferrer',
    reason: 'hi',
    fate: { is: 'rejected', words: 'Please knock again and tell us a little about yourself.' },
  },
  {
    name: 'bjarne',
    displayName: 'Bjarne Holm',
    reason: 'Is this the harbour pilots’ room?',
    fate: { is: 'retracted', words: 'Wrong door, sorry!' },
  },
  {
    name: 'nadia',
    displayName: 'Nadia Rahimi',
    reason: 'I teach electronics at the evening school and have two students who want to practise.',
    fate: { is: 'pending' },
  },
  {
    name: 'gil',
    displayName: 'Gil Ben-Ami',
    reason: 'I can bring a soldering station.',
    fate: { is: 'pending', again: 'I can bring a soldering station, and on the first Saturday I am free till five.' },
  },
  {
    name: 'sofia',
    displayName: 'Sofia Marchetti',
    reason: 'I write for the Harbour Gazette: may I come by and listen for a week?',
    fate: { is: 'pending' },
  },
  {
    name: 'paul',
    displayName: 'Paul Okafor',
    reason: 'My grandmother’s radio is beyond me, but I make good coffee.',
    fate: { is: 'pending' },
  },
];
