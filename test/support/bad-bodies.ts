/** Bodies that a server must refuse, each with the errcode for it; and those that only look as if. */
export interface BadBody {
  readonly what: string;
  readonly errcode: 'M_NOT_JSON' | 'M_BAD_JSON';
  /** It holds a number that canonical JSON cannot carry: no matter where nothing is signed. */
  readonly onlyInEvents?: true;
  /** The bad body, made of a good one. */
  readonly of: (good: object) => string | Uint8Array;
}

/** The object's text with one more member. */
export function withMember(good: object, member: string): string {
  const text = JSON.stringify(good);
  return text === '{}' ? `{${member}}` : `${text.slice(0, -1)},${member}}`;
}

/** `depth` arrays and objects inside each other, as text. */
export function nested(depth: number): string {
  const [arrays, objects] = [Math.floor(depth / 2), Math.ceil(depth / 2)];
  return `${'[{"a":'.repeat(arrays)}${objects > arrays ? '{}' : '1'}${'}]'.repeat(arrays)}`;
}

function withBytes(good: object, ...bytes: readonly number[]): Uint8Array {
  const text = withMember(good, '"extra":"*"');
  const at = text.lastIndexOf('*');
  return Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.from(bytes), Buffer.from(text.slice(at + 1))]);
}

const notJson = (what: string, of: BadBody['of']): BadBody => ({ what, errcode: 'M_NOT_JSON', of });
const badJson = (what: string, of: BadBody['of']): BadBody => ({ what, errcode: 'M_BAD_JSON', of });
const badNumber = (what: string, of: BadBody['of']): BadBody => ({ ...badJson(what, of), onlyInEvents: true });
const member =
  (text: string): BadBody['of'] =>
  (good) =>
    withMember(good, text);
const instead =
  (text: string): BadBody['of'] =>
  () =>
    text;

/** What every route refuses, whatever it is for. */
export const BAD_BODIES: readonly BadBody[] = [
  notJson('text that is no JSON', instead('let me in')),
  notJson('a body that ends too early', (good) => JSON.stringify(good).slice(0, -1)),
  notJson('a trailing comma', member('"extra":1,')),
  notJson('single quotes', member("'extra':1")),
  notJson('a key without quotes', member('extra:1')),
  notJson('a comment', member('"extra":/* one */1')),
  notJson('two values', (good) => `${JSON.stringify(good)}${JSON.stringify(good)}`),
  notJson('a form', instead('user_id=%40a%3Ab&reason=hello')),
  notJson('only blanks', instead(' \n\t ')),
  notJson('the same key twice', member('"extra":1,"extra":1')),
  notJson('the same key twice, one of them escaped', member('"extra":1,"e\\u0078tra":2')),
  notJson('the same key twice inside', member('"extra":[{"a":{},"a":{}}]')),
  notJson('__proto__ twice', member('"__proto__":1,"__proto__":2')),
  notJson('a lone high surrogate, escaped', member('"extra":"\\ud800"')),
  notJson('a lone low surrogate, escaped', member('"extra":"\\udc00 and more"')),
  notJson('surrogates in the wrong order, escaped', member('"extra":"\\udc00\\ud800"')),
  notJson('a lone surrogate in a key', member('"\\ud800":1')),
  notJson('a lone surrogate as bytes', (good) => withBytes(good, 0xed, 0xa0, 0x80)),
  notJson('a byte that is no UTF-8', (good) => withBytes(good, 0xff)),
  notJson('an overlong form', (good) => withBytes(good, 0xc0, 0xaf)),
  notJson('half a character', (good) => withBytes(good, 0xe2, 0x82)),
  notJson('a code point beyond Unicode', (good) => withBytes(good, 0xf4, 0x90, 0x80, 0x80)),
  notJson('a byte order mark', (good) => `\ufeff${JSON.stringify(good)}`),
  notJson('UTF-16', (good) => Buffer.from(JSON.stringify(good), 'utf16le')),
  notJson('a NUL byte in a string', (good) => withBytes(good, 0)),
  notJson('a line break in a string', (good) => withBytes(good, 0x0a)),
  notJson('an unknown escape', member('"extra":"\\x41"')),
  notJson('half an escape', member('"extra":"\\u12"')),
  notJson('NaN', member('"extra":NaN')),
  notJson('Infinity', member('"extra":-Infinity')),
  notJson('a leading zero', member('"extra":01')),
  notJson('a plus sign', member('"extra":+1')),
  notJson('a hexadecimal number', member('"extra":0x10')),
  notJson('a number without its digits', member('"extra":1.')),
  notJson('101 levels', member(`"extra":${nested(100)}`)),
  notJson('ten thousand levels', member(`"extra":${'['.repeat(10_000)}`)),
  badJson('a list', instead('[]')),
  badJson('a list of what was wanted', (good) => JSON.stringify([good])),
  badJson('a string', instead('"{}"')),
  badJson('a number', instead('1')),
  badJson('null', instead('null')),
  badJson('true', instead('true')),
  badNumber('a fraction', member('"extra":1.5')),
  badNumber('an integer written as a fraction', member('"extra":1.0')),
  badNumber('an exponent', member('"extra":1e3')),
  badJson('an exponent beyond all numbers', member('"extra":1E400')),
  badNumber('minus zero', member('"extra":-0')),
  badNumber('2^53', member('"extra":9007199254740992')),
  badNumber('-2^53', member('"extra":-9007199254740992')),
  badNumber('a number of two hundred digits, deep inside', member(`"extra":[[{"a":${'9'.repeat(200)}}]]`)),
];

/** Members that are plain data wherever unknown ones are passed over. */
export const HARMLESS_MEMBERS: readonly string[] = [
  '"__proto__":{"user_id":"@x:y","admin":true,"polluted":true}',
  '"constructor":{"prototype":{"polluted":true}}',
  '"toString":null,"valueOf":1,"hasOwnProperty":"x","toJSON":{}',
  '"extra":9007199254740991,"less":-9007199254740991',
  '"extra":"\\u0000 \\ud83d\\ude00 \u2028"',
  `"extra":${nested(99)}`,
  '"":""',
];
